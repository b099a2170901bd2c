/** The bounds that a configuration may set, and in what bounds these are. */
import { z } from "zod";
import { limitDefaults, type Limits } from "../domain/limits.ts";

/** More a timer cannot wait: it would end at once. */
const timerMsMax = 2 ** 31 - 1;

/** Of one command; null: `limits.commandMs`. */
export const timeoutMs = z.int().positive().max(timerMsMax).nullable().default(null);

/** Where 0 says "none" or "at once"; of all else it would let nothing happen. */
const zeroLimits: readonly string[] = [
  "planDepthMax",
  "plannersPerPlannerMax",
  "dependenciesPerTaskMax",
  "interruptionsMax",
  "idleCyclesMax",
  "conflictLeaseMs",
  "retryBackoffMs",
  "retryBackoffMsMax",
  "bisectMs",
  "killGraceMs",
  "drainMs",
  "mirrorMs",
  "mirrorMsMax",
  "diskFreeBytesMin",
] satisfies (keyof Limits)[];
export const limitsSchema = z.strictObject(
  Object.fromEntries(
    Object.keys(limitDefaults).map((key) => {
      const least = z.int().min(zeroLimits.includes(key) ? 0 : 1);
      return [key, (/Ms(?:Max)?$/.test(key) ? least.max(timerMsMax) : least).optional()];
    }),
  ) as { [K in keyof Limits]: z.ZodOptional<z.ZodInt> },
);
