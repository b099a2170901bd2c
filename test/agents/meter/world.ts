/** A real metering proxy before the fake model, and an agent's side of it. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, onTestFinished, vi } from "vitest";
import { decideStart, freshCredential, learn, type Credential } from "../../../src/domain/rate.ts";
import { rateLimits } from "../../../src/domain/limits.ts";
import type { SessionId } from "../../../src/domain/ids.ts";
import { memoryHost, type MemoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import { Meter, type Metered, type MeterOrder } from "../../../src/agents/meter/meter.ts";
import type { ProviderKind } from "../../../src/agents/model/providers.ts";
import type { AgentFailure } from "../../../src/engine/ports.ts";
import { say } from "../../fake-model/brains.ts";
import type { FakeModelOptions } from "../../fake-model/mind.ts";
import { started } from "../../fake-model/sdk.testsuite.ts";
import type { FakeModel } from "../../fake-model/server.ts";

export const realKey = "sk-live-0123456789abcdef";
const reports: unknown[] = [];

/** Long enough for this machine at its busiest: what is to run out in a test is set there. */
const patient = { firstOutputMs: 30_000, chunkMs: 30_000, callMs: 60_000 };

const metersOpen: Meter[] = [];
afterAll(async () => {
  await Promise.all(metersOpen.map((meter) => meter.stop()));
  if (reports.length > 0) throw new AggregateError(reports, "faults of ours");
});

export function meterWith(timeouts: Partial<typeof patient> = {}): Meter {
  const meter = new Meter({
    report: (error) => reports.push(error),
    prices: { "vendor/priced": { inputUsd: 1, cachedUsd: 0.1, writtenUsd: 2, outputUsd: 10 } },
    timeouts: { ...patient, ...timeouts },
  });
  metersOpen.push(meter);
  return meter;
}

const shared = meterWith();

export type World = {
  model: FakeModel;
  host: MemoryHost;
  metered: Metered;
  failures: AgentFailure[];
  /** Signs of life. */
  activity: { count: number };
};

type WorldOptions = Partial<FakeModelOptions> & {
  kind?: ProviderKind;
  order?: Partial<MeterOrder>;
  host?: MemoryHost;
  meter?: Meter;
  baseUrl?: string;
};

export const hello = [{ name: "hello", reply: say("Hello, this is a somewhat longer answer, in several pieces.") }];

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const { kind = "openai", order = {}, host = memoryHost(), meter = shared, baseUrl, ...fake } = options;
  const model = await started({ brains: hello, credentials: { main: realKey }, ...fake });
  const failures: AgentFailure[] = [];
  const activity = { count: 0 };
  const metered = await meter.open({
    session: 7 as SessionId,
    host,
    provider: {
      name: "vendor",
      access: { kind, baseUrl: baseUrl ?? `${model.url}/v1`, key: realKey },
      keyEnv: "VENDOR_KEY",
    },
    model: "the-model",
    outputTokensMax: 1000,
    onFailure: (failure) => failures.push(failure),
    onActivity: () => void activity.count++,
    signal: new AbortController().signal,
    ...order,
  });
  onTestFinished(() => metered.close());
  return { model, host, metered, failures, activity };
}

/** Of each wire: the provider's kind, its path, and a request. */
export const wires = {
  messages: { kind: "anthropic", path: "/v1/messages", bound: "max_tokens" },
  responses: { kind: "openai", path: "/v1/responses", bound: "max_output_tokens" },
  chat: { kind: "openai-compatible", path: "/v1/chat/completions", bound: "max_completion_tokens" },
} as const;
export type WireName = keyof typeof wires;
export const wireNames = Object.keys(wires) as WireName[];

export function bodyOf(wire: WireName, more: object = {}): { [name: string]: unknown } {
  const said = [{ role: "user", content: "Go on." }];
  const own = {
    messages: { messages: said },
    responses: { input: said, store: false },
    chat: { messages: said, stream_options: { include_usage: true } },
  }[wire];
  return { model: "priced", ...own, [wires[wire].bound]: 500, stream: true, ...more };
}

export type Place = { url: string; token: string };

/** As a client of the wire asks. */
export function post(
  { url, token }: Place,
  wire: WireName,
  body: object = bodyOf(wire),
  more: RequestInit = {},
): Promise<Response> {
  const key = wire === "messages" ? { "x-api-key": token } : { authorization: `Bearer ${token}` };
  return fetch(url + wires[wire].path, {
    method: "POST",
    body: JSON.stringify(body),
    ...more,
    headers: { "content-type": "application/json", ...key, ...(more.headers as object) },
  });
}

export const direct = (model: FakeModel): Place => ({ url: model.url, token: realKey });

/** Keeps a credential's limits as the engine does, over the clock of this machine. */
export function pacedHost(): MemoryHost & { credential(): Credential } {
  const host = memoryHost();
  let credential = freshCredential;
  const startedAt = new Map<number, number>();
  return {
    ...host,
    credential: () => credential,
    async beginCall(planned) {
      for (;;) {
        const start = decideStart(credential, 0, Date.now());
        if (start.kind === "start") break;
        const waitMs = (start.until ?? 0) - Date.now();
        if (waitMs > rateLimits.waitInSlotMs)
          return { ok: false, failure: { kind: "suspended", until: start.until ?? 0, detail: start.why } };
        await sleep(Math.max(1, waitMs));
      }
      const permit = await host.beginCall(planned);
      if (permit.ok) startedAt.set(permit.call, Date.now());
      return permit;
    },
    async endCall(call, end, step) {
      const times = { startedAt: startedAt.get(call) ?? 0, now: Date.now(), random: 0 };
      credential = learn(credential, { fault: end.fault, ...times });
      return host.endCall(call, end, step);
    },
  };
}

/** A provider of the test's own: what it is sent, as it came. */
export async function provider(
  answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown,
): Promise<{ baseUrl: string; received: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] }> {
  const received: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push({ url: request.url ?? "", headers: request.headers, body });
      return answer(request, response, body);
    });
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, received };
}

/** How the calls of a host ended. */
export const endsOf = (host: MemoryHost) =>
  host.calls.map(({ end }) => {
    if (!end) throw new Error("a call that is not settled");
    return end;
  });

export const settled = (world: World) =>
  vi.waitFor(() => expect(world.host.calls.every(({ end }) => end !== null)).toBe(true), 10_000);

/** What an agent gets that is not to come back. */
export async function isFinal(response: Response, words: string): Promise<void> {
  expect(response.status).toBe(400);
  expect(response.headers.get("x-should-retry")).toBe("false");
  const body = (await response.json()) as { type: string; error: { type: string; message: string } };
  expect(body).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  expect(body.error.message).toContain(words);
  expect(JSON.stringify(body)).not.toContain(realKey);
}
