/**
 * Serves role tools to programs that we did not write: one HTTP server for the process, on loopback, begun with the first
 * session that needs it. Invariant: a token opens the tools of one conversation, for as long as that is open.
 */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { toolServerLimits } from "../../domain/limits.ts";
import type { SessionEnd, Tool, ToolContext } from "../tools/tool.ts";
import { bearerToken, checkCaller, HttpError, sendJson } from "./exchange.ts";
import { OpenTools } from "./open-tools.ts";
import { answerRequest, type Conversation } from "./routes.ts";

export type ServedTools = {
  /** Without a path: `/mcp` and `/tools` lie below it. */
  url: string;
  token: string;
  /** What the end tool that was called, if any, brought. */
  end(): SessionEnd | null;
  /** That end was not taken: calls are answered again. */
  goOn(): void;
  /** Shuts the door, ends the calls that run and waits for them. Repeatable. */
  close(): Promise<void>;
};

export type ToolServerOptions = {
  /** Of the product. */
  version: string;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class ToolServer {
  readonly #options: ToolServerOptions;
  /** By the hash of the token: how long looking up takes says nothing of how much of a token was guessed. */
  readonly #open = new Map<string, Conversation>();
  #listening: Promise<{ server: Server; port: number }> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: ToolServerOptions) {
    this.#options = options;
  }

  /** Rejects when the machine has no port left. `onEnd` is told when an end tool was taken; it must not throw. */
  async open(
    tools: readonly Tool[],
    context: Omit<ToolContext, "call">,
    onEnd: () => void = () => {},
  ): Promise<ServedTools> {
    const { port } = await (this.#listening ??= this.#listen());
    if (this.#stopped) throw new Error("the tool server is stopped");
    const token = randomBytes(32).toString("base64url");
    const served = new OpenTools(tools, context, this.#options.report, onEnd);
    const conversation: Conversation = { tools: served, version: this.#options.version, requests: 0, mcp: null };
    this.#open.set(hashOf(token), conversation);
    return {
      url: `http://127.0.0.1:${port}`,
      token,
      end: () => served.end(),
      goOn: () => served.goOn(),
      close: async () => {
        this.#open.delete(hashOf(token));
        await closeConversation(conversation);
      },
    };
  }

  /** Closes what is open and waits. Repeatable. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const conversations = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(conversations.map(closeConversation));
    const listening = await this.#listening?.catch(() => null); // Whoever wanted to open has been told.
    if (!listening) return;
    await new Promise((resolve) => {
      listening.server.close(resolve);
      listening.server.closeAllConnections();
    });
  }

  #listen(): Promise<{ server: Server; port: number }> {
    const server = createServer({
      // For what is received; how long an answer takes is up to the tool, and nothing here cuts it.
      requestTimeout: toolServerLimits.requestMs,
      headersTimeout: toolServerLimits.requestMs,
      maxHeaderSize: toolServerLimits.headersBytesMax,
    });
    server.timeout = 0;
    server.maxConnections = toolServerLimits.connectionsMax;
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
    // Connections break at any time; whoever writes to them is told.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      checkCaller(request, port);
      const conversation = this.#open.get(hashOf(bearerToken(request)));
      if (!conversation)
        throw new HttpError(
          401,
          "no open session has this token: it is valid while its session runs (LONGHAUL_TOOLS_TOKEN, as a bearer token)",
        );
      await answerRequest(conversation, request, response);
    } catch (error) {
      if (response.destroyed) return;
      if (!(error instanceof HttpError)) this.#options.report(error);
      const [status, message] =
        error instanceof HttpError ? [error.status, error.message] : [500, "a fault of Longhaul's own"];
      sendJson(response, status, { error: message });
    }
  }
}

async function closeConversation({ tools, mcp }: Conversation): Promise<void> {
  await tools.close();
  await mcp?.close();
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");
