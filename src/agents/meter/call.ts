/**
 * One call of a foreign agent, from the reservation of its cost to its settling. Keeps: no call is made without a permit, every
 * call that was made is settled, and what may still go well is tried again here, where the credential's limits are known: an
 * agent's own retries would be a stampede.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { addTokens, noTokens, type CallFault, type Tokens } from "../../domain/call.ts";
import { meterLimits } from "../../domain/limits.ts";
import type { AgentFailure, CallPermit, PlannedCall, SessionHost } from "../../engine/ports.ts";
import { faultOf, faultSaid, mendable } from "../model/faults.ts";
import { pause } from "../model/pause.ts";
import { mostOf, type ModelPrice } from "../model/prices.ts";
import type { ProviderAccess } from "../model/providers.ts";
import { estimateTokens } from "../model/tokens.ts";
import { vendorAnswer, vendorEvent } from "../model/vendor-error.ts";
import { watchCall, type CallTimeouts, type Watchdog } from "../model/watchdog.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { Asked } from "./asked.ts";
import { KeyMask } from "./key-mask.ts";
import { askProvider, type HeaderFields } from "./provider-request.ts";
import { readRefusal, relay, sendRefusal, type Refusal } from "./relay.ts";
import type { Said } from "./wires.ts";

/** The configured provider: its name is the credential. `keyEnv`: the variable that holds its key. */
export type MeteredProvider = { name: string; access: ProviderAccess; keyEnv: string | null };

export type MeteredCall = {
  host: Pick<SessionHost, "endCall">;
  /** Answers null when `signal` aborts. */
  permit(planned: PlannedCall, signal: AbortSignal): Promise<CallPermit | null>;
  provider: MeteredProvider;
  /** That the session is meant to use. */
  model: string;
  price: ModelPrice;
  asked: Asked;
  inputTokens: number;
  outputTokensMax: number;
  path: string;
  headers: HeaderFields;
  response: ServerResponse;
  timeouts: CallTimeouts;
  onActivity(): void;
  /** Aborted when the agent has gone or the session is over. */
  signal: AbortSignal;
};

/** `tokens`: of a good answer, those that it said. */
export type CallResult =
  /** The agent has an answer, good or not, or has gone. */
  | { kind: "over"; tokens: Tokens }
  /** It has none, and the session cannot go on. */
  | { kind: "failed"; failure: AgentFailure };

/** Rejects only with what the host rejects with, and for faults of ours. */
export async function makeCall(call: MeteredCall): Promise<CallResult> {
  const { host, provider, price, inputTokens, outputTokensMax, signal } = call;
  const model = modelName(call);
  const planned = { credential: provider.name, model, atMost: mostOf(price, inputTokens, outputTokensMax) };
  for (let tries = 1; ; tries++) {
    const permit = await call.permit(planned, signal);
    if (permit === null) return { kind: "over", tokens: noTokens };
    if (!permit.ok) return { kind: "failed", failure: permit.failure };
    const { fault, tokens, told, left } = await attempt(call);
    const again = await host.endCall(
      permit.call,
      { tokens, microUsd: price.cost(tokens), priceSource: told ? price.source : "guessed", fault, tries },
      null,
    );
    // Also when the agent has an answer: some vendors refuse a key within a stream.
    if (again && !again.again && again.failure.kind === "misconfigured" && !isAgents(call, fault))
      return { kind: "failed", failure: again.failure };
    if (left === "passed" || fault === null || fault.kind === "aborted") return { kind: "over", tokens };
    if (left !== null && isAgents(call, fault)) {
      sendRefusal(left, call.response);
      return { kind: "over", tokens };
    }
    if (!again) throw new Error("a call that failed was settled as a good one");
    if (!again.again) return { kind: "failed", failure: again.failure };
    await pause(again.waitMs, signal);
  }
}

/** What the agent did wrong and may do better; a model of its own choice, for titles and the like, need not exist. */
const isAgents = ({ asked, model }: MeteredCall, fault: CallFault | null): boolean =>
  fault?.kind === "bad_request" ||
  fault?.kind === "too_long" ||
  (fault?.kind === "no_such_model" && asked.model !== model);

const modelName = ({ provider, asked }: MeteredCall): string => `${provider.name}/${asked.model}`;

type Attempt = {
  fault: CallFault | null;
  tokens: Tokens;
  /** `tokens` is what the provider said, or nothing was billed; else an estimate. */
  told: boolean;
  /** `passed`: the agent has what came. Else what the provider refused with, if it answered at all. */
  left: "passed" | Refusal | null;
};

const unbilled = { tokens: noTokens, told: true };

async function attempt(call: MeteredCall): Promise<Attempt> {
  const { provider, asked, path, headers, timeouts, signal } = call;
  if (signal.aborted) return { fault: { kind: "aborted" }, ...unbilled, left: null };
  const { firstOutputMs, callMs } = timeouts;
  // What is no stream comes all at once, in the end.
  const watchdog = watchCall({ ...timeouts, firstOutputMs: asked.stream ? firstOutputMs : callMs }, signal);
  try {
    const request = {
      access: provider.access,
      method: "POST",
      path,
      headers,
      body: asked.body,
      signal: watchdog.signal,
    };
    const answer = await askProvider(request);
    const { statusCode = 0, headers: got } = answer;
    const good = statusCode >= 200 && statusCode < 300 && !(got["content-type"] ?? "").includes("text/html");
    return good ? await passOn(call, answer, watchdog) : await refusedBy(call, answer);
  } catch (error) {
    // Before its head: whether it is billed is not known, unless nobody was reached.
    const { fault, free } = faultIn(call, error, watchdog);
    return free
      ? { fault, ...unbilled, left: null }
      : { fault, tokens: estimated(call, null), told: false, left: null };
  } finally {
    watchdog.stop();
  }
}

async function refusedBy(call: MeteredCall, answer: IncomingMessage): Promise<Attempt> {
  const left = await readRefusal(answer, new KeyMask(call.provider.access.key), meterLimits.errorBytesMax);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
  const said = vendorAnswer(left.status, headers, left.body.toString("utf8"));
  const fault = mendable(faultSaid(said, spokenIn(call), Date.now()), call.provider.keyEnv);
  return left.status >= 400
    ? { fault, ...unbilled, left }
    : { fault, tokens: estimated(call, null), told: false, left };
}

/** From here on the agent has what comes, and whatever breaks is broken for it too. */
async function passOn(call: MeteredCall, answer: IncomingMessage, watchdog: Watchdog): Promise<Attempt> {
  const { asked, provider, response, onActivity } = call;
  const reader = new AnswerReader(asked.wire);
  let broken: CallFault | null = null;
  try {
    await relay(answer, response, {
      mask: new KeyMask(provider.access.key),
      signal: watchdog.signal,
      onPiece(piece) {
        watchdog.heard(reader.read(piece));
        onActivity();
      },
    });
    reader.end();
  } catch (error) {
    broken = faultIn(call, error, watchdog).fault;
    response.destroy();
  }
  const { said } = reader;
  const fault = broken ?? faultInside(call, said);
  return { fault, tokens: said.tokens ?? estimated(call, said), told: said.tokens !== null, left: "passed" };
}

function faultInside(call: MeteredCall, said: Said): CallFault | null {
  if (said.error !== null)
    return mendable(faultSaid(vendorEvent(said.error), spokenIn(call), Date.now()), call.provider.keyEnv);
  return said.ended ? null : broken(call, "the answer ended before it was complete");
}

function faultIn(call: MeteredCall, error: unknown, watchdog: Watchdog): { fault: CallFault; free: boolean } {
  if (call.signal.aborted) return { fault: { kind: "aborted" }, free: false };
  const stalled = watchdog.stalled();
  if (stalled !== null) return { fault: broken(call, stalled), free: false };
  return faultOf(error, spokenIn(call), Date.now());
}

const broken = (call: MeteredCall, words: string): CallFault => ({
  kind: "broken",
  detail: `${modelName(call)}: ${words}`,
});

const spokenIn = (call: MeteredCall) => ({
  model: { name: modelName(call), access: call.provider.access },
  instructions: "",
  messages: call.asked.said(),
});

/** What it used, as far as anybody can know. */
function estimated({ inputTokens }: MeteredCall, said: Said | null): Tokens {
  const input = said?.early ?? { ...noTokens, input: inputTokens };
  return addTokens(input, { ...noTokens, output: estimateTokens(said?.outputBytes ?? 0) });
}
