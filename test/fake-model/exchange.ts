/** One request to a model, from its key to its line in the ledger. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { bounded, halves, hitchOf, misspoken, outputUsage, refusalOf } from "./answering.ts";
import { recognises, viewOf, type NamedBrain, type RequestView } from "./brain.ts";
import { deliver } from "./deliver.ts";
import type { Fault } from "./faults.ts";
import type { Entry } from "./ledger.ts";
import type { Mind } from "./mind.ts";
import { BadRequest, type Refusal } from "./refusal.ts";
import type { JsonObject, ModelRequest } from "./request.ts";
import { addUsage, noUsage, outputOf, tokensOfSegments, type Usage } from "./tokens.ts";
import type { Wire } from "./wires/wire.ts";

export type Call = {
  wire: Wire;
  url: URL;
  headers: IncomingHttpHeaders;
  body: JsonObject;
  /** What the path says; null where the body says it. */
  model: string | null;
  stream: boolean | null;
};

/** By which a client may say whose conversation a request belongs to, before what the body says. */
export const sessionHeaders = [
  "x-session-key",
  "session_id",
  "session-id",
  "x-claude-code-session-id",
  "x-session-id",
] as const;

export async function exchange(mind: Mind, call: Call, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const entry = mind.ledger.add(newEntry(mind, call));
  const credential = entry.credential;
  mind.receive({
    number: entry.number,
    path: call.url.pathname + call.url.search,
    headers: shown(call.headers),
    body: call.body,
  });
  if (credential !== null) entry.early = mind.traffic.enter(credential, mind.now());
  try {
    const refusal = await converse(mind, call, entry, response, signal);
    if (refusal !== null) refuse(mind, call, entry, response, refusal);
  } finally {
    entry.endedMs = mind.now();
    if (credential !== null) mind.traffic.leave(credential);
  }
}

function newEntry(mind: Mind, { wire, url, headers, body, model, stream }: Call): Entry {
  return {
    number: mind.nextNumber(),
    atMs: mind.now(),
    endedMs: null,
    wire: wire.name,
    model: model ?? (typeof body.model === "string" ? body.model : ""),
    credential: mind.credentialOf(wire.keyOf(headers, url)),
    session: null,
    stream: stream ?? body.stream === true,
    brain: null,
    turn: null,
    fault: null,
    status: null,
    outcome: "open",
    stop: null,
    billed: noUsage,
    reported: false,
    early: false,
    reasoning: null,
  };
}

function shown(headers: IncomingHttpHeaders): Record<string, string> {
  const secret = new Set(["authorization", "x-api-key", "x-goog-api-key"]);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (secret.has(name) ? [] : [[name, String(value)]])),
  );
}

function refuse(mind: Mind, call: Call, entry: Entry, response: ServerResponse, refusal: Refusal): void {
  const nowMs = mind.now();
  const { status, headers, body } = call.wire.refuse(refusal, nowMs);
  if (entry.credential !== null) mind.traffic.told(entry.credential, refusal, nowMs);
  entry.status = status;
  entry.outcome = "refused";
  response.writeHead(status, { "content-type": "application/json", ...call.wire.headers(entry.number), ...headers });
  response.end(JSON.stringify(body));
}

/** Answers, or says why it does not. */
async function converse(
  mind: Mind,
  call: Call,
  entry: Entry,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Refusal | null> {
  const { credential } = entry;
  if (credential === null) return { kind: "unknown-key", key: call.wire.keyOf(call.headers, call.url) ?? "" };
  const model = mind.modelOf(entry.model);
  if (model === null)
    return {
      kind: "not-found",
      message: `The model \`${entry.model}\` does not exist or you do not have access to it.`,
    };
  const read = readRequest(call);
  if ("refusal" in read) return read.refusal;
  const { request } = read;
  const view = viewOf(request, { credential, session: sessionOf(call.headers, request), seed: mind.seed });
  const brain = mind.brains.find((one) => recognises(one, view));
  Object.assign(entry, {
    session: view.session,
    stream: request.stream,
    brain: brain?.name ?? null,
    turn: view.turn,
    reasoning: request.reasoning,
  });
  const tokens = tokensOfSegments(request.segments);
  const { contextTokensMax: tokensMax = Infinity } = model;
  if (tokens > tokensMax) return { kind: "context-length", tokens, tokensMax };
  const fault = mind.faults.strike({ ...view, wire: request.wire, brain: entry.brain });
  entry.fault = fault?.kind ?? null;
  const refusal = refusalOf(fault, request.stream, tokens) ?? mind.traffic.admit(credential, tokens, mind.now());
  if (refusal !== null) return refusal;
  if (brain === undefined) return { kind: "bad-request", message: "fake model: no brain recognises this request" };
  if (fault?.kind === "drop" && fault.at === "headers") return drop(entry, response);
  if (fault?.kind === "html") return sendPage(entry, response, fault.status);
  await answer(mind, call, entry, { brain, view, request, fault }, response, signal);
  return null;
}

function readRequest({ wire, body, model, stream }: Call): { request: ModelRequest } | { refusal: Refusal } {
  try {
    return { request: wire.read(body, { model, stream }) };
  } catch (error) {
    if (error instanceof BadRequest) return { refusal: error.refusal };
    throw error;
  }
}

function sessionOf(headers: IncomingHttpHeaders, request: ModelRequest): string | null {
  const said = sessionHeaders.map((name) => headers[name]).find((value) => typeof value === "string");
  return typeof said === "string" ? said : request.session;
}

function drop(entry: Entry, response: ServerResponse): null {
  entry.outcome = "cut";
  response.socket?.destroy();
  return null;
}

function sendPage(entry: Entry, response: ServerResponse, status: number): null {
  entry.status = status;
  entry.outcome = "refused";
  response.writeHead(status, { "content-type": "text/html" });
  response.end("<html><head><title>Bad gateway</title></head><body>cloudflare</body></html>");
  return null;
}

type Thought = { brain: NamedBrain; view: RequestView; request: ModelRequest; fault: Fault | null };

async function answer(
  mind: Mind,
  call: Call,
  entry: Entry,
  thought: Thought,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { wire } = call;
  const { brain, view, request, fault } = thought;
  const { reply, stop } = bounded(misspoken(await brain.reply(view), fault), request.outputTokensMax);
  const usage = charge(mind, view, outputUsage(reply));
  entry.billed = usage;
  entry.stop = stop;
  entry.status = 200;
  const told = fault?.kind === "no-usage" ? null : usage;
  const full = { number: entry.number, createdMs: mind.now(), request, reply, stop, usage: told };
  const frames = request.stream ? wire.frames(full) : halves(JSON.stringify(wire.whole(full)));
  const type = request.stream ? "text/event-stream; charset=utf-8" : "application/json";
  const headers = {
    "content-type": fault?.kind === "wrong-content-type" ? fault.contentType : type,
    "cache-control": "no-cache",
    ...wire.headers(entry.number),
  };
  const sent = await deliver(response, { status: 200, headers }, frames, hitchOf(fault, wire, request.stream), signal);
  entry.outcome = sent.outcome;
  entry.reported = sent.reported && told !== null;
}

function charge(mind: Mind, view: RequestView, output: Usage): Usage {
  const kind = view.wire === "anthropic" ? "marked" : "automatic";
  const nowMs = mind.now();
  const usage = addUsage(mind.cache.use(kind, `${view.credential}\0${view.model}`, view.segments, nowMs), output);
  mind.traffic.spend(view.credential, outputOf(usage), nowMs);
  return usage;
}
