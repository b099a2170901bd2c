/** Who hears that the trunk is red, where the plain story does not hold: checks that differ, that are new, that last. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import type { BriefMessage } from "../../src/domain/brief.ts";
import { until } from "./until.ts";
import { makeWorld, type World } from "./world.ts";

type Red = Extract<BriefMessage, { kind: "trunk_red" }>;

test("a check that begins to fail while another one fails is told as well", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const message of red) note("red", message);
      if (brief.tasks.length === 0) plan(...["other", "break", "more", "wait"].map(create));
      else plan();
    },
    worker: async ({ brief, write, gate }) => {
      const { name } = brief.task;
      await gate(name);
      if (name === "break") write("state.txt", "bad\n");
      else write(`${name}.txt`, "done\n");
    },
    acceptance: ["test -f wait.txt"],
    checks: [
      { name: "not yet", command: "test -f wait.txt" },
      { name: "state", command: "! grep -q bad state.txt" },
    ],
  });
  const engine = await world.startRun();
  const checked = (n: number) =>
    until(
      `${n} runs of the checks`,
      async () => (await world.events()).filter(({ type }) => type.startsWith("checks.")).length >= n,
    );
  await checked(1);
  for (const [n, name] of ["other", "break", "more"].entries()) {
    world.open(name);
    await checked(n + 2);
  }
  await until(
    "both to be told",
    () => world.notes<Red>("red").length > 1 || null,
    () => JSON.stringify(world.notes("red")),
  );
  world.open("wait");
  await engine.ended;
  expect(world.notes<Red>("red")).toMatchObject([
    { detail: expect.stringMatching(/^not yet:/) },
    { detail: expect.stringMatching(/^state:/), suspects: [{ title: "break" }] },
  ]);
});

async function landed(world: World, count: number): Promise<void> {
  for (let seen = 0; seen < count;) seen = (await world.tasks()).filter(({ status }) => status === "landed").length;
}

test("what fails by now on green as well is no task's fault", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      for (const message of brief.inbox.filter(({ kind }) => kind === "trunk_red")) note("red", message);
      plan(...(brief.tasks.length === 0 ? ["a", "b", "c", "d", "wait"].map(create) : []));
    },
    worker: async ({ brief, write, gate }) => {
      await gate(brief.task.name);
      write(`${brief.task.name}.txt`, "done\n");
    },
    acceptance: ["test -f wait.txt"],
    checks: [
      {
        name: "outside",
        command:
          'cd "$LONGHAUL_CONFIG_DIR"; while [ -e hold-a ]; do sleep 0.05; done; [ ! -e "$OLDPWD/d.txt" ] || while [ -e hold-d ]; do sleep 0.05; done; test ! -e broken',
      },
    ],
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  for (const hold of ["hold-a", "hold-d"]) world.write(hold, "");
  world.open("a");
  await landed(world, 1);
  for (const name of ["b", "c", "d"]) world.open(name);
  await landed(world, 4);
  rmSync(world.path("hold-a"));
  await until(
    "a to be green",
    async () => (await world.events()).filter(({ type }) => type === "checks.passed").length > 1,
  );
  world.write("broken", "");
  rmSync(world.path("hold-d"));
  await engine.says(/checks failed on \w+: outside/);
  world.open("wait");
  await engine.ended;
  expect(world.notes<Red>("red")).toMatchObject([{ suspects: [], bisected: true }]);
});

test("a search ends when its time is over", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      for (const message of brief.inbox.filter(({ kind }) => kind === "trunk_red")) note("red", message);
      plan(...(brief.tasks.length === 0 ? ["a", "b", "c", "d", "e", "f", "g", "bad", "wait"].map(create) : []));
    },
    worker: async ({ brief, write, gate }) => {
      await gate(brief.task.name);
      write(`${brief.task.name}.txt`, "done\n");
    },
    acceptance: ["test -f wait.txt"],
    // It fails at once, and passes slowly.
    checks: [
      {
        name: "slow",
        command:
          'while [ -e "$LONGHAUL_CONFIG_DIR/hold" ]; do sleep 0.05; done; test ! -e bad.txt && if [ -e a.txt ]; then echo run >> "$LONGHAUL_CONFIG_DIR/runs"; sleep 1.5; fi',
      },
    ],
    limits: { bisectMs: 1_000 },
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  world.write("hold", "");
  world.open("a");
  await landed(world, 1);
  for (const name of ["b", "c", "d", "e", "f", "g"]) world.open(name);
  await landed(world, 7);
  world.open("bad");
  await landed(world, 8);
  rmSync(world.path("hold"));
  await engine.says(/checks failed on \w+: slow/);
  world.open("wait");
  await engine.ended;
  expect(world.notes<Red>("red")).toMatchObject([{ bisected: false }]);
});

test("a judgement runs a check that failed again: it may have failed by chance", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "mine", title: "mine" }] : [])),
    worker: ({ brief, write, print }) => {
      if (brief.cycle.number === 1) write("mine.txt", "done\n");
      else print({ version: 1, status: "nothing_to_do", handoff: { done: "nothing is broken" } });
    },
    acceptance: ["test -f mine.txt"],
    checks: [
      {
        name: "by chance",
        command:
          '[ ! -e mine.txt ] || [ -e "$LONGHAUL_CONFIG_DIR/again" ] || { touch "$LONGHAUL_CONFIG_DIR/again"; false; }',
      },
    ],
    limits: { cyclesMax: 3 },
  });
  const { code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const outcomes = (await world.events()).flatMap(({ type }) => (type.startsWith("checks.") ? [type] : []));
  expect(outcomes.slice(-2)).toEqual(["checks.failed", "checks.passed"]);
});
