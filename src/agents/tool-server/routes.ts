/** What is where: `/mcp`, and for programs without MCP `GET /tools` and `POST /tools/NAME`. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { McpHttpHandler } from "@modelcontextprotocol/server";
import { toolServerLimits } from "../../domain/limits.ts";
import { goneSignal, HttpError, readJson, sendJson } from "../loopback/exchange.ts";
import type { OpenTools } from "./open-tools.ts";

/** What can be asked of a conversation's tools. */
export type AskedTools = Pick<OpenTools, "list" | "call" | "close">;

export type Conversation = {
  tools: AskedTools;
  /** Of the product. */
  version: string;
  /** Being answered. */
  requests: number;
  mcp: McpHttpHandler | null;
};

/** Rejects with `HttpError` for what the caller did wrong. */
export async function answerRequest(
  conversation: Conversation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (conversation.requests >= toolServerLimits.requestsAtOnceMax)
    throw new HttpError(429, `${conversation.requests} requests of this session are open: let some of them end first`);
  conversation.requests++;
  try {
    await route(conversation, request, response);
  } finally {
    conversation.requests--;
  }
}

async function route(conversation: Conversation, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { tools } = conversation;
  const [path = ""] = (request.url ?? "").split("?", 1);
  if (path === "/mcp") return answerMcp(conversation, request, response);
  if (path === "/tools" && request.method === "GET") return sendJson(response, 200, { tools: tools.list() });
  const [, name] = /^\/tools\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined || request.method !== "POST")
    throw new HttpError(404, "there are POST /mcp, GET /tools and POST /tools/NAME");
  const input = await readJson(request, toolServerLimits.bodyBytesMax);
  const key = request.headers["idempotency-key"];
  const call = { name: decoded(name), input, key: typeof key === "string" ? key : null, gone: goneSignal(response) };
  const { ok, text } = await tools.call(call);
  sendJson(response, 200, { ok, text });
}

async function answerMcp(conversation: Conversation, request: IncomingMessage, response: ServerResponse) {
  const body = request.method === "POST" ? await readJson(request, toolServerLimits.bodyBytesMax) : null;
  // Loaded for the first who speaks MCP: it is the biggest part of all this.
  const { mcpHandler, serveMcp } = await import("./mcp.ts");
  conversation.mcp ??= mcpHandler(conversation.tools, conversation.version);
  await serveMcp(conversation.mcp, request, response, body);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new HttpError(400, "the tool's name is not a valid path");
  }
}
