/**
 * The role tools of one conversation over MCP (streamable HTTP, without sessions of its own). A tool that fails is a result
 * with `isError`: only what is no call of a tool at all is an error of the protocol.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createMcpHandler, Server, type McpHttpHandler, type Tool as McpTool } from "@modelcontextprotocol/server";
import { toolServerLimits } from "../../domain/limits.ts";
import { HttpError } from "./exchange.ts";
import type { OpenTools } from "./open-tools.ts";

/** Where a client puts the key of a call that it may repeat. */
const keyInMeta = "longhaul/key";

export function mcpHandler(tools: OpenTools, version: string): McpHttpHandler {
  return createMcpHandler(() => serverOf(tools, version), {
    // Always a stream: of an answer that takes 20 minutes the head and signs of life come at once, before a client gives up.
    responseMode: "sse",
    keepAliveMs: toolServerLimits.keepAliveMs,
    maxSubscriptions: 1,
  });
}

function serverOf(tools: OpenTools, version: string): Server {
  const server = new Server({ name: "longhaul", version }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({
    tools: tools.list().map(({ name, description, input }) => ({
      name,
      description,
      inputSchema: input as McpTool["inputSchema"],
    })),
  }));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq: { _meta: meta } }) => {
    const key = meta?.[keyInMeta];
    const call = { name: params.name, input: params.arguments ?? {}, key: typeof key === "string" ? key : null };
    // Not ended with its connection: a client that lost it asks again with the same key, and gets this answer.
    const { ok, text } = await tools.call(call);
    return { content: [{ type: "text", text }], isError: !ok };
  });
  return server;
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
  const asked = new Request(`http://${request.headers.host}${request.url}`, { method, headers });
  const answer = await handler.fetch(asked, method === "POST" ? { parsedBody: body } : {});
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!answer.body) return void response.end();
  await pipeline(Readable.fromWeb(answer.body), response);
}
