/** Role tools as whoever calls them reads of them. */
import { z } from "zod";
import type { Tool } from "./tool.ts";

/** `input`: a JSON schema. */
export type ToolText = { name: string; description: string; input: { [key: string]: unknown } };

export function toolTexts(tools: readonly Tool[]): ToolText[] {
  return tools.map(({ name, description, input }) => {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input", target: "draft-7", unrepresentable: "any" });
    return { name, description, input: schema };
  });
}
