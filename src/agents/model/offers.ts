/** Role tools as a provider is told of them. */
import type { Tool } from "../tools/tool.ts";
import { toolTexts } from "../tools/tool-texts.ts";
import { jsonToolSchema, type ToolOffer } from "./request.ts";

/** Inputs are checked by the tools themselves, which can say better than the SDK how to do it right. */
export function toolOffers(tools: readonly Tool[]): ToolOffer[] {
  return toolTexts(tools).map(({ name, description, input }) => ({
    name,
    description,
    inputSchema: jsonToolSchema(input),
  }));
}
