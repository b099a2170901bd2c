/** The same conversations with the AI SDK alone, in a process of their own: `models-sdk.ts ORDER_JSON`. Prints figures as JSON. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { jsonSchema, streamText, type ModelMessage, type ToolSet } from "ai";
import { toolTexts } from "../src/agents/tools/tool-texts.ts";
import { loadPrompts } from "../src/agents/prompts/prompts.ts";
import { toolsFor } from "../src/agents/tools/tools.ts";
import { Gauge } from "./models-gauge.ts";
import { key, modelId, resultLike, type ModelOrder } from "./models-work.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;
const outputTokensMax = 1_000;

const { sessions, modelUrl } = JSON.parse(process.argv[2] ?? "") as ModelOrder;
const { worker } = await loadPrompts();
const instructions = worker.text;
const model = createAnthropic({ baseURL: modelUrl, apiKey: key })(modelId);
const tools: ToolSet = Object.fromEntries(
  toolTexts(toolsFor("worker")).map(({ name, description, input }) => [
    name,
    { description, inputSchema: jsonSchema(input) },
  ]),
);
const gauge = new Gauge(sessions);

async function converse(session: number): Promise<void> {
  const messages: ModelMessage[] = [{ role: "user", content: "Do what is to do." }];
  for (;;) {
    const stream = streamText({
      model,
      instructions,
      messages,
      tools,
      maxOutputTokens: outputTokensMax,
      headers: { "x-session-key": `s${session}` },
    });
    await stream.consumeStream();
    const { response, toolCalls } = await stream.finalStep;
    gauge.answered();
    if (toolCalls.some(({ toolName }) => toolName === "submit")) return gauge.ended();
    messages.push(...response.messages);
    messages.push({
      role: "tool",
      content: toolCalls.map(({ toolCallId, toolName }) => ({
        type: "tool-result",
        toolCallId,
        toolName,
        output: { type: "text", value: resultLike(toolName) },
      })),
    });
  }
}

gauge.begin();
await Promise.all(Array.from({ length: sessions }, (_, session) => converse(session)));
console.log(JSON.stringify(await gauge.result()));
