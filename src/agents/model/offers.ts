/** Role tools as a provider is told of them. */
import { z } from "zod";
import type { Tool } from "../tools/tool.ts";
import { jsonToolSchema, type ToolOffer } from "./request.ts";

/** Inputs are checked by the tools themselves, which can say better than the SDK how to do it right. */
export function toolOffers(tools: readonly Tool[]): ToolOffer[] {
  return tools.map(({ name, description, input }) => {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input", target: "draft-7", unrepresentable: "any" });
    return { name, description, inputSchema: jsonToolSchema(schema) };
  });
}
