/** What one case of the landing benchmark is, and what it came to. */
import type { Size } from "./landing-repository.ts";

export const schemes = ["naive", "lock", "bare", "overlay", "checkout"] as const;
export type Scheme = (typeof schemes)[number];

export type LandingCase = {
  scheme: Scheme;
  size: Size;
  landers: number;
  /** The share of changes that edit one hot line. */
  overlap: number;
  /** How long naive schemes try. */
  seconds: number;
  /** Landings of a lane, at least. */
  landings: number;
};

/** `tries` and `ms`: of each landing. */
export type LandingFigures = { landed: number; seconds: number; tries: number[]; ms: number[] };
