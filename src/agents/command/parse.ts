/** Owns reading one JSON object from a program's stdout, and saying in words where it departs from the contract. */
import type { z } from "zod";
import type { Usage } from "../../domain/session.ts";
import { describeJsonFault } from "../../domain/json-place.ts";
import { schemaFaults } from "../schema-faults.ts";
import { usageSchema } from "./contract.ts";

export type Parsed<T> = { ok: true; value: T } | { ok: false; detail: string };

export function parseJson(text: string): Parsed<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, detail: `stdout is not JSON: ${describeJsonFault(text)}` };
  }
}

export function parseAs<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, detail: schemaFaults(result.error, "the answer").join("; ") };
}

/** What an answer says it cost, also one that is malformed otherwise: the money is spent. */
export function usageIn(value: unknown): Usage | null {
  const usage =
    typeof value === "object" && value !== null && "usage" in value ? usageSchema.safeParse(value.usage) : null;
  return usage?.success ? { microUsd: microUsdOf(usage.data.usd), tokens: usage.data.tokens } : null;
}

export function microUsdOf(usd: number): number {
  return Math.round(usd * 1_000_000);
}
