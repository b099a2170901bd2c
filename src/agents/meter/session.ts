/**
 * The requests of one session's agent. Keeps: nothing is asked of the host once the session cannot go on, a call that waits for
 * its turn when nobody needs it any more is given back, and `close` leaves nothing under way.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { noTokens, sumTokens } from "../../domain/call.ts";
import { describeFailure } from "../../domain/failure.ts";
import { idText, type SessionId } from "../../domain/ids.ts";
import { meterLimits } from "../../domain/limits.ts";
import type { AgentFailure, CallPermit, PlannedCall, SessionHost } from "../../engine/ports.ts";
import { StaleClaimError } from "../../engine/session-end.ts";
import { goneSignal, HttpError, readBody } from "../loopback/exchange.ts";
import type { Guest } from "../loopback/server.ts";
import { priceOf, type PriceOverride } from "../model/prices.ts";
import type { CallTimeouts } from "../model/watchdog.ts";
import { readAsked } from "./asked.ts";
import { makeCall, type MeteredProvider } from "./call.ts";
import { endpointOf, type Endpoint } from "./endpoints.ts";
import { KeyMask } from "./key-mask.ts";
import { askProvider, sentHeaders } from "./provider-request.ts";
import { relay } from "./relay.ts";
import type { Wire } from "./wires.ts";

export type MeterOrder = {
  session: SessionId;
  host: SessionHost;
  provider: MeteredProvider;
  /** That the agent is meant to use, without its provider. It may ask for others, for titles and the like. */
  model: string;
  /** Most output tokens that are reserved for a call whose request names no bound. */
  outputTokensMax: number;
  /**
   * The session cannot go on: a permit was refused, the key is refused, there is no such model, the provider answers nothing
   * good. Called once at most; the agent's request is then answered with an error that is not to be retried.
   */
  onFailure(failure: AgentFailure): void;
  /** A sign of life: while an answer streams, and while a call waits. Must not throw. */
  onActivity(): void;
  signal: AbortSignal;
};

export type MeterParts = {
  prices: { readonly [model: string]: PriceOverride };
  timeouts: CallTimeouts;
  report(error: unknown): void;
};

export class MeteredSession implements Guest {
  readonly #order: MeterOrder;
  readonly #parts: MeterParts;
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Permits that are waited for, though nobody needs them any more. */
  #late = 0;
  #calls = 0;
  #nearlySpent = false;
  /** The most that one call has used: what an answer that the provider keeps may add to the next. */
  #tokensOfOneMax = 0;
  /** Why the session cannot go on. */
  #over: string | null = null;

  constructor(order: MeterOrder, parts: MeterParts) {
    this.#order = order;
    this.#parts = parts;
  }

  /** Begun so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Most of the session's own budget is gone. */
  get nearlySpent(): boolean {
    return this.#nearlySpent;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { name, access } = this.#order.provider;
    const endpoint = endpointOf({ name, kind: access.kind }, request.method ?? "GET", request.url ?? "/");
    if (this.#running.size + this.#late >= meterLimits.requestsAtOnceMax) {
      response.setHeader("retry-after-ms", meterLimits.comeBackMs);
      throw new HttpError(
        429,
        `${this.#running.size} requests of this session are under way: let some of them end first`,
      );
    }
    const answered = this.#answer(endpoint, request, response);
    this.#running.add(answered);
    try {
      await answered;
    } finally {
      this.#running.delete(answered);
    }
  }

  /** Breaks off what runs, and waits until it is settled. */
  async close(): Promise<void> {
    this.#closed.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #answer(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signal = AbortSignal.any([this.#order.signal, this.#closed.signal, goneSignal(response)]);
    const alive = setInterval(() => this.#order.onActivity(), meterLimits.activityMs);
    try {
      if (endpoint.wire === null) await this.#pass(endpoint.path, request, response, signal);
      else await this.#meter(endpoint.wire, endpoint.path, request, response, signal);
    } finally {
      clearInterval(alive);
    }
  }

  async #meter(wire: Wire, path: string, request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
    const asked = await readAsked(request, wire);
    if (this.#over !== null || signal.aborted) throw final(this.#over ?? "the session is closed", response);
    const { session, host, provider, outputTokensMax, onActivity } = this.#order;
    const { prices, timeouts } = this.#parts;
    const model = { name: `${provider.name}/${asked.model}`, id: asked.model, access: provider.access };
    try {
      const result = await makeCall({
        host,
        permit: (planned, until) => this.#permit(planned, until),
        provider,
        model: this.#order.model,
        price: priceOf(model, prices),
        asked,
        inputTokens: asked.inputTokens + (asked.goesOn ? this.#tokensOfOneMax : 0),
        outputTokensMax: asked.outputTokensMax ?? outputTokensMax,
        path,
        headers: {
          ...sentHeaders(request.headers, provider.access, idText("session", session)),
          ...(asked.encoding !== null && { "content-encoding": asked.encoding }),
        },
        response,
        timeouts,
        onActivity,
        signal,
      });
      if (result.kind === "failed") throw this.#fail(result.failure, response);
      this.#tokensOfOneMax = Math.max(this.#tokensOfOneMax, sumTokens(result.tokens));
      if (signal.aborted && !response.headersSent) throw final("the session is closed", response);
    } catch (error) {
      if (!(error instanceof StaleClaimError)) throw error;
      this.#over ??= "the session is over";
      throw final(this.#over, response);
    }
  }

  #fail(failure: AgentFailure, response: ServerResponse): HttpError {
    const first = this.#over === null;
    this.#over ??= describeFailure(failure);
    if (first) this.#order.onFailure(failure);
    return final(this.#over, response);
  }

  /** null: `signal` aborted. */
  async #permit(planned: PlannedCall, signal: AbortSignal): Promise<CallPermit | null> {
    const begun = this.#order.host.beginCall(planned);
    const waited = new AbortController();
    const aborted = new Promise<null>((resolve) => {
      if (signal.aborted) resolve(null);
      signal.addEventListener("abort", () => resolve(null), { once: true, signal: waited.signal });
    });
    const permit = await Promise.race([begun, aborted]).finally(() => waited.abort());
    if (permit === null) void this.#giveBack(begun).catch(this.#parts.report);
    if (permit?.ok) {
      this.#calls++;
      this.#nearlySpent ||= permit.nearlySpent;
    }
    return permit;
  }

  /** Others may stand in line for long; whoever has gone does not wait with them. */
  async #giveBack(begun: Promise<CallPermit>): Promise<void> {
    this.#late++;
    try {
      const permit = await begun;
      if (!permit.ok) return;
      const unmade = {
        tokens: noTokens,
        microUsd: 0,
        priceSource: "known",
        fault: { kind: "aborted" },
        tries: 1,
      } as const;
      await this.#order.host.endCall(permit.call, unmade, null);
    } catch (error) {
      if (!(error instanceof StaleClaimError)) throw error; // Then nothing is held for it any more.
    } finally {
      this.#late--;
    }
  }

  /** What costs nothing is the provider's to answer, whatever it says. */
  async #pass(path: string, request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const { session, provider } = this.#order;
    const { access } = provider;
    const body = request.method === "POST" ? await readBody(request, meterLimits.bodyBytesMax) : null;
    const signal = AbortSignal.any([gone, AbortSignal.timeout(meterLimits.unmeteredMs)]);
    const encoding = request.headers["content-encoding"];
    const headers = {
      ...sentHeaders(request.headers, access, idText("session", session)),
      ...(encoding !== undefined && { "content-encoding": encoding }),
    };
    try {
      const answer = await askProvider({ access, method: request.method ?? "GET", path, headers, body, signal });
      await relay(answer, response, { mask: new KeyMask(access.key), onPiece: this.#order.onActivity, signal });
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
      throw new HttpError(502, `${provider.name} was not reached: ${code}`);
    }
  }
}

/** Clients of both vendors know this header; a status that they would not retry says it to the others. */
function final(message: string, response: ServerResponse): HttpError {
  if (!response.headersSent) response.setHeader("x-should-retry", "false");
  return new HttpError(400, message);
}
