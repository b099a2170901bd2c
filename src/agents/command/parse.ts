/** Owns reading one JSON object from a program's stdout, and saying in words where it departs from the contract. */
import type { z } from "zod";
import { commandAgentLimits } from "../../domain/limits.ts";
import type { Usage } from "../../domain/session.ts";
import { cutEnd } from "../../domain/text.ts";
import { usageSchema } from "./contract.ts";
import { describeJsonFault } from "../../domain/json-place.ts";
import { plainText } from "./text.ts";

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
  const issues = result.error.issues;
  const named = issues.slice(0, commandAgentLimits.faultsMax).map(describeIssue);
  const rest = issues.length - named.length;
  return { ok: false, detail: [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ") };
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

/** `actions[3].title: expected string, received number`. */
function describeIssue(issue: z.core.$ZodIssue): string {
  const what = issue.message.replace(/^Invalid input: /, "");
  const text =
    issue.code === "invalid_type" && issue.input === undefined
      ? `is missing (${what.replace(/, received undefined$/, "")})`
      : what;
  // zod knows only that no variant fits.
  if (issue.code === "invalid_union" && "discriminator" in issue) {
    const options =
      "options" in issue && Array.isArray(issue.options)
        ? issue.options.map((o) => JSON.stringify(o)).join(", ")
        : "others";
    return `${placeOf(issue.path)}: expected one of ${options}, received ${excerpt(issue.input, String(issue.discriminator))}`;
  }
  return `${placeOf(issue.path)}: ${text}`;
}

function excerpt(input: unknown, field: string): string {
  const value: unknown = typeof input === "object" && input !== null ? Reflect.get(input, field) : input;
  return value === undefined ? "nothing" : cutEnd(plainText(JSON.stringify(value)), commandAgentLimits.excerptBytesMax);
}

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return place === "" ? "the answer" : place.replace(/^\./, "");
}
