/** Control over HTTP, for tests in other processes: read the ledger, set faults and limits. Protected by a token. */
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { faultRuleSchema } from "./faults.ts";
import type { Mind } from "./mind.ts";
import type { JsonObject } from "./request.ts";

export const controlPath = "/control";

const limitSchema = z.object({
  credential: z.string(),
  limit: z
    .object({
      requestsMax: z.number().optional(),
      tokensMax: z.number().optional(),
      concurrentMax: z.number().optional(),
      windowMs: z.number(),
      form: z.enum(["seconds", "date", "ms", "reset", "none"]).optional(),
    })
    .nullable(),
});

export type ControlCall = {
  method: string;
  path: string;
  search: URLSearchParams;
  token: string | null;
  body: JsonObject;
};
export type ControlAnswer = { status: number; body: unknown };

export function control(mind: Mind, token: string | null, call: ControlCall): ControlAnswer {
  if (token === null || call.token === null || !equal(token, call.token))
    return { status: 401, body: { error: "control token" } };
  const route = `${call.method} ${call.path.slice(controlPath.length)}`;
  switch (route) {
    case "GET /ledger":
      return { status: 200, body: mind.ledger.entries(Object.fromEntries(call.search)) };
    case "GET /totals": {
      const by = z
        .enum(["credential", "model", "session", "brain", "wire"])
        .safeParse(call.search.get("by") ?? "credential");
      return by.success ? { status: 200, body: mind.ledger.totals(by.data) } : bad(by.error);
    }
    case "GET /counters":
      return { status: 200, body: mind.traffic.all() };
    case "GET /requests":
      return { status: 200, body: mind.received };
    case "GET /faults":
      return { status: 200, body: mind.faults.list() };
    case "POST /faults": {
      const rule = faultRuleSchema.safeParse(call.body);
      return rule.success ? { status: 201, body: { rule: mind.faults.add(rule.data) } } : bad(rule.error);
    }
    case "DELETE /faults":
      mind.faults.clear();
      return { status: 200, body: {} };
    case "POST /limits": {
      const read = limitSchema.safeParse(call.body);
      if (!read.success) return bad(read.error);
      mind.traffic.setLimit(read.data.credential, read.data.limit as Parameters<Mind["traffic"]["setLimit"]>[1]);
      return { status: 200, body: {} };
    }
    default:
      return { status: 404, body: { error: `no control ${route}` } };
  }
}

const bad = (error: z.ZodError): ControlAnswer => ({ status: 400, body: { error: z.prettifyError(error) } });

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
