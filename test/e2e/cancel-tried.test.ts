/** A planner cancels a task whose work is being tried. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { until } from "./until.ts";
import { makeWorld } from "./world.ts";

test("gate: what is cancelled while it is tried, and fails, is not sent back", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const told = brief.inbox.some(({ kind }) => kind === "operator");
      if (brief.tasks.length === 0) plan(create("broken"), create("other"));
      else plan(...(told ? [{ type: "cancel_task", task: "broken", reason: "not wanted" }] : []));
    },
    worker: async ({ brief, write, note, gate }) => {
      if (brief.task.name === "other") await gate("other");
      if (brief.sentBack !== null) note("sent back", brief.task.name);
      write(brief.task.name === "other" ? "other.txt" : "state.txt", "bad\n");
    },
    acceptance: ["test -f other.txt"],
    checks: [
      {
        name: "state",
        command:
          'grep -q good state.txt || { : > "$LONGHAUL_CONFIG_DIR/tried"; while [ ! -e "$LONGHAUL_CONFIG_DIR/go" ]; do sleep 0.05; done; false; }',
      },
    ],
    checkPolicy: "gate",
    limits: { landingTriesMax: 3 },
  });
  const engine = await world.startRun();
  await until("the work to be tried", () => existsSync(world.path("tried")));
  expect((await world.longhaul("send", "root", "cancel it")).code).toBe(0);
  await until(
    "the planner to have read it",
    async () =>
      (await world.events()).filter(({ type, data }) => type === "session.ended" && data["outcome"] === "succeeded")
        .length > 1,
  );
  world.write("go", "");
  await until("the end of the task", async () =>
    (await world.tasks()).some(({ name, status }) => name === "broken" && !["ready", "running"].includes(status)),
  );
  expect(world.notes("sent back")).toEqual([]);
  expect((await world.tasks()).find(({ name }) => name === "broken")?.status).toBe("cancelled");
  world.open("other");
  await engine.ended;
});
