/** Every fault of the fault table, on every kind of provider, streamed, and what our policy is told of it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { sumTokens, type CallFault } from "../../domain/call.ts";
import { call, sequence, text } from "../../../test/fake-model/brains.ts";
import { cases, type Case } from "../../../test/fake-model/fault-outcome.testsuite.ts";
import { defaultCredentials } from "../../../test/fake-model/mind.ts";
import { started } from "../../../test/fake-model/sdk.testsuite.ts";
import { callModel, type CallEnd } from "./call.ts";
import { asking, billedTokens, failedOf, kinds, modelOf, patient } from "./call.testsuite.ts";
import { detailBytesMax } from "./detail.ts";
import { openModel, type ProviderKind } from "./providers.ts";

const worker = () =>
  started({
    brains: [
      {
        name: "worker",
        reply: sequence([text("Let me read the file first."), call("read", { path: "a.txt" })], "Done."),
      },
    ],
  });

type Told = Exclude<CallFault["kind"], "aborted"> | "answered";
/** `free`: no provider may have billed it. */
type Expected = { told: Told; free: boolean; but?: { [kind in ProviderKind]?: Told } };
const free = (told: Told): Expected => ({ told, free: true });
const billed = (told: Told, but?: Expected["but"]): Expected => ({ told, free: false, ...(but ? { but } : {}) });

const expected: { [name: string]: Expected } = {
  "401": free("key_refused"),
  "403": free("key_refused"),
  "429, `retry-after`": free("rate_limited"),
  "429, quota exhausted": free("quota"),
  "context too long": free("too_long"),
  overloaded: free("unavailable"),
  "500": free("unavailable"),
  "503": free("unavailable"),
  "529": free("unavailable"),
  "502, a gateway's page": free("unavailable"),
  "200, a gateway's page": billed("broken"),
  "connection drops before the headers": billed("broken"),
  "connection drops before content": billed("broken"),
  "connection drops in the middle": billed("broken"),
  "connection drops before the finish": billed("broken"),
  "clean end before content": billed("broken"),
  "clean end in the middle": billed("broken"),
  "clean end before the finish": billed("broken"),
  "no headers": billed("broken"),
  "no first chunk": billed("broken"),
  "stalls in the middle": billed("broken"),
  "stalls before the finish": billed("broken"),
  "error event: overloaded, first": billed("unavailable"),
  "error event: overloaded, middle": billed("unavailable"),
  "error event: rate limit, middle": billed("rate_limited"),
  "event that is no JSON": billed("broken"),
  // The model made a mistake, which the SDK tells it; Google keeps what it said to itself.
  "tool arguments that are no JSON": billed("answered", { google: "broken" }),
  "empty reply": billed("broken"),
  "no usage": billed("broken"),
  "wrong content-type": billed("answered"),
  "slow, but steady": billed("answered"),
};

const sumOf = (tokens: { [part: string]: number }) => Object.values(tokens).reduce((sum, count) => sum + count, 0);
const told = (end: CallEnd) => (end.kind === "answered" ? end.kind : end.fault.kind);

/** What is to run out does; what is not, has time. */
const timeoutsOf = ({ fault }: Case) => {
  if (fault.kind !== "stall") return patient;
  return fault.at === "headers" || fault.at === "first"
    ? { ...patient, firstOutputMs: 300 }
    : { ...patient, chunkMs: 300 };
};

test("every fault of the table has its expectation", () => {
  expect(Object.keys(expected).toSorted()).toEqual(cases.map(({ name }) => name).toSorted());
});

describe.each(kinds)("%s", (kind) => {
  test.each(cases)("$name", async (one) => {
    const server = await worker();
    server.faults.add({ fault: one.fault });
    const end = await callModel(asking(modelOf(server, kind), { timeouts: timeoutsOf(one) }));
    const { told: usual, free: isFree, but } = expected[one.name]!;
    expect(told(end)).toBe(but?.[kind] ?? usual);
    const bill = billedTokens(server.ledger.total().billed);
    const isBilled = end.kind === "answered" || end.billed;
    expect(isBilled).toBe(!isFree);
    // What cannot be known is put too high, but for what a model said after the line was cut.
    const { output, ...input } = end.tokens;
    expect(end.tokens).toSatisfy((tokens) =>
      end.kind === "answered" ? isDeepStrictEqual(tokens, bill) : sumOf(input) >= sumTokens(bill) - bill.output,
    );
    expect(sumOf(input) + output > 0).toBe(!isFree);
    const detail = end.kind === "answered" || end.fault.kind === "aborted" ? "vendor/fake-model: " : end.fault.detail;
    expect(detail).toMatch(/^vendor\/fake-model: /);
    expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(detailBytesMax);
    expect(detail).not.toContain(defaultCredentials.default);
  });

  test("an unknown key is refused, and not shown", async () => {
    const server = await worker();
    const key = "sk-live-0123456789abcdef";
    const { fault, billed: isBilled } = failedOf(await callModel(asking(modelOf(server, kind, { key }))));
    expect({ kind: fault.kind, isBilled }).toEqual({ kind: "key_refused", isBilled: false });
    expect(JSON.stringify(fault)).not.toContain(key);
  });

  test("an unknown model is one that the operator has to mend", async () => {
    const server = await started({ brains: [], models: [{ id: "other" }] });
    const { fault } = failedOf(await callModel(asking(modelOf(server, kind))));
    expect(fault).toMatchObject({
      kind: "no_such_model",
      detail: expect.stringMatching(/^vendor\/fake-model: 404 .*not exist/),
    });
  });

  test("nobody listens: unavailable, and nothing is billed", async () => {
    const server = await worker();
    const model = modelOf(server, kind);
    await server.stop();
    expect(await callModel(asking(model))).toMatchObject({
      billed: false,
      fault: { kind: "unavailable", detail: "vendor/fake-model: not reached: ECONNREFUSED" },
    });
  });

  test("a call without its result is refused before anything is sent", async () => {
    const server = await worker();
    const input = { path: "a" };
    const open = {
      role: "assistant" as const,
      content: [{ type: "tool-call" as const, toolCallId: "1", toolName: "read", input }],
    };
    const messages = [{ role: "user" as const, content: "Go." }, open, { role: "user" as const, content: "And?" }];
    expect(await callModel(asking(modelOf(server, kind), { messages }))).toMatchObject({
      billed: false,
      fault: { kind: "bad_request" },
    });
    expect(server.ledger.entries()).toEqual([]);
  });

  test.each([
    [
      "the prompt",
      "The secret plan is to paint the whole barn in a very light green.",
      "400 (its words quote the prompt)",
    ],
    ["the key", "sk/live+0123", "400 x: No: [key]"],
  ])("%s is not in the detail, though the vendor quotes it", async (what, secret, shown) => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { code: 400, status: "x", type: "x", message: `No: ${secret}` } }));
      });
    });
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const model = openModel("v/m", { kind, baseUrl, key: what === "the key" ? secret : "k" });
    const end = await callModel(asking(model, { instructions: `Note: ${secret}` }));
    expect(failedOf(end).fault).toEqual({ kind: "bad_request", detail: `v/m: ${shown}` });
  });
});

// On Chat Completions the SDK gives up at such an event, before the usage.
test.each(["anthropic", "openai", "google"] as const)(
  "%s: after an event that is no JSON, what was reported counts",
  async (kind) => {
    const server = await worker();
    server.faults.add({ fault: { kind: "malformed-frame" } });
    const { tokens } = failedOf(await callModel(asking(modelOf(server, kind))));
    expect(tokens).toEqual(billedTokens(server.ledger.total().billed));
  },
);
