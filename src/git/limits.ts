/** Every bound of the git adapter, in one place. Units stand last in the name. */
export const gitLimits = {
  /** git before this has no `merge-tree --write-tree`. */
  versionMin: [2, 38] as const,
  /** One file that a change may bring; more belongs into LFS or outside of the repository. */
  fileBytesMax: 104_857_600,
  /** A commit message without its trailers. */
  messageBytesMax: 16_384,
  subjectBytesMax: 200,
  /** Reasons that one refusal lists one by one. */
  reasonsMax: 20,
  /** Merges of one landing when the tip moves under it. */
  landingRacesMax: 10,
  /** One git process; copying a big repository is the slowest of them. */
  processMs: 600_000,
  /** One git process that reads a worker's files. */
  intakeMs: 120_000,
  /** Between SIGTERM, on which git removes its locks, and SIGKILL. */
  killGraceMs: 5_000,
  /** What one git process may print. */
  outputBytesMax: 268_435_456,
  stderrBytesMax: 65_536,
  /** Files and folders read at once. */
  filesAtOnce: 16,
  copyBytes: 1_048_576,
  /** A conflicted file that is searched for conflict markers. */
  markedBytesMax: 104_857_600,
};
