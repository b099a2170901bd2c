/** Role tools as a provider is told of them. */
import { z } from "zod";
import type { Tool } from "../tools/tool.ts";
import { jsonToolSchema, type ToolOffer } from "./request.ts";

/** What the model reads of a tool. */
export type ToolText = { name: string; description: string; input: { [key: string]: unknown } };

export function toolTexts(tools: readonly Tool[]): ToolText[] {
  return tools.map(({ name, description, input }) => {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input", target: "draft-7", unrepresentable: "any" });
    return { name, description, input: schema };
  });
}

/** Inputs are checked by the tools themselves, which can say better than the SDK how to do it right. */
export function toolOffers(tools: readonly Tool[]): ToolOffer[] {
  return toolTexts(tools).map(({ name, description, input }) => ({
    name,
    description,
    inputSchema: jsonToolSchema(input),
  }));
}
