/** Bounds of how work is taken in and landed; the part of `limits.ts` that is about git. */

/** How git is run, and what may land. */
export const gitLimits = {
  /** Paths by which a part of the history is asked for; what stands behind them is not looked for. */
  pathsOfLogMax: 100,
  /** git before this has no `merge-tree --write-tree`. */
  versionMin: [2, 38],
  /** One file that a change may bring; more belongs into LFS or outside of the repository. */
  fileBytesMax: 104_857_600,
  /** A commit message without its trailers. */
  messageBytesMax: 16_384,
  subjectBytesMax: 200,
  /** Protected files that are named one by one when they were put back. */
  putBackNamedMax: 200,
  /** Reasons that one refusal lists one by one. */
  reasonsMax: 20,
  /** One git process; copying a big repository is the slowest of them. */
  processMs: 600_000,
  /** One git process that reads a worker's files. */
  intakeMs: 120_000,
  /** One answer of a git process that stays. */
  answerMs: 120_000,
  /** One mount. */
  mountMs: 30_000,
  /** One git process that reaches a remote. */
  remoteMs: 120_000,
  /** What is told of one fault of a remote. */
  remoteFaultBytesMax: 1_000,
  /** Between SIGTERM, on which git removes its locks, and SIGKILL. */
  killGraceMs: 5_000,
  /** What is still read of the messages of a process that has ended, where another goes on and holds them open. */
  lastWordsMs: 1_000,
  /** What one git process may print. */
  outputBytesMax: 268_435_456,
  stderrBytesMax: 65_536,
  /** Files and folders read at once. */
  filesAtOnce: 16,
  /** A path that a change may bring: whatever workspace it is in, a system must still be able to look at it. */
  pathBytesMax: 2_048,
  /** A path in a worker's own index; a longer one no system opens. */
  indexPathBytesMax: 4_096,
  /** Files and folders of one change; more are not the work of one task. */
  changedPathsMax: 100_000,
  /** Files and folders that a walk looks at. */
  walkedMax: 10_000_000,
  /** A `.gitattributes` that a change may bring. */
  attributesBytesMax: 1_048_576,
  /** A larger file is read a piece at a time, so that everything else goes on meanwhile. */
  readAtOnceBytesMax: 262_144,
  readBytes: 1_048_576,
  /** Steps of a walk or of the reading of files before the event loop gets its turn. */
  stepsAtOnce: 256,
  /** A larger `.gitignore` is left to git. */
  ignoreBytesMax: 65_536,
  /** Patterns that are held against new names, in bytes: before the event loop gets its turn, and before git is asked. */
  ignoreWorkAtOnce: 131_072,
  ignoreWorkMax: 134_217_728,
  /** A conflicted file that is searched for conflict markers. */
  markedBytesMax: 104_857_600,
  /** Of a conflicted file: lines of the trunk's side that are remembered, and how long such a line may be. */
  addedLinesMax: 500,
  addedLineCharactersMax: 500,
  /** Conflicted files whose other side is remembered, and landings that are named for each. */
  addedFilesMax: 50,
  addedByMax: 3,
  /** Files of a change that are searched for what may have moved there, and their bytes. */
  movedFilesMax: 200,
  movedBytesMax: 16_777_216,
  /** Lines that a refusal shows of what was dropped, and of each. */
  droppedLinesMax: 5,
  droppedLineBytesMax: 160,
} as const;

/** How the trunk's store is kept small for weeks. */
export const maintenanceLimits = {
  /** How often the store is measured. */
  lookMs: 60_000,
  /** Between two; and the longest time between them while anything comes. */
  restMs: 600_000,
  everyMs: 86_400_000,
  /** Due when this much has come, against what the last one left, and at least so many bytes. */
  growthShare: 0.5,
  growthBytesMin: 33_554_432,
  looseObjectsMax: 2_000,
  /** Objects that nothing leads to stay at least so long; twice the hard deadline of sessions when that is longer. */
  unusedMs: 86_400_000,
  /** One repacking. */
  repackMs: 3_600_000,
  /** What the search for deltas may take of memory. */
  windowBytesMax: 134_217_728,
} as const;

/** How work is landed in groups. */
export const laneLimits = {
  /** Work that is taken in side by side. */
  intakesAtOnce: 4,
  /** Work that is checked side by side before it lands. */
  triesAtOnce: 4,
  /** Until the trunk's checks are tried again when they could not begin. */
  checkAgainMs: 60_000,
  /** Landings that are made durable together. */
  landingsPerGroupMax: 64,
  /** Content of one change that waits in memory for its landing; more of it is put into the trunk's store at once. */
  changeBytesMax: 1_048_576,
  /** Objects of a group, before they are put into the store as a pack of their own. */
  packBytesMax: 67_108_864,
  /** Packs in the trunk's store, before small ones are made one. */
  packsMax: 100,
  /** Lines of trees that are kept in memory; one is about 200 bytes. */
  treeEntriesCachedMax: 500_000,
  /** Commits whose trees are known by name. */
  rootsCachedMax: 4_096,
} as const;

/** How workspaces come to be, and what overlays stand on. */
export const layerLimits = {
  /** Paths in which a tip may differ from the checkout below it, before a newer checkout is made beside other work. */
  pathsApartWell: 500,
  /** The same, before whoever asks waits for the newer checkout: about as long as it takes to write these one by one. */
  pathsApartMax: 5_000,
  /** Of all files together that are written in this process for a tip; git writes more. */
  writtenBytesMax: 8_388_608,
  /** Of an index that is changed in this process; of half a million files it is longer, and git's turn. */
  indexBytesMax: 67_108_864,
  /** Checkouts that are kept for those who stand on them. */
  basesMax: 4,
  /** Preparations that go on from one another; the next begins with nothing. */
  preparedDepthMax: 8,
  /** Of what was prepared: files and folders that one program is told to copy. */
  copiedAtOnce: 500,
  /** What is taken into account for an overlay: its worker's git writes an index of its own, and the worker its work. */
  overlayBytes: 8_388_608,
  /** What a clone of a file is taken into account for: its name, its number, and of a small file what is in it. */
  cloneBytes: 2_048,
  /** Of the file that is cloned to see whether it can be done. */
  probeBytes: 65_536,
  /** Folders of ended workspaces that wait to be used again. */
  pooledMax: 64,
  /** Commits that a branch has passed, of which it is known which is the later. */
  passedMax: 1_000,
  /** Workspaces that are opened at once; the others wait. */
  openingsAtOnce: 8,
} as const;
