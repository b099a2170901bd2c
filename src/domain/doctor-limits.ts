/** Bounds of `longhaul doctor`; a part of `limits.ts`. */
export const doctorLimits = {
  /** From the start of an agent's program until it is ready and has seen its tools, when nobody says otherwise. */
  trialMs: 60_000,
  /** Connecting to a database. */
  databaseMs: 5_000,
  /** Until a tool has said its version, and how much of that is read. */
  toolMs: 10_000,
  toolCharactersMax: 300,
  killGraceMs: 1_000,
  /** Values of variables shorter than this are no secrets: stars in place of them would only hide words. */
  secretCharactersMin: 8,
} as const;
