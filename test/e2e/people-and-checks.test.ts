/** People push to the branch that a run follows, while its checks run: what is verified, who is suspected, where green stays. */
import { existsSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import type { BriefMessage } from "../../src/domain/brief.ts";
import { push, withRemote } from "./people.ts";
import { until } from "./until.ts";
import { makeWorld, type World } from "./world.ts";

type Red = Extract<BriefMessage, { kind: "trunk_red" }>;

/** Waits while the file `hold` is there, and says so with the file `held`; then looks for what is bad. */
const held = {
  name: "state",
  command:
    'while [ -e "$LONGHAUL_CONFIG_DIR/hold" ]; do touch "$LONGHAUL_CONFIG_DIR/held"; sleep 0.05; done; ! grep -q bad *.txt',
};
const following = { remote: "origin", follow: "main" };
const limits = { mirrorMs: 50, mirrorMsMax: 100 };

/** Answers the commit of the trunk that it landed as. */
async function theirsLanded(world: World, theirs: string): Promise<unknown> {
  const landed = await until(`what people pushed (${theirs}) to land`, async () =>
    (await world.events()).find(({ type, data }) => type === "follow.landed" && data["theirs"] === theirs),
  );
  return landed.data["commit"];
}

async function passed(world: World, commit: unknown): Promise<void> {
  await until("the checks to pass", async () =>
    (await world.events()).some(({ type, data }) => type === "checks.passed" && data["commit"] === commit),
  );
}

async function checksHeld(world: World): Promise<void> {
  await until("the checks to be held", () => existsSync(world.path("held")));
}

test("what landed below a commit of people's is verified with it", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      plan(...(brief.tasks.length === 0 ? ["mine", "wait"].map(create) : []));
    },
    worker: async ({ brief, write, gate }) => {
      await gate(brief.task.name);
      write(`${brief.task.name}.txt`, "done\n");
    },
    acceptance: ["test -f wait.txt"],
    // They fail on what landed alone.
    checks: [{ name: "state", command: "[ ! -e mine.txt ] || [ -e theirs.txt ]" }],
    publish: following,
    limits,
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  world.open("mine");
  await engine.says(/"mine" landed/);
  const tip = await theirsLanded(world, push(world, "theirs.txt", "pushed\n"));
  await passed(world, tip);
  const mine = (await world.tasks()).find(({ name }) => name === "mine");
  expect(mine?.landing?.verified?.commit).toBe(tip);
  world.open("wait");
  expect((await engine.ended).code).toBe(0);
});

test("what turns red with a commit of people's is no task's fault", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const message of red) note("red", message);
      if (brief.tasks.length === 0) plan(...["a", "b", "wait"].map(create));
      else plan(...(red.length > 0 ? [create("mend")] : []));
    },
    worker: async ({ brief, write, gate }) => {
      const { name } = brief.task;
      await gate(name);
      if (name === "mend") return write("theirs.txt", "mended\n");
      write(`${name}.txt`, "done\n");
    },
    acceptance: ["grep -q mended theirs.txt"],
    checks: [held],
    publish: following,
    limits,
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  world.write("hold", "");
  await theirsLanded(world, push(world, "early.txt", "pushed\n"));
  // Its checks last until all the others are there.
  await checksHeld(world);
  world.open("a");
  await engine.says(/"a" landed/);
  await theirsLanded(world, push(world, "theirs.txt", "bad\n"));
  world.open("b");
  await engine.says(/"b" landed/);
  rmSync(world.path("hold"));
  await engine.says(/checks failed on \w+: state/);
  for (const gate of ["mend", "wait"]) world.open(gate);
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.notes<Red>("red")).toMatchObject([{ bisected: true, suspects: [], suspectsOmitted: 0 }]);
});

test("green does not go back to the commit that a judge has looked at", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "mine", title: "mine" }] : [])),
    worker: ({ write }) => write("mine.txt", "done\n"),
    judge: async ({ gate, print }) => {
      await gate("judge");
      print({ version: 1, verdict: "achieved" });
    },
    checks: [held],
    publish: following,
    limits,
  });
  const engine = await world.startRun();
  await world.reached("judge");
  const tip = await theirsLanded(world, push(world, "theirs.txt", "pushed\n"));
  await passed(world, tip);
  world.open("judge");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("rev-parse", `longhaul/${engine.run}-green`)).toBe(tip);
});

test("green does not go back to a commit that is to be judged, when people have pushed meanwhile", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "mine", title: "mine" }] : [])),
    worker: ({ write }) => write("mine.txt", "done\n"),
    acceptance: ['touch "$LONGHAUL_CONFIG_DIR/judged"; while [ ! -e "$LONGHAUL_CONFIG_DIR/go" ]; do sleep 0.05; done'],
    checks: [held],
    publish: following,
    limits,
  });
  const engine = await world.startRun();
  await until("the judgement", () => existsSync(world.path("judged")));
  const tip = await theirsLanded(world, push(world, "theirs.txt", "pushed\n"));
  await passed(world, tip);
  world.write("go", "");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("rev-parse", `longhaul/${engine.run}-green`)).toBe(tip);
  const checked = (await world.events()).flatMap(({ type, data }) =>
    type === "checks.passed" ? [data["commit"]] : [],
  );
  expect([checked.at(-1), checked]).toEqual([tip, [...new Set(checked)]]);
});

test("what turns red while a commit is judged is told to the next cycle", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan, note }) => {
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const message of red) note("red", { cycle: brief.cycle.number, message });
      const create = (name: string) => ({ type: "create_task", name, title: name });
      plan(...(brief.tasks.length === 0 ? [create(red.length > 0 ? "mend" : "mine")] : []));
    },
    worker: ({ brief, write }) => write(brief.task.name === "mend" ? "theirs.txt" : "mine.txt", "done\n"),
    judge: async ({ brief, gate, print }) => {
      if (brief.cycle.number === 1) await gate("judge");
      print({ version: 1, verdict: brief.cycle.number === 1 ? "continue" : "achieved", brief: "go on" });
    },
    checks: [held],
    publish: following,
    limits,
  });
  const engine = await world.startRun();
  await world.reached("judge");
  const tip = await theirsLanded(world, push(world, "theirs.txt", "bad\n"));
  await engine.says(/checks failed on \w+: state/);
  world.open("judge");
  await engine.ended;
  expect(world.notes("red")).toMatchObject([{ cycle: 2, message: { red: tip, suspects: [] } }]);
});
