/**
 * Serves role tools to programs that we did not write: one HTTP server for the process, on loopback, begun with the first
 * session that needs it. Invariant: a token opens the tools of one conversation, for as long as that is open.
 */
import { bearerToken } from "../loopback/exchange.ts";
import { LoopbackServer, type Door } from "../loopback/server.ts";
import type { SessionEnd, Tool, ToolContext } from "../tools/tool.ts";
import { OpenTools } from "./open-tools.ts";
import { answerRequest, type AskedTools, type Conversation } from "./routes.ts";
import { ShownTools } from "./shown-tools.ts";

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

/** `listed` answers once somebody has listed them. */
export type SeenTools = Door & { listed: Promise<void> };

export type ToolServerOptions = {
  /** Of the product. */
  version: string;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class ToolServer {
  readonly #options: ToolServerOptions;
  readonly #loopback: LoopbackServer;

  constructor(options: ToolServerOptions) {
    this.#options = options;
    this.#loopback = new LoopbackServer({
      name: "the tool server",
      tokenOf: bearerToken,
      tokenPlace: "LONGHAUL_TOOLS_TOKEN, as a bearer token",
      errorBody: ({ message }) => ({ error: message }),
      report: options.report,
    });
  }

  /** Rejects when the machine has no port left. `onEnd` is told when an end tool was taken; it must not throw. */
  async open(
    tools: readonly Tool[],
    context: Omit<ToolContext, "call">,
    onEnd: () => void = () => {},
  ): Promise<ServedTools> {
    const served = new OpenTools(tools, context, this.#options.report, onEnd);
    const door = await this.#door(served);
    return { ...door, end: () => served.end(), goOn: () => served.goOn() };
  }

  /** To see whether an agent finds them: whoever has the token may list the tools, and call none. */
  async show(tools: readonly Tool[]): Promise<SeenTools> {
    const shown = new ShownTools(tools);
    return { ...(await this.#door(shown)), listed: shown.listed };
  }

  #door(tools: AskedTools): Promise<Door> {
    const conversation: Conversation = { tools, version: this.#options.version, requests: 0, mcp: null };
    return this.#loopback.open({
      answer: (request, response) => answerRequest(conversation, request, response),
      close: () => closeConversation(conversation),
    });
  }

  /** Closes what is open and waits. Repeatable. */
  stop(): Promise<void> {
    return this.#loopback.stop();
  }
}

async function closeConversation({ tools, mcp }: Conversation): Promise<void> {
  await tools.close();
  await mcp?.close();
}
