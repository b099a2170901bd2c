/** What a worker's own tree is held against, what its checks leave there, and how long its session may wait for them. */
import { expect, test } from "vitest";
import { makeWorld } from "./world.ts";

test("gate: checks that last longer than an agent may work are no fault of its", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "mine", title: "mine" }] : [])),
    worker: ({ write }) => write("state.txt", "better\n"),
    acceptance: ["grep -q better state.txt"],
    checks: [{ name: "slow", command: "grep -q good state.txt || sleep 6" }],
    checkPolicy: "gate",
    limits: { softDeadlineMs: 3_000, hardDeadlineMs: 4_000 },
  });
  const { code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const sessions = (await world.events()).filter(({ type }) => type === "session.ended");
  expect(sessions.map(({ data }) => data["outcome"])).toEqual(sessions.map(() => "succeeded"));
});
