/** What can go wrong, and for whom: rules that strike a request. The first rule that strikes wins. */
import { z } from "zod";
import { chanceOf } from "./random.ts";
import { wireNames, type WireName } from "./request.ts";

/** Nothing stalls for longer than this. */
export const stallMsMax = 600_000;

const ms = z.number().int().min(0).max(stallMsMax);
/** Before the headers; after them, before any content; after half of the content; after all of it, before the end is said. */
const place = z.enum(["headers", "first", "middle", "end"]);
const retryAfter = z.object({
  form: z.enum(["seconds", "date", "ms", "reset", "none"]),
  ms: z.number().int().min(0),
});

export const faultSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("rate-limit"), retryAfter }),
  /** 429 until a time of the server's clock. */
  z.object({ kind: z.literal("quota"), untilMs: z.number() }),
  z.object({ kind: z.literal("unauthorized") }),
  z.object({ kind: z.literal("forbidden") }),
  z.object({ kind: z.literal("context-length") }),
  /** Anthropic 529, the others 503. */
  z.object({ kind: z.literal("overloaded") }),
  z.object({ kind: z.literal("status"), status: z.number().int().min(400).max(599) }),
  /** A gateway's page instead of the vendor's error. */
  z.object({ kind: z.literal("html"), status: z.number().int().min(200).max(599) }),
  /** The connection breaks. */
  z.object({ kind: z.literal("drop"), at: place }),
  /** Silence, then it goes on. */
  z.object({ kind: z.literal("stall"), at: place, ms }),
  /** A clean end where none should be. */
  z.object({ kind: z.literal("truncate"), at: z.enum(["first", "middle", "end"]) }),
  /** The vendor reports an error inside a stream that answered 200. Not streamed: the same error as a status. */
  z.object({
    kind: z.literal("error-event"),
    at: z.enum(["first", "middle"]),
    error: z.enum(["overloaded", "rate-limit", "server"]),
  }),
  /** Every piece waits this long. */
  z.object({ kind: z.literal("trickle"), ms }),
  z.object({ kind: z.literal("malformed-arguments") }),
  /** An event, or the body, that is no JSON. */
  z.object({ kind: z.literal("malformed-frame") }),
  z.object({ kind: z.literal("empty") }),
  z.object({ kind: z.literal("no-usage") }),
  z.object({ kind: z.literal("wrong-content-type"), contentType: z.string() }),
]);
export type Fault = z.infer<typeof faultSchema>;

export const faultRuleSchema = z.object({
  fault: faultSchema,
  /** All that is said must hold. */
  where: z
    .object({
      credential: z.string().optional(),
      model: z.string().optional(),
      brain: z.string().optional(),
      wire: z.enum(wireNames).optional(),
      session: z.string().optional(),
      stream: z.boolean().optional(),
      turn: z.number().int().optional(),
    })
    .default({}),
  /** Which of the requests that match; counted per rule, from 1. */
  pick: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("always") }),
      z.object({ kind: z.literal("first"), times: z.number().int().positive() }),
      z.object({ kind: z.literal("nth"), n: z.number().int().positive() }),
      z.object({ kind: z.literal("every"), n: z.number().int().positive() }),
      z.object({ kind: z.literal("chance"), p: z.number().min(0).max(1), seed: z.number().int() }),
    ])
    .default({ kind: "always" }),
});
export type FaultRule = z.infer<typeof faultRuleSchema>;
/** As it is written: `where` and `pick` may be left out. */
export type FaultRuleInput = z.input<typeof faultRuleSchema>;

export type Target = {
  credential: string;
  model: string;
  brain: string | null;
  wire: WireName;
  session: string | null;
  stream: boolean;
  turn: number;
};

const rulesMax = 1000;

export class Faults {
  readonly #rules = new Map<number, FaultRule & { matched: number; struck: number }>();
  #last = 0;

  /** Gives the rule's number, by which it is removed. */
  add(input: FaultRuleInput): number {
    if (this.#rules.size >= rulesMax) throw new Error(`more than ${rulesMax} fault rules`);
    this.#rules.set(++this.#last, { ...faultRuleSchema.parse(input), matched: 0, struck: 0 });
    return this.#last;
  }

  remove(rule: number): boolean {
    return this.#rules.delete(rule);
  }

  clear(): void {
    this.#rules.clear();
  }

  list(): (FaultRule & { rule: number; matched: number; struck: number })[] {
    return [...this.#rules].map(([rule, of]) => ({ rule, ...of }));
  }

  strike(target: Target): Fault | null {
    for (const rule of this.#rules.values()) {
      const wanted = Object.entries(rule.where).filter(([, value]) => value !== undefined);
      if (!wanted.every(([key, value]) => target[key as keyof Target] === value)) continue;
      rule.matched++;
      if (!picks(rule.pick, rule.matched)) continue;
      rule.struck++;
      return rule.fault;
    }
    return null;
  }
}

function picks(pick: FaultRule["pick"], count: number): boolean {
  switch (pick.kind) {
    case "always":
      return true;
    case "first":
      return count <= pick.times;
    case "nth":
      return count === pick.n;
    case "every":
      return count % pick.n === 0;
    case "chance":
      return chanceOf("fault", pick.seed, count) < pick.p;
  }
}
