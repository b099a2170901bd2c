/**
 * The fake model server: vendors' wires on loopback, over HTTP as it is. On node:http and not on a framework, because its faults are
 * made of what frameworks hide: headers that never come, half a frame, a socket destroyed under an open answer.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readJson } from "./body.ts";
import { control, controlPath } from "./control.ts";
import { exchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { Mind, type FakeModelOptions, type Received } from "./mind.ts";
import { BadRequest, type Refusal } from "./refusal.ts";
import type { JsonObject } from "./request.ts";
import { modelList, router, type Route, type Router } from "./routes.ts";
import { tokensOfSegments } from "./tokens.ts";
import type { Traffic } from "./traffic.ts";

export type FakeModel = {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Base URLs as the AI SDK's providers and most agents want them. */
  openaiUrl: string;
  anthropicUrl: string;
  googleUrl: string;
  ledger: Ledger;
  traffic: Traffic;
  faults: Faults;
  received: readonly Received[];
  /** Breaks every connection off and waits until none is left. May be called again. */
  stop(): Promise<void>;
};

export type ListenOptions = { port?: number; controlToken?: string };

export async function startFakeModel(options: FakeModelOptions, listen: ListenOptions = {}): Promise<FakeModel> {
  const mind = new Mind(options);
  const route = router();
  const bugs: unknown[] = [];
  const server = createServer((request, response) => {
    serve(mind, route, listen.controlToken ?? null, request, response).catch((error: unknown) => {
      // A client that went away is no bug; anything else must not pass unseen.
      if (!response.destroyed) bugs.push(error);
      response.destroy();
    });
  });
  server.listen(listen.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let stopped: Promise<void> | null = null;
  return {
    url,
    openaiUrl: `${url}/v1`,
    anthropicUrl: `${url}/v1`,
    googleUrl: `${url}/v1beta`,
    ledger: mind.ledger,
    traffic: mind.traffic,
    faults: mind.faults,
    received: mind.received,
    stop: () => (stopped ??= close(server, bugs)),
  };
}

async function close(server: Server, bugs: readonly unknown[]): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
  if (bugs.length > 0) throw new AggregateError(bugs, "the fake model server failed inside");
}

async function serve(
  mind: Mind,
  route: Router,
  token: string | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const { method = "GET", headers } = request;
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const to = route(method, url, headers);
  const read = await body(request);
  if (url.pathname.startsWith(`${controlPath}/`)) {
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
    const call = {
      method,
      path: url.pathname,
      search: url.searchParams,
      token: bearer,
      body: "body" in read ? read.body : {},
    };
    const answer = control(mind, token, call);
    return json(response, answer.status, answer.body);
  }
  if (to.kind === "probe") return json(response, 200, {});
  if (to.kind === "none") return json(response, 404, { error: { message: `no such path: ${method} ${url.pathname}` } });
  if ("refusal" in read) return refuse(mind, response, to, read.refusal);
  if (to.kind === "model") return exchange(mind, { ...to, url, headers, body: read.body }, response, gone.signal);
  return inform(mind, to, to.wire.keyOf(headers, url), read.body, response);
}

async function body(request: IncomingMessage): Promise<{ body: JsonObject } | { refusal: Refusal }> {
  try {
    return { body: await readJson(request) };
  } catch (error) {
    if (error instanceof BadRequest) return { refusal: error.refusal };
    throw error;
  }
}

type Wired = Extract<Route, { wire: unknown }>;

/** Counting and listing cost nothing and stand in no ledger, but need a key. */
function inform(
  mind: Mind,
  to: Exclude<Wired, { kind: "model" }>,
  key: string | null,
  of: JsonObject,
  response: ServerResponse,
): void {
  if (mind.credentialOf(key) === null) return refuse(mind, response, to, { kind: "unknown-key", key: key ?? "" });
  if (to.kind === "models") {
    const ids = mind.models?.map(({ id }) => id) ?? ["fake-model"];
    return json(response, 200, modelList(to.wire, to.model === null ? ids : [to.model]));
  }
  try {
    const asked =
      typeof of.generateContentRequest === "object" && of.generateContentRequest !== null
        ? of.generateContentRequest
        : of;
    const tokens = tokensOfSegments(to.wire.read(asked as JsonObject, { model: to.model, stream: false }).segments);
    return json(response, 200, to.wire.name === "google" ? { totalTokens: tokens } : { input_tokens: tokens });
  } catch (error) {
    if (error instanceof BadRequest) return refuse(mind, response, to, error.refusal);
    throw error;
  }
}

function refuse(mind: Mind, response: ServerResponse, { wire }: Wired, refusal: Refusal): void {
  const { status, headers, body: said } = wire.refuse(refusal, mind.now());
  json(response, status, said, headers);
}

function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}
