/** Planners: plans that are refused, children that wake them, depth, and a trunk that turns red. */
import { expect, test } from "vitest";
import type { BriefMessage } from "../../src/domain/brief.ts";
import { until } from "./until.ts";
import { landings, makeWorld } from "./world.ts";

test("a plan that cannot be is refused whole, and the planner is told why", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan, print, note }) => {
      const create = (name: string, ...dependsOn: string[]) => ({ type: "create_task", name, title: name, dependsOn });
      const turn = brief.scratchpad === "" && brief.refusals.length === 0 ? 0 : brief.refusals.join().length;
      note("turns", { refusals: brief.refusals, tasks: brief.tasks.length, turn });
      const told = brief.refusals.join("\n");
      if (brief.tasks.length > 0) plan();
      else if (told === "") plan(create("fine"), create("a", "b"), create("b", "c"), create("c", "a"));
      else if (told.includes("circle")) plan(...Array.from({ length: 10_000 }, (_, i) => create(`t-${i}`)));
      else if (told.includes("10000 tasks")) print('{ "version": 1, "actions": [ { "type": "create_task", ');
      else if (told.includes("JSON")) plan({ type: "create_task", title: "without a name", dependsOn: ["nobody"] });
      else plan(create("fine"));
    },
    worker: ({ write }) => write("fine.txt", "fine"),
    acceptance: ["test -f fine.txt"],
    limits: { turnFailuresMax: 10 },
  });
  const { code, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/its plan was refused: .*circle/);
  const turns = world.notes<{ refusals: string[]; tasks: number }>("turns");
  expect(turns.slice(0, 5).map(({ tasks }) => tasks)).toEqual([0, 0, 0, 0, 0]);
  expect(turns.map(({ refusals }) => refusals.join("\n"))).toEqual([
    "",
    expect.stringMatching(/circle: (a|b|c) → /),
    expect.stringMatching(/10000 tasks in one turn, at most 200/),
    expect.stringMatching(/JSON/),
    expect.stringMatching(/name/),
    ...turns.slice(5).map(() => ""),
  ]);
  expect((await world.tasks()).map(({ name }) => name)).toEqual(["fine"]);
});

test("planners go as deep as the limit, and each end wakes the one above", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan, note }) => {
      const { depth, name } = brief.planner;
      note("turns", {
        name,
        depth,
        inbox: brief.inbox.map((m) => `${m.kind} ${"name" in m ? m.name : ""}`),
        refusals: brief.refusals,
      });
      const spawn = {
        type: "spawn_planner",
        name: `deep-${depth + 1}`,
        question: `What is at ${depth + 1}?`,
        paths: ["src/"],
      };
      const task = (own: string) => ({ type: "create_task", name: own, title: own });
      if (brief.refusals.length > 0) plan(task("leaf"));
      else if (brief.planners.length + brief.tasks.length > 0) plan();
      else plan(spawn, ...(depth === 0 ? [task("quick"), task("slow")] : []));
    },
    worker: async ({ brief, gate, write }) => {
      if (brief.task.name === "slow") await gate("slow");
      write(`${brief.task.name}.txt`, brief.task.name);
    },
    acceptance: ["test -f slow.txt"],
    limits: { planDepthMax: 2 },
  });
  type Turn = { name: string; depth: number; inbox: string[]; refusals: string[] };
  const { ended, run } = await world.startRun();
  await world.reached("slow");
  // The root hears of everybody else while its slow child still works.
  const heard = () =>
    world
      .notes<Turn>("turns")
      .filter(({ depth }) => depth === 0)
      .flatMap(({ inbox }) => inbox);
  await until(
    "the root to hear of its quick task and its planner",
    () => heard().includes("task_ended quick") && heard().includes("planner_ended deep-1"),
  );
  world.open("slow");
  expect((await ended).code).toBe(0);

  expect(heard().toSorted()).toEqual(["planner_ended deep-1", "task_ended quick", "task_ended slow"]);
  const turns = world.notes<Turn>("turns");
  expect(turns.find(({ depth, inbox }) => depth === 1 && inbox.length > 0)?.inbox).toEqual(["planner_ended deep-2"]);
  expect(turns.find(({ refusals }) => refusals.length > 0)).toMatchObject({
    depth: 2,
    refusals: [expect.stringContaining("planDepthMax 2")],
  });
  expect(Math.max(...turns.map(({ depth }) => depth))).toBe(2);
  expect(landings(world, run)).toHaveLength(3);
});

test("a red trunk reaches the planner whose task landed since green, and not the root", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const _ of red) note("red", brief.planner.name);
      const isRoot = brief.planner.parent === null;
      if (isRoot && brief.planners.length === 0)
        plan({ type: "spawn_planner", name: "breaker", question: "Break it and mend it" }, create("long"));
      else if (!isRoot && brief.tasks.length === 0) plan(create("break"), create("wait"));
      else if (!isRoot && red.length > 0) plan(create("mend"));
      else plan();
    },
    worker: async ({ brief, write, gate }) => {
      const { name } = brief.task;
      if (name === "wait" || name === "long") await gate(name);
      write(name === "break" || name === "mend" ? "state.txt" : `${name}.txt`, name === "break" ? "bad\n" : "good\n");
    },
    acceptance: ["grep -q good state.txt"],
    checks: [{ name: "state", command: "cat state.txt; grep -q good state.txt" }],
  });
  const engine = await world.startRun();
  await engine.says(/checks failed on \w+: state \(landed since green: t\d+\)/);
  await engine.says(/"mend" landed/);
  await engine.says(/green: checks passed on \w+, after/);
  world.open("wait");
  world.open("long");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.notes("red")).toEqual(["breaker"]);
  const broken = (await world.tasks()).find(({ name }) => name === "break");
  expect(broken?.landing?.verified?.commit).toBeDefined();
  expect((await world.status()).checks).toMatchObject({ redSince: null });
});

test("green follows what passes; a red trunk reaches the root planner, which mends it", async () => {
  const world = makeWorld({ files: { "state.txt": "good\n" } });
  type Red = Extract<BriefMessage, { kind: "trunk_red" }>;
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      const red = brief.inbox.filter((message) => message.kind === "trunk_red");
      for (const message of red) note("red", message);
      if (brief.tasks.length === 0) plan(create("better"));
      else if (red.length > 0) plan(create("mend"));
      else if (brief.inbox.some((m) => m.kind === "task_ended" && m.name === "better"))
        plan(create("break"), create("wait"));
      else plan();
    },
    worker: async ({ brief, write, gate }) => {
      const states: { [task: string]: string } = { better: "good, better\n", break: "bad\n", mend: "good again\n" };
      if (brief.task.name === "wait") await gate("wait");
      else if (brief.task.name === "break") await gate("break");
      write(brief.task.name === "wait" ? "wait.txt" : "state.txt", states[brief.task.name] ?? "");
    },
    acceptance: ["grep -q good state.txt"],
    checks: [{ name: "state", command: "cat state.txt; grep -q good state.txt" }],
  });
  const engine = await world.startRun();
  await engine.says(/green: checks passed/);
  world.open("break");
  await engine.says(/checks failed on \w+: state/);
  await engine.says(/"mend" landed/);
  world.open("wait");
  expect((await engine.ended).code).toBe(0);

  const red = world.notes<Red>("red");
  expect(red).toHaveLength(1);
  expect(red[0]).toMatchObject({ kind: "trunk_red", detail: expect.stringContaining("bad") });
  expect(red[0]?.suspects.map(({ title }) => title)).toContain("break");
  const own = landings(world, engine.run);
  // Checks are coalesced: the first landing may have been checked by itself or only together with the one that broke.
  const better = own.find(({ subject }) => subject === "better")?.commit;
  expect([world.git("rev-parse", "HEAD"), better]).toContain(red[0]?.green);
  expect(own.find(({ commit }) => commit === red[0]?.red)?.subject).toBe("break");
  expect(world.git("rev-parse", `longhaul/${engine.run}-green`)).toBe(world.git("rev-parse", `longhaul/${engine.run}`));
});
