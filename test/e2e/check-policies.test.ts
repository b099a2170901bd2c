/** When checks run, and what they hold up: behind the trunk, in a worker's own tree, or as a gate before it. */
import { existsSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import type { BriefMessage } from "../../src/domain/brief.ts";
import { until } from "./until.ts";
import { landings, makeWorld } from "./world.ts";

const state = { name: "state", command: "cat state.txt; ! grep -q bad state.txt" };

test("before: work whose own tree fails goes back to its worker; what fails without it holds up nothing", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) =>
      brief.tasks.length === 0 ? plan({ type: "create_task", name: "change", title: "change" }) : plan(),
    worker: ({ brief, write, note }) => {
      note("sent back", brief.sentBack);
      write("state.txt", brief.sentBack === null ? "bad\n" : "better\n");
    },
    acceptance: ["grep -q better state.txt"],
    checks: [state, { name: "not yet", command: "grep -q better state.txt" }],
    checkPolicy: "before",
  });
  const { code, run } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.notes("sent back")).toEqual([
    null,
    {
      kind: "refused",
      reasons: [expect.stringMatching(/^the check state fails with this change .*exit code 1\):\nbad/)],
    },
  ]);
  expect(landings(world, run)).toHaveLength(1);
  expect(world.git("show", `longhaul/${run}:state.txt`)).toBe("better");
});

test("gate: together they are tried, a batch that fails is split, and only what passes lands", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      if (brief.tasks.length === 0) plan(...["a", "b", "broken", "c", "left", "right"].map(create));
      else plan();
    },
    worker: async ({ brief, read, write, note, gate }) => {
      const { name } = brief.task;
      if (brief.sentBack !== null) note("sent back", { name, ...brief.sentBack });
      else await gate("all");
      if (name === "broken") return write("state.txt", brief.sentBack === null ? "bad\n" : "mended\n");
      // Each of the two is right alone; the second to come has to see the first.
      const other = name === "left" ? "right" : "left";
      if ((name === "left" || name === "right") && brief.sentBack !== null && read(`${other}.txt`) === null)
        write(`${other}.seen.txt`, "not here\n");
      write(`${name}.txt`, brief.sentBack === null ? `${name}\n` : `${name} beside the other\n`);
    },
    acceptance: ["grep -q mended state.txt"],
    checks: [
      state,
      { name: "pair", command: "! { grep -qx left left.txt && grep -qx right right.txt; } 2>/dev/null" },
      // So that those who wait meanwhile are the next batch.
      { name: "slow", command: "sleep 0.5" },
    ],
    checkPolicy: "gate",
  });
  const engine = await world.startRun();
  await world.reached("all");
  world.open("all");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const back = world.notes<{ name: string; kind: string }>("sent back");
  expect(back.filter(({ name }) => name === "broken")).toMatchObject([{ kind: "refused" }]);
  expect(back.filter(({ name }) => name === "left" || name === "right")).toMatchObject([{ kind: "refused" }]);
  expect(back).toHaveLength(2);
  expect(landings(world, engine.run)).toHaveLength(6);
  const events = await world.events();
  expect(events.filter(({ type }) => type === "checks.failed")).toEqual([]);
  expect(world.git("rev-parse", `longhaul/${engine.run}-green`)).toBe(world.git("rev-parse", `longhaul/${engine.run}`));
  // The trunk never stood on a commit that fails: each tip between two batches is one that was checked.
  const passed = events.filter(({ type }) => type === "checks.passed").map(({ data }) => data["commit"]);
  expect(passed).toContain(world.git("rev-parse", `longhaul/${engine.run}`));
});

test("gate: a pause does not wait for what is being tried", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan }) =>
      brief.tasks.length === 0 ? plan({ type: "create_task", name: "change", title: "change" }) : plan(),
    worker: ({ write }) => write("state.txt", "better\n"),
    acceptance: ["grep -q better state.txt"],
    checks: [
      {
        name: "slow",
        command:
          'grep -q good state.txt || while [ ! -e "$LONGHAUL_CONFIG_DIR/go" ]; do : > "$LONGHAUL_CONFIG_DIR/tried"; sleep 0.05; done',
      },
    ],
    checkPolicy: "gate",
    limits: { drainMs: 0 },
  });
  const engine = await world.startRun();
  await until("the change to be tried", () => existsSync(world.path("tried")), engine.stderr);
  engine.signal("SIGINT");
  const { code } = await engine.ended;
  expect(code).toBe(130);
  expect((await world.tasks()).map(({ status }) => status)).toEqual(["ready"]);
  world.write("go", "");
  const resumed = await world.longhaul("resume");
  expect(resumed).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${engine.run}:state.txt`)).toBe("better");
});

test("after: where the trunk turned red, the landing that it fails with is searched for", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  type Red = Extract<BriefMessage, { kind: "trunk_red" }>;
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const message of red) note("red", message);
      if (brief.tasks.length === 0) plan(...["a", "b", "broken", "c", "d", "wait"].map(create));
      else if (red.length > 0) plan(create("mend"));
      else plan();
    },
    worker: async ({ brief, write, gate }) => {
      const { name } = brief.task;
      await gate(name === "wait" || name === "a" ? name : "all");
      if (name === "broken" || name === "mend") write("state.txt", name === "broken" ? "bad\n" : "mended\n");
      else write(`${name}.txt`, name);
    },
    acceptance: ["grep -q mended state.txt"],
    checks: [
      {
        name: "state",
        command: 'while [ -e "$LONGHAUL_CONFIG_DIR/hold" ]; do sleep 0.05; done; ! grep -q bad state.txt',
      },
    ],
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  world.write("hold", "");
  const landed = async () => (await world.tasks()).filter(({ status }) => status === "landed").length;
  // The checks of the first landing last until all others have landed.
  world.open("a");
  for (let count = 0; count < 1;) count = await landed();
  world.open("all");
  for (let count = 0; count < 5;) count = await landed();
  rmSync(world.path("hold"));
  await engine.says(/checks failed on \w+: state \(fails since: t\d+\)/);
  world.open("wait");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const red = world.notes<Red>("red");
  expect(red).toMatchObject([{ bisected: true, suspectsOmitted: 0, suspects: [{ title: "broken" }] }]);
});
