/** Calls of the product against the fake model, on all five kinds of provider. */
import type { ModelMessage } from "ai";
import { z } from "zod";
import type { Tokens } from "../../domain/call.ts";
import { defaultCredentials } from "../../../test/fake-model/mind.ts";
import type { FakeModel } from "../../../test/fake-model/server.ts";
import { outputOf, type Usage } from "../../../test/fake-model/tokens.ts";
import { callModel, type Answer, type CallEnd, type CallOrder, type Failed, type OpenCall } from "./call.ts";
import { openModel, type Model, type ProviderKind } from "./providers.ts";

export const kinds = ["anthropic", "openai", "openai-chat", "openai-compatible", "google"] as const;

/** Long enough for this machine at its busiest: what is to run out in a test is set there. */
export const patient = { firstOutputMs: 30_000, chunkMs: 30_000, callMs: 30_000 };

export const readTool = {
  name: "read",
  description: "Reads a file.",
  inputSchema: z.object({ path: z.string().describe("Of the file.") }),
};

export function modelOf(
  server: FakeModel,
  kind: ProviderKind,
  { key = defaultCredentials.default, id = "fake-model" }: { key?: string | null; id?: string } = {},
): Model {
  const urls = { anthropic: server.anthropicUrl, google: server.googleUrl };
  const baseUrl = kind === "anthropic" || kind === "google" ? urls[kind] : server.openaiUrl;
  return openModel(`vendor/${id}`, { kind, baseUrl, key });
}

export const asking = (model: Model, of: Partial<CallOrder> = {}): CallOrder => ({
  model,
  instructions: "You are a worker.",
  messages: [{ role: "user", content: "Go on." }],
  tools: [readTool],
  outputTokensMax: 1000,
  effort: null,
  headers: {},
  timeouts: patient,
  signal: new AbortController().signal,
  onText: () => {},
  ...of,
});

export async function answered(order: CallOrder): Promise<Answer> {
  const end = await callModel(order);
  if (end.kind === "failed") throw new Error(`no answer: ${JSON.stringify(end.fault)}`);
  return end;
}

export function failedOf(end: CallEnd): Failed {
  if (end.kind === "answered") throw new Error(`an answer: ${JSON.stringify(end.messages)}`);
  return end;
}

export const resultsOf = (calls: readonly OpenCall[]): ModelMessage => ({
  role: "tool",
  content: calls.map(({ id, name }) => ({
    type: "tool-result",
    toolCallId: id,
    toolName: name,
    output: { type: "text", value: "ok" },
  })),
});

/** The ledger's usage in our words. */
export const billedTokens = (usage: Usage): Tokens => ({
  input: usage.noCache,
  cached: usage.cacheRead,
  written: usage.cacheWrite,
  output: outputOf(usage),
});
