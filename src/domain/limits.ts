/**
 * Every bound of the product, in one place. The config may override those of `limitDefaults` (`limits:`); the groups
 * behind them are bounds of one part's machinery, which nobody needs to set (`server-limits.ts` has those of our servers,
 * `program-limits.ts` those of programs and their sandboxes). Units stand last in the name. Nothing else in the code may
 * wait, queue, recurse or buffer without a bound that is written here.
 */
export { acpLimits, type AcpWaits } from "./acp-limits.ts";
export { doctorLimits } from "./doctor-limits.ts";
export { processLimits, proxyLimits, sandboxLimits } from "./program-limits.ts";
export { loopbackLimits, meterLimits, toolServerLimits } from "./server-limits.ts";
export { gitLimits, laneLimits, layerLimits, maintenanceLimits } from "./git-limits.ts";

export const limitDefaults = {
  /** The root planner has depth 0; a planner at this depth cannot spawn sub-planners. */
  planDepthMax: 4,
  /** Sub-planners that one planner may have, ended ones included. */
  plannersPerPlannerMax: 100,
  plannersPerCycleMax: 2_000,
  tasksPerTurnMax: 200,
  /** Tasks of a run that are blocked, ready or running. */
  openTasksMax: 5_000,
  dependenciesPerTaskMax: 100,
  /** Paths in the scope of a task or planner. */
  pathsMax: 2_000,

  titleBytesMax: 512,
  instructionsBytesMax: 65_536,
  scratchpadBytesMax: 65_536,
  handoffBytesMax: 65_536,
  messageBytesMax: 65_536,
  goalBytesMax: 262_144,
  /** Messages that one planner turn gets; the rest wake the next turn. */
  messagesPerTurnMax: 200,
  /** Tasks listed one by one in a planner's brief, open ones first, then the newest. */
  tasksInBriefMax: 500,

  /** Attempts of a task that may fail before the task has failed. */
  attemptsMax: 3,
  /** Failed turns in a row before a planner with nothing open has failed. */
  turnFailuresMax: 3,
  judgementFailuresMax: 3,
  /** Sessions of one task, planner or judgement that may be lost with their engine before that counts as failure. */
  interruptionsMax: 10,
  /** Times one attempt may be sent back by the trunk (a conflict or a refusal) before the attempt has failed. */
  landingTriesMax: 8,
  /** Who lost a conflict holds its paths so long for the next try; others that change them wait meanwhile. */
  conflictLeaseMs: 300_000,
  retryBackoffMs: 2_000,
  retryBackoffMsMax: 300_000,

  /** A session older than this is told to hand off now. */
  softDeadlineMs: 2_700_000,
  /** A session older than this is killed with its whole process group. */
  hardDeadlineMs: 3_600_000,
  /** A session that printed nothing for this long is killed. Waiting for a provider's limit does not count. */
  stallMs: 900_000,
  /** A model call without any output; a slow model on the operator's own machine may need more. */
  firstOutputMs: 300_000,
  /** From its first output on: silence between two events; and the whole call. */
  chunkMs: 120_000,
  callMs: 900_000,
  /** One acceptance command or check. */
  commandMs: 1_800_000,
  /** Where the trunk turned red, the failed checks may be run again for so long, to find the landing that they fail with; 0: never. */
  bisectMs: 300_000,
  /** Between the request to end and the kill. */
  killGraceMs: 2_000,

  cycleMs: 86_400_000,
  cyclesMax: 20,
  /** Cycles in a row that land nothing and improve no score, before a run without a judge agent stops. */
  idleCyclesMax: 2,
  /** Running sessions may finish for this long when a cycle reaches its bound or the operator pauses. */
  drainMs: 600_000,

  /** With less room than this on the disk, a failed session is the disk's fault, and the run pauses. */
  diskFreeBytesMin: 67_108_864,

  /** Pushes to the run's remote: the shortest time between two, and the longest when it takes none. */
  mirrorMs: 60_000,
  mirrorMsMax: 3_600_000,

  leaseMs: 30_000,
  /** Longest sleep of the scheduler: the safety net under its wake-ups. */
  pollMs: 1_000,

  /** Output of one session or command that is kept; more is cut in the middle. */
  outputBytesMax: 1_048_576,
  /** A result (a plan, a handoff, a verdict) that an agent prints. */
  resultBytesMax: 8_388_608,
  /** Output of one acceptance command that goes into the evidence. */
  evidenceBytesMax: 16_384,
};

export type Limits = typeof limitDefaults;

export const parallelDefaults = {
  /** Task attempts at once. */
  workers: 8,
  /** Planner turns at once. */
  planners: 4,
};

export type Parallel = typeof parallelDefaults;

/** How much of what a command agent prints is kept. */
export const commandAgentLimits = {
  /** Free text on stdout that is kept for the answer, at its start and at its end. */
  freeTextBytesMax: 65_536,
  /** The last lines that stand for a handoff or explain a crash. */
  linesMax: 20,
  linesBytesMax: 4_096,
  /** Faults of an answer that are named one by one. */
  faultsMax: 10,
  excerptBytesMax: 80,
  usdMax: 1_000_000,
  tokensMax: 1_000_000_000_000,
} as const;

/** A brief as a model's first message. Where something is cut, the message says so. */
export const promptLimits = {
  /** All handoffs of one message together: a planner's inbox, a judge's cycle. */
  handoffsBytesMax: 98_304,
  /** Fields of a handoff that would get less than this are left out, the least urgent first. */
  fieldBytesMin: 160,
  /** All words of the operator in one inbox. */
  operatorBytesMax: 65_536,
  /** All handoffs of a task's dependencies. */
  dependenciesBytesMax: 32_768,
  /** Lists of tasks and of sub-planners. */
  tasksBytesMax: 49_152,
  plannersBytesMax: 24_576,
  agentsBytesMax: 8_192,
  hotFilesBytesMax: 4_096,
  refusalsBytesMax: 16_384,
  /** One reason of a refusal. */
  reasonBytesMax: 2_048,
  earlierBytesMax: 16_384,
  cycleBriefBytesMax: 65_536,
  historyBytesMax: 16_384,
  /** All outputs of failed acceptance commands; each output of one that passed. */
  failedOutputBytesMax: 49_152,
  passedOutputBytesMax: 512,
  /** Protected files that were put back; what a cycle did to tests. */
  putBackBytesMax: 8_192,
  weakenedBytesMax: 32_768,
  /** All files in conflict, or all reasons of a refusal. */
  sentBackBytesMax: 32_768,
  /** All handoffs of tasks that a conflict is with. */
  othersBytesMax: 16_384,
  pathsBytesMax: 4_096,
  /** A text that stands on one line: a title; a reason or a question. */
  titleBytesMax: 160,
  lineBytesMax: 320,
} as const;

/** What a cycle did to tests, as the judge is told. */
export const testReportLimits = {
  /** Changed files that are looked into, one of them, and all of them together; both sides count. */
  filesMax: 5_000,
  fileBytesMax: 1_048_576,
  bytesMax: 134_217_728,
  /** Findings that are told one by one. */
  findingsMax: 200,
  /** Findings that an event names. */
  namedMax: 5,
  /** Files for which renames are looked for, among those that were deleted or added. */
  renamesMax: 1_000,
} as const;

/** Role tools: what one call may read, run and answer. */
export const toolLimits = {
  /** One answer to the model; more is cut in the middle. */
  answerBytesMax: 32_768,
  /** Of an answer, for what stands around a cut text: how it ended, where to read on. */
  noteBytesMax: 2_048,
  /** Of an answer, in the transcript. */
  shownBytesMax: 2_000,
  /** One command's output that is kept for `read_output`. */
  outputBytesMax: 8_388_608,
  /** All outputs of a session that are kept; the oldest go first. */
  outputsBytesMax: 67_108_864,
  /** A file that `read_file` opens, or that `edit_file` changes. */
  fileBytesMax: 16_777_216,
  linesPerReadMax: 2_000,
  lineBytesMax: 2_000,
  entriesMax: 1_000,
  matchesMax: 300,
  /** One line that `search` found; more of it is cut off around the match. */
  matchBytesMax: 400,
  /** Lines around a match. */
  contextLinesMax: 20,
  /** One record of ripgrep; the line of a longer one is not shown. */
  recordBytesMax: 1_048_576,
  /** Files that `list_files` counts before it gives up. */
  filesCountedMax: 2_000_000,
  /** Folders that `list_files` keeps a count for, and how deep. */
  foldersCountedMax: 20_000,
  folderDepthMax: 12,
  pathBytesMax: 4_096,
  /** Replacements of one `edit_file`, and files of one `apply_patch`. */
  editsMax: 100,
  patchFilesMax: 100,
  /** All files of one patch together, as they are and as they become. */
  patchBytesMax: 67_108_864,
  /** Places that an error names, and lines that it shows of a file. */
  placesMax: 20,
  /** Of a file that is searched for lines like the ones that were not found. */
  nearLinesMax: 20_000,
  commandBytesMax: 98_304,
  commandMs: 120_000,
  commandMsMax: 1_200_000,
  /** A search or a look at git. */
  lookMs: 60_000,
  /** Arguments of one call of git. */
  gitArgumentsMax: 100,
  /** Filters that a workspace's own git configuration may define. */
  gitFiltersMax: 200,
} as const;

/** How a credential of a model provider is used. */
export const rateLimits = {
  /** Calls at once when nothing is known yet; it doubles with each windowful of good answers until the first refusal. */
  windowAtStart: 8,
  windowMax: 1_024,
  /** A provider that says "too much" or is in trouble, and does not say for how long: first wait, longest wait. */
  backoffMs: 2_000,
  backoffMsMax: 300_000,
  quotaBackoffMs: 300_000,
  quotaBackoffMsMax: 3_600_000,
  /** Errors in a row, with no good answer between them, that tell of the provider and not of one call. */
  troublesMin: 3,
  /** One call whose answers are dropped, stalled or malformed. */
  brokenTriesMax: 5,
  brokenBackoffMs: 500,
  ownBackoffMsMax: 60_000,
  /** A session whose credential rests for longer than this leaves its slot and goes on later. */
  waitInSlotMs: 60_000,
} as const;

/** The loop of a model agent. */
export const modelAgentLimits = {
  stepsMax: 400,
  /** Replies in a row that end without the finish tool. */
  nudgesMax: 3,
  outputTokensDefault: 16_384,
  /** When nothing is known of a model's window. */
  contextTokensDefault: 128_000,
  /** Of the window; past it the session writes its self-summary. */
  contextShare: 0.8,
  summariesMax: 10,
  /** Tool calls of one reply that run side by side. */
  toolsAtOnce: 8,
  callsPerReplyMax: 64,
} as const;
