/** Bounds of programs and of the sandboxes that they run in; a part of `limits.ts`. */

/** How groups of processes are ended and found. */
export const processLimits = {
  /** After SIGKILL; then the rest of a group (zombies that nobody reaps, disk sleep) is given up. */
  groupGoneMs: 5_000,
  /** A pipe that a process outside the group still holds is closed when nothing came through it for this long … */
  drainQuietMs: 50,
  /** … or at the latest after this long. */
  drainMs: 2_000,
  /** Looking again, at first and at most. */
  pollMs: 1,
  pollMsMax: 50,
  /** Between two starts of the reaper, when it does not stay alive. */
  reaperRestartMs: 1_000,
  /** Killing marked processes; a program that starts new ones faster than that is given up. */
  markedGoneMs: 5_000,
  /** Processes looked at before the event loop gets its turn. */
  scanBatch: 256,
  environBytesMax: 8_388_608,
} as const;

/** Of one program and all that it starts, unless said otherwise. Time and output are bounded by whoever runs it. */
export const sandboxLimits = {
  /** Of each process. */
  cpuSecondsMax: 14_400,
  /** Of each file. */
  fileBytesMax: 8_589_934_592,
  /** Threads count as processes. */
  processesMax: 2_048,
  /** Of the machine's memory; only where the system lets us have control groups. */
  memoryShareMax: 0.75,
  /** A /tmp that is gone with the program lies in memory. */
  tmpBytesMax: 1_073_741_824,
  /** Running one command to see whether a sandbox works. */
  probeMs: 20_000,
  /** Of a private cache, which each session copies. */
  cacheBytesMax: 2_147_483_648,
  /** What is kept of stderr, in case that it tells why a sandbox could not be made. */
  lastWordsCharacters: 1_000,
  /** That a container is let have, where the operator may: open files, and processes of its user in all containers together. */
  containerFilesMax: 1_048_576,
  containerUserProcessesMax: 32_768,
  /** Asking a container to end that may not have begun, each a tenth of a second. */
  askTriesMax: 50,
  /** Our control groups that one pass over those of dead engines removes. */
  staleGroupsMax: 10_000,
} as const;

/** The proxy between a sandbox and the hosts that it may reach. */
export const proxyLimits = {
  /** Of one sandbox. */
  connectionsMax: 256,
  /** One request to connect. */
  headBytesMax: 8_192,
  headMs: 10_000,
  /** Resolving a name and reaching its host. */
  connectMs: 15_000,
  /** A connection through which nothing comes. */
  idleMs: 600_000,
  hostBytesMax: 253,
  /** Decisions of one program that are told one by one; the rest are counted. */
  decisionsMax: 500,
} as const;
