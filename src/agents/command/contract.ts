/**
 * The command agent's contract, version 1: what a program may print. What it is told is `domain/brief.ts`; the
 * user's page is `docs/command-agents.md`. Unknown fields are ignored. Texts come out plain (`plainText`); in names
 * and paths, where leaving something out could make one of two, control characters are refused instead.
 */
import { z } from "zod";
import type { Handoff } from "../../domain/handoff.ts";
import { commandAgentLimits } from "../../domain/limits.ts";
import type { TaskChange } from "../../domain/task.ts";
import { plainText } from "../plain-text.ts";

const text = z.string().transform(plainText);
const key = z
  .string()
  .refine((value) => plainText(value) === value && !/[\n\t]/.test(value), "control characters are not allowed here");

/** One text stands for a list of one. */
const lines = z
  .preprocess((value) => (typeof value === "string" ? (value.trim() === "" ? [] : [value]) : value), z.array(text))
  .default([]);

const handoffSchema = z.object({
  done: text.default(""),
  notes: lines,
  concerns: lines,
  deviations: lines,
  findings: lines,
  suggestions: lines,
}) satisfies z.ZodType<Handoff>;

/** What the session cost, if the program knows. */
export const usageSchema = z.object({
  usd: z.number().nonnegative().max(commandAgentLimits.usdMax).default(0),
  tokens: z.int().nonnegative().max(commandAgentLimits.tokensMax).default(0),
});

const head = { version: z.literal(1).default(1), usage: usageSchema.optional() };
const paths = z.array(key).default([]);
const priority = z.int().min(-1_000_000).max(1_000_000);
const agent = key.nullable().default(null);

/** What is not named stays as it is. */
export const taskChangeSchema = z
  .object({
    title: text.optional(),
    instructions: text.optional(),
    acceptance: text.optional(),
    priority: priority.optional(),
    agent: key.nullable().optional(),
  })
  .transform((change) => Object.fromEntries(Object.entries(change).filter(([, to]) => to !== undefined)) as TaskChange);

const actionSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("create_task"),
    name: key,
    title: text,
    instructions: text.default(""),
    paths,
    dependsOn: z.array(key).default([]),
    priority: priority.default(0),
    acceptance: text.default(""),
    agent,
  }),
  z.object({ type: z.literal("spawn_planner"), name: key, question: text, paths, agent }),
  z.object({
    type: z.literal("update_task"),
    task: key,
    change: taskChangeSchema,
  }),
  z.object({ type: z.literal("cancel_task"), task: key, reason: text.default("") }),
  z.object({ type: z.literal("write_scratchpad"), text }),
  z.object({ type: z.literal("finish_scope"), handoff: handoffSchema.prefault({}) }),
]);

/** A planner's whole stdout. */
export const planSchema = z.object({ ...head, actions: z.array(actionSchema) });

/** A worker's stdout, when it begins with `{`. */
export const workSchema = z.object({
  ...head,
  status: z.enum(["done", "partial", "nothing_to_do", "failed"]).default("done"),
  /** The commit message; default: the task's title. */
  message: text.nullable().default(null),
  handoff: handoffSchema.prefault({}),
});

/** A judge's stdout, when it begins with `{`. */
export const verdictSchema = z.object({
  ...head,
  verdict: z.enum(["continue", "achieved", "stop"]),
  summary: text.default(""),
  /** What the next cycle has to do; without one, `summary` is it. */
  brief: text.default(""),
});
