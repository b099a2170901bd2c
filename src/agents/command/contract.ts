/**
 * The command agent's contract, version 1: what a program may print. What it is told is `domain/brief.ts`; the
 * user's page is `docs/command-agents.md`. Unknown fields are ignored.
 */
import { z } from "zod";
import type { Handoff } from "../../domain/handoff.ts";

const lines = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? (value.trim() === "" ? [] : [value]) : value))
  .default([]);

const handoffSchema = z.object({
  done: z.string().default(""),
  notes: lines,
  concerns: lines,
  deviations: lines,
  findings: lines,
  suggestions: lines,
}) satisfies z.ZodType<Handoff>;

/** What the session cost, if the program knows. */
const usageSchema = z.object({
  usd: z.number().nonnegative().default(0),
  tokens: z.int().nonnegative().default(0),
});

const head = { version: z.literal(1).default(1), usage: usageSchema.optional() };
const paths = z.array(z.string()).default([]);
const agent = z.string().nullable().default(null);

const actionSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("create_task"),
    name: z.string(),
    title: z.string(),
    instructions: z.string().default(""),
    paths,
    dependsOn: z.array(z.string()).default([]),
    priority: z.int().min(-1_000_000).max(1_000_000).default(0),
    acceptance: z.string().default(""),
    agent,
  }),
  z.object({ type: z.literal("spawn_planner"), name: z.string(), question: z.string(), paths, agent }),
  z.object({ type: z.literal("cancel_task"), task: z.string(), reason: z.string().default("") }),
  z.object({ type: z.literal("write_scratchpad"), text: z.string() }),
  z.object({ type: z.literal("finish_scope"), handoff: handoffSchema.prefault({}) }),
]);

/** A planner's whole stdout. */
export const planSchema = z.object({ ...head, actions: z.array(actionSchema) });

/** A worker's stdout, when it begins with `{`. */
export const workSchema = z.object({
  ...head,
  status: z.enum(["done", "partial", "nothing_to_do", "failed"]).default("done"),
  /** The commit message; default: the task's title. */
  message: z.string().nullable().default(null),
  handoff: handoffSchema.prefault({}),
});

/** A judge's stdout, when it begins with `{`. */
export const verdictSchema = z.object({
  ...head,
  verdict: z.enum(["continue", "achieved", "stop"]),
  summary: z.string().default(""),
  brief: z.string().default(""),
});
