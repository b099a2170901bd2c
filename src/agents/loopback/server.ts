/**
 * One HTTP server for programs that we did not write, on loopback. Invariant: a token opens what one guest has to offer, for as
 * long as that guest is open; begun with the first guest.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { loopbackLimits } from "../../domain/limits.ts";
import { checkCaller, HttpError, sendJson } from "./exchange.ts";

/** What stands behind one token. */
export interface Guest {
  /** Rejects with `HttpError` for what the caller did wrong, and otherwise only for faults of our own. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends what runs and waits for it. Repeatable. */
  close(): Promise<void>;
}

export type Door = {
  /** `http://127.0.0.1:PORT`, without a path. */
  url: string;
  token: string;
  /** Shuts the door and closes the guest. Repeatable. */
  close(): Promise<void>;
};

export type LoopbackOptions = {
  /** For errors: `the tool server`. */
  name: string;
  /** Where a caller's token stands; empty: nowhere. */
  tokenOf(request: IncomingMessage): string;
  /** Where it belongs, for whoever comes with none or a wrong one. */
  tokenPlace: string;
  /** The body of an error. */
  errorBody(error: HttpError): unknown;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class LoopbackServer {
  readonly #options: LoopbackOptions;
  /** By the hash of the token: how long looking up takes says nothing of how much of a token was guessed. */
  readonly #open = new Map<string, Guest>();
  #listening: Promise<{ server: Server; port: number }> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: LoopbackOptions) {
    this.#options = options;
  }

  /** Rejects when the machine has no port left, and after `stop`. */
  async open(guest: Guest): Promise<Door> {
    const { port } = await (this.#listening ??= this.#listen());
    if (this.#stopped) throw new Error(`${this.#options.name} is stopped`);
    const token = randomBytes(32).toString("base64url");
    this.#open.set(hashOf(token), guest);
    return {
      url: `http://127.0.0.1:${port}`,
      token,
      close: async () => {
        this.#open.delete(hashOf(token));
        await guest.close();
      },
    };
  }

  /** Closes what is open and waits. Repeatable. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const guests = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(guests.map((guest) => guest.close()));
    const listening = await this.#listening?.catch(() => null); // Whoever wanted to open has been told.
    if (!listening) return;
    await new Promise((resolve) => {
      listening.server.close(resolve);
      listening.server.closeAllConnections();
    });
  }

  #listen(): Promise<{ server: Server; port: number }> {
    const { requestMs, idleMs, headersBytesMax, connectionsMax } = loopbackLimits;
    const server = createServer({
      // For what is received; how long an answer takes is up to the guest, and nothing here cuts it.
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      keepAliveTimeout: idleMs,
      maxHeaderSize: headersBytesMax,
    });
    server.timeout = 0;
    server.maxConnections = connectionsMax;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: "127.0.0.1", port: 0 }, () => {
        const { port } = server.address() as AddressInfo;
        server.off("error", reject).on("error", this.#options.report);
        server.on("request", (request, response) => void this.#answer(request, response, port));
        resolve({ server, port });
      });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
    const { tokenOf, tokenPlace, errorBody, report } = this.#options;
    // Connections break at any time; whoever writes to them is told.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      checkCaller(request, port);
      const guest = this.#open.get(hashOf(tokenOf(request)));
      if (!guest)
        throw new HttpError(401, `no open session has this token: it is valid while its session runs (${tokenPlace})`);
      await guest.answer(request, response);
    } catch (error) {
      if (!(error instanceof HttpError)) report(error);
      // Half an answer must not look like a whole one.
      if (response.headersSent) return void response.destroy();
      const told = error instanceof HttpError ? error : new HttpError(500, "a fault of Longhaul's own");
      sendJson(response, told.status, errorBody(told));
    }
  }
}

/** Of a door's URL. */
export const portOf = (url: string): number => Number(new URL(url).port);

const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");
