import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { BriefMessage, PlannerBrief } from "../../src/domain/brief.ts";
import type { PlannerAction } from "../../src/domain/plan.ts";
import { handoff } from "./program.ts";
import { hasPlainForm } from "./plan/areas.ts";
import { planTurn } from "./plan/turn.ts";
import { prepare } from "./prepare.ts";
import { modulesIn, readModule, requiredBy } from "./tree.ts";

// Real files and processes on a shared machine: the bound is there to end a hang, not to measure.
vi.setConfig({ testTimeout: 10 * 60_000, hookTimeout: 20 * 60_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plan-"));
  prepare(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Create = Extract<PlannerAction, { type: "create_task" }>;
const limits = { depthLeft: 4, tasksPerTurnMax: 200, dependenciesPerTaskMax: 100, openTasksLeft: 5000 };

function briefOf(change: Partial<PlannerBrief> = {}): PlannerBrief {
  return {
    version: 1,
    role: "planner",
    session: "s1",
    run: { id: "r1", goal: "lodash as ES modules", acceptance: [], protected: [] },
    cycle: { number: 1, brief: "", history: [] },
    workspace: folder,
    base: "",
    sparse: null,
    deadline: { softAt: 0, hardAt: 0, handOffFile: "" },
    planner: { id: "p1", parent: null, depth: 0, name: "root", question: "?", paths: [] },
    scratchpad: "",
    inbox: [],
    tasks: [],
    tasksOmitted: 0,
    planners: [],
    hotFiles: [],
    refusals: [],
    limits,
    ...change,
  };
}
const creates = (actions: PlannerAction[]) =>
  actions.filter((action): action is Create => action.type === "create_task");
const pad = (actions: PlannerAction[]) =>
  actions.flatMap((action) => (action.type === "write_scratchpad" ? [action.text] : [])).at(-1)!;
const ended = (name: string, status: string): BriefMessage => ({
  id: `m-${name}`,
  at: 0,
  kind: "task_ended",
  task: "t1",
  name,
  status,
  commit: null,
  handoff: handoff(status),
});
const small = () =>
  modulesIn(folder)
    .filter((path) => path.startsWith("_base"))
    .slice(0, 40);
const scope = (paths: string[]) => ({ id: "p2", parent: "p1", depth: 3, name: "base", question: "?", paths });

/** Plays a whole cycle in which every task lands. */
function play(): { tasks: Create[]; depths: number[] } {
  const tasks: Create[] = [];
  const depths: number[] = [];
  const run = (planner: PlannerBrief["planner"]): void => {
    depths.push(planner.depth);
    let scratchpad = "";
    const done: Create[] = [];
    const children: PlannerBrief["planners"] = [];
    let inbox: BriefMessage[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const actions = planTurn(
        briefOf({
          planner,
          scratchpad,
          inbox,
          tasks: done.map((t) => ({ id: t.name, name: t.name, title: t.title, status: "landed", reason: null })),
          planners: children,
          limits: { ...limits, depthLeft: 4 - planner.depth },
        }),
        folder,
      );
      scratchpad = pad(actions);
      for (const action of actions) {
        if (action.type !== "spawn_planner") continue;
        run({ ...action, id: action.name, parent: planner.id, depth: planner.depth + 1 });
        children.push({ id: action.name, name: action.name, question: action.question, status: "done" });
      }
      done.push(...creates(actions));
      inbox = creates(actions).map((task) => ended(task.name, "landed"));
      if (actions.some((action) => action.type === "finish_scope")) break;
    }
    tasks.push(...done);
  };
  run({ id: "p1", parent: null, depth: 0, name: "root", question: "?", paths: [] });
  return { tasks, depths };
}

test("every module with a plain form is in exactly one task, at least two levels of sub-planners down", () => {
  const { tasks, depths } = play();
  const planned = tasks.filter((task) => task.agent === "plain").flatMap((task) => task.paths);
  expect(planned.toSorted()).toEqual(modulesIn(folder).filter((path) => hasPlainForm(readModule(folder, path))));
  expect(Math.max(...depths)).toBeGreaterThanOrEqual(2);
  expect(tasks.length).toBeGreaterThanOrEqual(60);
  expect(tasks.length).toBeLessThanOrEqual(90);
  expect(tasks.filter((task) => task.agent === "package").map((task) => [task.name, task.dependsOn])).toEqual([
    ["package", []],
    ["readme", ["package"]],
  ]);
});

test("a task waits for the tasks of the same turn that hold what its modules require", () => {
  const tasks = creates(planTurn(briefOf({ planner: scope(small()) }), folder));
  const home = new Map(tasks.flatMap((task) => task.paths.map((path) => [path, task.name] as const)));
  for (const task of tasks) {
    const needed = new Set(
      task.paths.flatMap((path) => requiredBy(folder, path)).flatMap((path) => home.get(path) ?? []),
    );
    expect([...needed].filter((name) => name !== task.name).toSorted()).toEqual([...task.dependsOn].toSorted());
  }
  expect(tasks.some((task) => task.dependsOn.length > 0)).toBe(true);
});

test("what does not fit into a turn is created in the next ones, and nothing twice", () => {
  const planner = scope(small());
  const narrow = { ...limits, depthLeft: 1, tasksPerTurnMax: 1 };
  const names: string[] = [];
  let scratchpad = "";
  for (let turn = 0; turn < 3; turn++) {
    const actions = planTurn(
      briefOf({
        planner,
        scratchpad,
        limits: narrow,
        tasks: names.map((name) => ({ id: name, name, title: name, status: "landed", reason: null })),
      }),
      folder,
    );
    expect(creates(actions)).toHaveLength(1);
    names.push(creates(actions)[0]!.name);
    scratchpad = pad(actions);
  }
  expect(new Set(names).size).toBe(3);
});

test("a failed task is planned again in halves, once, and then reported", () => {
  const planner = scope(small().slice(0, 10));
  const first = planTurn(briefOf({ planner }), folder);
  const [task] = creates(first);
  const again = planTurn(briefOf({ planner, scratchpad: pad(first), inbox: [ended(task!.name, "failed")] }), folder);
  const halves = creates(again);
  expect(halves.flatMap((half) => half.paths).toSorted()).toEqual([...task!.paths].toSorted());
  expect(halves).toHaveLength(2);
  const last = planTurn(
    briefOf({ planner, scratchpad: pad(again), inbox: halves.map((half) => ended(half.name, "failed")) }),
    folder,
  );
  expect(creates(last)).toEqual([]);
  const finish = last.find((action) => action.type === "finish_scope");
  expect(finish?.type === "finish_scope" && finish.handoff.concerns).toHaveLength(2);
});

test("a planner with open tasks neither finishes nor creates its tasks again", () => {
  const planner = scope(small());
  const first = planTurn(briefOf({ planner }), folder);
  const open = creates(first).map((task) => ({
    id: task.name,
    name: task.name,
    title: task.title,
    status: "running",
    reason: null,
  }));
  const next = planTurn(briefOf({ planner, scratchpad: pad(first), tasks: open }), folder);
  expect(next.map((action) => action.type)).toEqual(["write_scratchpad"]);
});

test("a later cycle plans only the places in its brief, by their cause", () => {
  const brief =
    "SITE differs cloneDeep.js cloneDeep: …Buffer… became …Uint8Array…\nSITE strict defaults.js:56:21 Cannot add property 1, object is not extensible";
  const tasks = creates(planTurn(briefOf({ cycle: { number: 2, brief, history: [] } }), folder)).filter(
    (task) => task.agent === "repair" || task.paths[0] === "defaults.js",
  );
  expect(tasks.map((task) => task.paths[0])).toContain("defaults.js");
  const all = creates(planTurn(briefOf({ cycle: { number: 2, brief, history: [] } }), folder)).flatMap(
    (task) => task.paths,
  );
  expect(all).toEqual(expect.arrayContaining(["_cloneBuffer.js", "_nodeUtil.js", "isBuffer.js"]));
  expect(all).not.toContain("add.js");
});
