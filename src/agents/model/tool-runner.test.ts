import { expect, test } from "vitest";
import { z } from "zod";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { ToolRunner } from "./tool-runner.ts";

test("calls of two replies are two calls, also where a server gives them the same id", async () => {
  const seen: string[] = [];
  const order: Tool = {
    name: "order",
    description: "",
    input: z.object({}),
    roles: ["planner"],
    effect: "run",
    run: async (_, { call }) => {
      seen.push(call);
      return { ok: true, text: "Ordered." };
    },
  };
  const context = { onOutput: () => {} } as unknown as Omit<ToolContext, "call">;
  const runner = new ToolRunner([order], context, () => {});
  const openCalls = [{ id: "call_0", name: "order", input: {} }];
  for (const replies of [1, 2, 2]) await runner.next({ openCalls, failedTools: [], replies });
  expect(seen[0]).not.toBe(seen[1]);
  expect(seen[1]).toBe(seen[2]); // The same call again, after a crash.
});
