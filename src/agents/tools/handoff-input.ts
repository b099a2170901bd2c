/** What models write into tools that end up in rows: texts come out plain, names have no control characters. */
import { z } from "zod";
import type { Handoff } from "../../domain/handoff.ts";
import { plainText } from "../plain-text.ts";

export const text = z.string().transform(plainText);
export const key = z
  .string()
  .refine((value) => plainText(value) === value && !/[\n\t]/.test(value), "control characters are not allowed here");

const lines = (about: string) => z.array(text).default([]).describe(about);

export const handoffInput = z.object({
  done: text.describe("What is done, and how you know: a few sentences."),
  notes: lines("What whoever comes next needs to know."),
  concerns: lines("What may be wrong, or was not checked."),
  deviations: lines("Where the work departs from what was asked, and why."),
  findings: lines("What you found out about the code."),
  suggestions: lines("What should be done next, outside of your scope."),
}) satisfies z.ZodType<Handoff>;
