/** What a model session recorded first: with what it began. */
import { z } from "zod";
import type { Step } from "../domain/session.ts";

const openingSchema = z.object({
  model: z.string(),
  promptHash: z.string(),
  system: z.string(),
  message: z.string(),
});
export type Opening = z.output<typeof openingSchema>;

/** null: no model has begun this session. */
export function openingOf(step: Step | null): Opening | null {
  return step?.kind === "opening" ? openingSchema.parse(step.body) : null;
}
