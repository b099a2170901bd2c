/** Owns the counts of tokens: what a provider said, and estimates for before it has said it, or when it never will. */
import { asSchema, type LanguageModelUsage, type ModelMessage } from "ai";
import type { Tokens } from "../../domain/call.ts";
import type { ToolOffer } from "./request.ts";

/**
 * English prose has about 4 bytes to a token, source code 3 to 3.5 and JSON with paths and quotes about 3; the newest
 * tokenizers make up to a third more of the same text. Budgets are reserved by this estimate before a call and settled
 * by what the provider reports after it. Too high a guess delays other sessions near the end of a budget; too low a one
 * overspends it. So the densest text that agents commonly send counts: 2.5 bytes to a token.
 */
const bytesPerToken = 2.5;

/** What vendors wrap around a message, and around a tool; and the prompt that they add when there are tools. */
const tokensPerMessage = 8;
const tokensPerTool = 16;
const tokensOfToolUse = 500;

export const estimateTokens = (bytes: number): number => Math.ceil(bytes / bytesPerToken);

/** Of the input of a request. High rather than low. */
export async function estimateInput(request: {
  instructions: string;
  messages: readonly ModelMessage[];
  tools: readonly ToolOffer[];
}): Promise<number> {
  const { instructions, messages, tools } = request;
  const said = messages.reduce((sum, message) => sum + bytesOfMessage(message), 0);
  const bytes = Buffer.byteLength(instructions) + said + (await bytesOfTools(tools));
  const around = (messages.length + 1) * tokensPerMessage + tools.length * tokensPerTool;
  return estimateTokens(bytes) + around + (tools.length > 0 ? tokensOfToolUse : 0);
}

/** What has been said is never changed: a message is counted once, however many requests it is part of. */
const messageBytes = new WeakMap<ModelMessage, number>();
const toolsBytes = new WeakMap<readonly ToolOffer[], number>();

function bytesOfMessage(message: ModelMessage): number {
  const known = messageBytes.get(message);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(message));
  messageBytes.set(message, bytes);
  return bytes;
}

async function bytesOfTools(tools: readonly ToolOffer[]): Promise<number> {
  const known = toolsBytes.get(tools);
  if (known !== undefined) return known;
  const schemas = await Promise.all(tools.map(({ inputSchema }) => asSchema(inputSchema).jsonSchema));
  const offers = tools.map(({ name, description }, at) => [name, description, schemas[at]]);
  const bytes = Buffer.byteLength(JSON.stringify(offers));
  toolsBytes.set(tools, bytes);
  return bytes;
}

/** Null: the provider did not say it. The vendors' own counts stay whole numbers, whatever a gateway makes of them. */
export function tokensOf({ inputTokens, inputTokenDetails, outputTokens }: LanguageModelUsage): Tokens | null {
  if (inputTokens === undefined || outputTokens === undefined) return null;
  const whole = (count: number): number => Math.max(0, Math.ceil(count));
  const cached = whole(inputTokenDetails.cacheReadTokens ?? 0);
  const written = whole(inputTokenDetails.cacheWriteTokens ?? 0);
  return { input: whole(inputTokens - cached - written), cached, written, output: whole(outputTokens) };
}
