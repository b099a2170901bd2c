import { expect, test } from "vitest";
import { renderPrompt } from "./prompt.ts";

test("a prompt is shown whole: instructions, message, tools", () => {
  const tools = [
    { name: "end_turn", description: "Ends this turn.", input: { type: "object", properties: {} } },
    { name: "git", description: "Looks.", input: { type: "object" } },
  ];
  expect(
    renderPrompt({ notes: ["p1, agent planner"], hash: "0123456789ab", system: "You are.\n", message: "Do.", tools }),
  ).toMatchInlineSnapshot(`
    "p1, agent planner

    ===== system instructions, prompt 0123456789ab =====

    You are.


    ===== first message =====

    Do.

    ===== 2 tools =====

    end_turn: Ends this turn.
    {
      "type": "object",
      "properties": {}
    }

    git: Looks.
    {
      "type": "object"
    }"
  `);
});
