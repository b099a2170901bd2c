/** How long this part waits, and how much it holds. Bounds of the machinery, not of the product: not configurable. */
export const processBounds = {
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
