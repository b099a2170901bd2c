/** Owns saying in words where a value departs from a schema, to whoever has to mend it: a program or a model. */
import type { z } from "zod";
import { commandAgentLimits } from "../domain/limits.ts";
import { cutEnd } from "../domain/text.ts";
import { plainText } from "./plain-text.ts";

/**
 * One text per fault, at most `faultsMax` and how many more there are. `whole` stands for the value itself. The
 * schema must have been asked with `reportInput`.
 */
export function schemaFaults(error: z.ZodError, whole: string): string[] {
  const { issues } = error;
  const named = issues.slice(0, commandAgentLimits.faultsMax).map((issue) => describeIssue(issue, whole));
  const rest = issues.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])];
}

/** `actions[3].title: expected string, received number`. */
function describeIssue(issue: z.core.$ZodIssue, whole: string): string {
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
    return `${placeOf(issue.path, whole)}: expected one of ${options}, received ${excerpt(issue.input, String(issue.discriminator))}`;
  }
  return `${placeOf(issue.path, whole)}: ${text}`;
}

function excerpt(input: unknown, field: string): string {
  const value: unknown = typeof input === "object" && input !== null ? Reflect.get(input, field) : input;
  return value === undefined ? "nothing" : cutEnd(plainText(JSON.stringify(value)), commandAgentLimits.excerptBytesMax);
}

function placeOf(path: readonly PropertyKey[], whole: string): string {
  const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return place === "" ? whole : place.replace(/^\./, "");
}
