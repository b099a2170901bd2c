/**
 * The role tools of one conversation over MCP (streamable HTTP, without sessions of its own). A tool that fails is a result
 * with `isError`: only what is no call of a tool at all is an error of the protocol.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  createMcpHandler,
  Server,
  type McpHttpHandler,
  type RequestId,
  type Tool as McpTool,
} from "@modelcontextprotocol/server";
import { toolServerLimits } from "../../domain/limits.ts";
import { goneSignal, HttpError } from "../loopback/exchange.ts";
import type { AskedTools } from "./routes.ts";

/** Where a client puts the key of a call that it may repeat. */
const keyInMeta = "longhaul/key";

export function mcpHandler(tools: AskedTools, version: string): McpHttpHandler {
  const calls = new CallsById();
  return createMcpHandler(() => serverOf(tools, version, calls), {
    // Always a stream: of an answer that takes 20 minutes the head and signs of life come at once, before a client gives up.
    responseMode: "sse",
    keepAliveMs: toolServerLimits.keepAliveMs,
    maxSubscriptions: 1,
  });
}

function serverOf(tools: AskedTools, version: string, calls: CallsById): Server {
  const server = new Server({ name: "longhaul", version }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({
    tools: tools.list().map(({ name, description, input }) => ({
      name,
      description,
      inputSchema: input as McpTool["inputSchema"],
    })),
  }));
  server.setRequestHandler("tools/call", async ({ params }, { http, mcpReq: { id, _meta: meta } }) => {
    const key = meta?.[keyInMeta];
    const cancelled = new AbortController();
    calls.add(id, cancelled);
    const { ok, text } = await tools
      .call({
        name: params.name,
        input: params.arguments ?? {},
        key: typeof key === "string" ? key : null,
        gone: http?.req ? AbortSignal.any([cancelled.signal, http.req.signal]) : cancelled.signal,
      })
      .finally(() => calls.remove(id, cancelled));
    return { content: [{ type: "text", text }], isError: !ok };
  });
  server.setNotificationHandler("notifications/cancelled", ({ params }) => {
    if (params.requestId !== undefined) calls.cancel(params.requestId);
  });
  return server;
}

/** A client that gives up says so in a request of its own, which names the call by the id that the client gave it. */
class CallsById {
  readonly #running = new Map<RequestId, Set<AbortController>>();

  add(id: RequestId, call: AbortController): void {
    this.#running.set(id, (this.#running.get(id) ?? new Set()).add(call));
  }

  remove(id: RequestId, call: AbortController): void {
    const calls = this.#running.get(id);
    calls?.delete(call);
    if (calls?.size === 0) this.#running.delete(id);
  }

  /** Of two clients with one token each may have a call of this id: then it is not known which was meant. */
  cancel(id: RequestId): void {
    const [call, ...more] = this.#running.get(id) ?? [];
    if (more.length === 0) call?.abort();
  }
}

/** `body`: of the request, parsed. */
export async function serveMcp(
  handler: McpHttpHandler,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Promise<void> {
  if (Array.isArray(body)) throw new HttpError(400, "batches are not taken: one message in each request");
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : [],
  );
  const method = request.method ?? "GET";
  const url = `http://${request.headers.host}${request.url}`;
  const asked = new Request(url, { method, headers, signal: goneSignal(response) });
  const answer = await handler.fetch(asked, method === "POST" ? { parsedBody: body } : {});
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) return void response.end();
  try {
    await pipeline(Readable.fromWeb(answer.body), response);
  } catch (error) {
    // A client that is killed leaves what it was reading.
    if (!response.destroyed || (error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
