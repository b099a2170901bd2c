/**
 * The metering proxy for agents that we did not write: one HTTP server for the process, on loopback, begun with the first
 * session that needs it. Such an agent is given its URL and a token in place of the provider's, and so all that it asks of a
 * model is counted, reserved and limited like our own calls, and the real key is in no environment but ours.
 */
import type { IncomingMessage } from "node:http";
import type { Limits } from "../../domain/limits.ts";
import { bearerToken, type HttpError } from "../loopback/exchange.ts";
import { LoopbackServer } from "../loopback/server.ts";
import type { PriceOverride } from "../model/prices.ts";
import { MeteredSession, type MeterOrder } from "./session.ts";

export type { MeterOrder } from "./session.ts";

export type MeterOptions = {
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
  prices: { readonly [model: string]: PriceOverride };
  timeouts: Pick<Limits, "firstOutputMs" | "chunkMs" | "callMs">;
};

export type Metered = {
  /** Without a path: OpenAI's clients want `/v1` behind it, Anthropic's take it as it is. */
  url: string;
  /** In place of the key. */
  token: string;
  /** Begun so far. */
  calls(): number;
  /** Most of the session's own budget is gone: it should be asked to hand off. */
  nearlySpent(): boolean;
  /** Shuts the door, breaks off what is under way and waits until it is settled. Repeatable. */
  close(): Promise<void>;
};

export class Meter {
  readonly #options: MeterOptions;
  readonly #loopback: LoopbackServer;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#loopback = new LoopbackServer({
      name: "the metering proxy",
      tokenOf,
      tokenPlace: "as a bearer token or in x-api-key",
      errorBody,
      report: options.report,
    });
  }

  /** Rejects when the machine has no port left, and after `stop`. */
  async open(order: MeterOrder): Promise<Metered> {
    const session = new MeteredSession(order, this.#options);
    const door = await this.#loopback.open(session);
    return { ...door, calls: () => session.calls, nearlySpent: () => session.nearlySpent };
  }

  /** Closes what is open and waits. Repeatable. */
  stop(): Promise<void> {
    return this.#loopback.stop();
  }
}

/** Where clients of either vendor put their key. */
function tokenOf(request: IncomingMessage): string {
  const key = request.headers["x-api-key"];
  return typeof key === "string" ? key : bearerToken(request);
}

const types: { readonly [status: number]: string } = {
  401: "authentication_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
};

/** Clients of both vendors find in it what they look for. */
const errorBody = ({ status, message }: HttpError) => ({
  type: "error",
  error: {
    type: types[status] ?? (status < 500 ? "invalid_request_error" : "api_error"),
    message,
    param: null,
    code: null,
  },
});
