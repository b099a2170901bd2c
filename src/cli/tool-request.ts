/** One request to the server of a session's tools. Not with `fetch`, which gives up on an answer after 5 minutes. */
import { request, type IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { toolServerLimits } from "../domain/limits.ts";

export type ToolServerAddress = { url: string; token: string };

/** `key`: makes it repeatable. */
export type ToolRequest = { method: "GET"; path: string } | { method: "POST"; path: string; body: string; key: string };

export type ToolServerAnswer =
  | { kind: "answered"; body: unknown }
  /** For what was asked; asking again would not help. */
  | { kind: "refused"; status: number; message: string }
  | { kind: "no_answer"; reason: string };

export async function askServer(address: ToolServerAddress, asked: ToolRequest): Promise<ToolServerAnswer> {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(address, asked);
    if (answer.kind !== "no_answer" || tries >= toolServerLimits.triesMax) return answer;
    await wait(toolServerLimits.retryMs * tries);
  }
}

async function askOnce({ url, token }: ToolServerAddress, asked: ToolRequest): Promise<ToolServerAnswer> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(asked.method === "POST" && { "content-type": "application/json", "idempotency-key": asked.key }),
  };
  try {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request(new URL(asked.path, url), { method: asked.method, headers });
      sent.once("error", reject);
      sent.once("response", (response) => {
        readText(response).then((body) => resolve({ status: response.statusCode ?? 0, text: body }), reject);
      });
      sent.end(asked.method === "POST" ? asked.body : undefined);
    });
    const body = JSON.parse(text) as { error?: string };
    if (status === 200) return { kind: "answered", body };
    return { kind: "refused", status, message: body.error ?? `the session's server answered ${status}` };
  } catch (error) {
    // Nobody there, a connection that broke, or an answer that broke off.
    if (!(error instanceof Error)) throw error;
    return { kind: "no_answer", reason: error.message || ("code" in error ? String(error.code) : error.name) };
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > toolServerLimits.answerBytesMax) throw new Error("its answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
