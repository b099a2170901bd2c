/** What a worker's own tree is held against, what its checks leave there, and how long its session may wait for them. */
import { expect, test } from "vitest";
import { makeWorld } from "./world.ts";

test("before: what fails where a worker began holds it up no more when the trunk is mended", async () => {
  const world = makeWorld({ files: { "state.txt": "bad\n" } });
  world.configure({
    planner: ({ brief, plan }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      plan(...(brief.tasks.length === 0 ? ["mend", "other"].map(create) : []));
    },
    worker: async ({ brief, write, gate, note }) => {
      const { name } = brief.task;
      if (brief.sentBack !== null) note("sent back", brief.sentBack);
      await gate(name);
      write(name === "mend" ? "state.txt" : "other.txt", "good\n");
    },
    acceptance: ["test -f other.txt"],
    checks: [{ name: "state", command: "grep -q good state.txt" }],
    checkPolicy: "before",
  });
  const engine = await world.startRun();
  await Promise.all(["mend", "other"].map((name) => world.reached(name)));
  world.open("mend");
  await engine.says(/green: checks passed/);
  world.open("other");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.notes("sent back")).toEqual([]);
});

test("before: what checks leave behind does not land", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "mine", title: "mine" }] : [])),
    worker: ({ brief, write }) => write("state.txt", brief.sentBack === null ? "bad\n" : "better\n"),
    acceptance: ["grep -q better state.txt"],
    checks: [{ name: "state", command: "echo report > report.txt; ! grep -q bad state.txt" }],
    checkPolicy: "before",
  });
  const { code, run } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("ls-tree", "-r", "--name-only", `longhaul/${run}`)).toBe("state.txt");
});

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
