/** A real tool server with the real tools of a role in a real workspace, and the ways to call them. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, onTestFinished } from "vitest";
import type { Role } from "../../../src/domain/session.ts";
import { ToolServer, type ServedTools } from "../../../src/agents/tool-server/server.ts";
import type { Tool, ToolContext } from "../../../src/agents/tools/tool.ts";
import { toolsFor } from "../../../src/agents/tools/tools.ts";
import { openWorld, type World } from "../tools/world.ts";

const faults: unknown[] = [];
export const server = new ToolServer({ version: "1.2.3", report: (error) => faults.push(error) });
afterAll(async () => {
  await server.stop();
  if (faults.length > 0) throw new AggregateError(faults, "faults of ours");
});

export type Serving = World & { served: ServedTools };
export type Answer = { ok: boolean; text: string };

export async function serve(role: Role, tools?: readonly Tool[], more: Partial<ToolContext> = {}): Promise<Serving> {
  const world = openWorld(role);
  const served = await server.open(tools ?? toolsFor(role), { ...world.context, ...more });
  onTestFinished(() => served.close());
  return { ...world, served };
}

export async function connect({ url, token }: Pick<ServedTools, "url" | "token">): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

export async function callMcp(client: Client, name: string, input: object, key?: string): Promise<Answer> {
  const meta = key === undefined ? {} : { _meta: { "longhaul/key": key } };
  const result = await client.callTool({ name, arguments: { ...input }, ...meta });
  const [first] = result.content;
  if (first?.type !== "text") throw new Error(`no text: ${JSON.stringify(result)}`);
  return { ok: !result.isError, text: first.text };
}

/** `POST /tools/NAME`; throws what is no answer of a tool. */
export async function callHttp(served: ServedTools, name: string, input: unknown, key?: string): Promise<Answer> {
  const response = await post(served, `/tools/${name}`, JSON.stringify(input), key);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

export function post({ url, token }: Pick<ServedTools, "url" | "token">, path: string, body: string, key?: string) {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    ...(key !== undefined && { "idempotency-key": key }),
  };
  return fetch(url + path, { method: "POST", headers, body });
}
