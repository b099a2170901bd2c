/** How much of a program's free text is kept. Bounds of this adapter; what users may set is in `domain/limits.ts`. */
export const commandBounds = {
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
