import { expect, test } from "vitest";
import * as fc from "fast-check";
import { handoffOf } from "./handoff.ts";
import type { CycleId, PlannerId, SessionId, TaskId } from "./ids.ts";
import { limitDefaults } from "./limits.ts";
import { judgePlan, type PlannerAction, type PlanView } from "./plan.ts";
import type { Task, TaskState } from "./task.ts";

const me = 1 as PlannerId;

function viewWith(change: Partial<PlanView> = {}): PlanView {
  const planner = {
    id: me,
    cycle: 1 as CycleId,
    parent: null,
    depth: 0,
    name: "root",
    question: "How does it become ESM?",
    paths: [],
    agent: null,
    scratchpad: "",
    status: "active" as const,
    failures: 0,
    interruptions: 0,
  };
  return {
    planner,
    tasks: [],
    open: { tasks: 0, planners: 0 },
    planners: [planner],
    openTasksInRun: 0,
    agents: { worker: ["codemod"], planner: [] },
    ...change,
  };
}

function task(id: number, state: TaskState, planner: PlannerId = me): Task {
  return {
    id: id as TaskId,
    cycle: 1 as CycleId,
    planner,
    name: `task ${id}`,
    title: "",
    instructions: "",
    paths: [],
    priority: 0,
    acceptance: "",
    agent: null,
    dependsOn: [],
    record: { failures: 0, interruptions: 0 },
    contested: null,
    unwanted: null,
    state,
  };
}

const create = (
  name: string,
  dependsOn: string[] = [],
  more: Partial<Extract<PlannerAction, { type: "create_task" }>> = {},
): PlannerAction => ({
  type: "create_task",
  name,
  title: name,
  instructions: "",
  paths: [],
  dependsOn,
  priority: 0,
  acceptance: "",
  agent: null,
  ...more,
});
const spawn = (name: string, question: string): PlannerAction => ({
  type: "spawn_planner",
  name,
  question,
  paths: [],
  agent: null,
});
const finish: PlannerAction = { type: "finish_scope", handoff: handoffOf("done") };
const errorsOf = (view: PlanView, actions: PlannerAction[], limits = limitDefaults) => {
  const judgement = judgePlan(view, actions, limits);
  return judgement.ok ? [] : judgement.errors;
};

test("orders new tasks so that dependencies come first", () => {
  const judgement = judgePlan(viewWith(), [create("c", ["b"]), create("b", ["a"]), create("a")], limitDefaults);
  expect(judgement.ok && judgement.plan.tasks.map(({ spec }) => spec.name)).toEqual(["a", "b", "c"]);
});

test("a dependency that is named twice, by its name and by its id, is one", () => {
  const view = viewWith({ tasks: [task(5, { status: "ready" })] });
  const judgement = judgePlan(view, [create("a", ["task 5", "t5"])], limitDefaults);
  expect(judgement.ok && judgement.plan.tasks[0]?.dependsOnExisting).toEqual([5]);
});

test("a task that depends on itself is refused with the mend", () => {
  expect(errorsOf(viewWith(), [create("a", ["a"])])).toEqual([
    'actions[0] (create_task): task "a" depends on itself: remove the dependency',
  ]);
});

test("a circle is refused and shown", () => {
  expect(errorsOf(viewWith(), [create("a", ["b"]), create("b", ["c"]), create("c", ["a"])])).toEqual([
    "tasks depend on each other in a circle: a → b → c → a: remove one of these dependencies",
  ]);
});

test("any graph is either ordered by its dependencies or has a circle", () => {
  const graph = fc.array(fc.array(fc.nat(11), { maxLength: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(graph, (edges) => {
      const actions = edges.map((to, n) =>
        create(
          `n${n}`,
          to.filter((m) => m < edges.length && m !== n).map((m) => `n${m}`),
        ),
      );
      const judgement = judgePlan(viewWith(), actions, limitDefaults);
      const circles = judgement.ok ? [] : judgement.errors;
      expect(circles.filter((error) => !error.includes("in a circle"))).toEqual([]);
      if (!judgement.ok) return;
      const position = new Map(judgement.plan.tasks.map(({ spec }, at) => [spec.name, at]));
      expect(position.size).toBe(edges.length);
      for (const { spec, dependsOnNew } of judgement.plan.tasks)
        for (const name of dependsOnNew) expect(position.get(name)).toBeLessThan(position.get(spec.name) ?? -1);
    }),
  );
});

test("a chain as long as a turn allows does not overflow the stack", () => {
  const many = { ...limitDefaults, tasksPerTurnMax: 20_000, openTasksMax: 20_000 };
  const chain = Array.from({ length: 20_000 }, (_, n) => create(`n${n}`, n === 19_999 ? [] : [`n${n + 1}`]));
  expect(judgePlan(viewWith(), chain, many).ok).toBe(true);
});

test("10,000 tasks in one turn are refused with what to do instead", () => {
  const [error] = errorsOf(
    viewWith(),
    Array.from({ length: 10_000 }, (_, n) => create(`n${n}`)),
  );
  expect(error).toMatch(/10000 tasks in one turn, at most 200 .*spawn sub-planners/);
});

test("open tasks of the run are bounded", () => {
  expect(errorsOf(viewWith({ openTasksInRun: 5_000 }), [create("a")])[0]).toMatch(
    /5000 tasks of the run are open .*wait/,
  );
});

test("dependencies: by name, by id, never on the unknown, the failed or the cancelled", () => {
  const view = viewWith({
    tasks: [
      task(1, { status: "running", session: 1 as SessionId }),
      task(2, { status: "failed", reason: "", at: 0 }),
      task(3, { status: "ready" }, 9 as PlannerId),
    ],
  });
  const judgement = judgePlan(view, [create("a", ["task 1", "t3"])], limitDefaults);
  expect(judgement.ok && judgement.plan.tasks[0]?.dependsOnExisting).toEqual([1, 3]);
  expect(errorsOf(view, [create("a", ["nobody"])])[0]).toMatch(/no task "nobody" to depend on/);
  expect(errorsOf(view, [create("a", ["t2"])])[0]).toMatch(/has failed and will never land/);
});

test("names are unique within a planner, in the turn and before", () => {
  const view = viewWith({ tasks: [task(1, { status: "ready" })] });
  expect(errorsOf(view, [create("task 1")])[0]).toMatch(/already have a task named "task 1" \(t1, ready\)/);
  expect(errorsOf(view, [create("a"), create("a")])[0]).toMatch(/used twice/);
  expect(errorsOf(view, [create("t7")])[0]).toMatch(/looks like a task id/);
});

test("no two planners own the same question, however it is spaced or cased", () => {
  expect(errorsOf(viewWith(), [spawn("again", "  how does IT become\nESM? ")])[0]).toMatch(
    /p1 \("root"\) already owns this question/,
  );
  expect(errorsOf(viewWith(), [spawn("a", "x?"), spawn("b", "X?")])[0]).toMatch(/already owns/);
});

test("a planner tree cannot grow without end", () => {
  const deep = viewWith();
  expect(errorsOf({ ...deep, planner: { ...deep.planner, depth: 4 } }, [spawn("a", "x?")])[0]).toMatch(
    /depth 4 cannot spawn .*create tasks instead/,
  );
  const children = Array.from({ length: 100 }, (_, n) => ({
    id: (n + 2) as PlannerId,
    parent: me,
    name: `c${n}`,
    question: `q${n}`,
  }));
  expect(errorsOf(viewWith({ planners: children }), [spawn("a", "x?")])[0]).toMatch(/101 sub-planners, at most 100/);
  const many = Array.from({ length: 2_000 }, (_, n) => ({
    id: (n + 2) as PlannerId,
    parent: null,
    name: `c${n}`,
    question: `q${n}`,
  }));
  expect(errorsOf(viewWith({ planners: many }), [spawn("a", "x?")])[0]).toMatch(/plannersPerCycleMax/);
});

test("a scope is not finished while something of it is open", () => {
  expect(errorsOf(viewWith({ open: { tasks: 1, planners: 1 } }), [finish])[0]).toMatch(
    /2 of your tasks and sub-planners are still open/,
  );
  expect(errorsOf(viewWith(), [create("a"), finish])[0]).toMatch(/1 of your tasks/);
  const view = viewWith({ open: { tasks: 1, planners: 0 }, tasks: [task(1, { status: "ready" })] });
  expect(judgePlan(view, [{ type: "cancel_task", task: "t1", reason: "" }, finish], limitDefaults).ok).toBe(true);
});

test("only own tasks can be cancelled; one that ended meanwhile is no error", () => {
  const view = viewWith({
    tasks: [task(1, { status: "ready" }, 9 as PlannerId), task(2, { status: "failed", reason: "", at: 0 })],
  });
  expect(errorsOf(view, [{ type: "cancel_task", task: "t1", reason: "" }])[0]).toMatch(/only your own/);
  const judgement = judgePlan(view, [{ type: "cancel_task", task: "t2", reason: "" }], limitDefaults);
  expect(judgement.ok && judgement.plan.cancel).toEqual([]);
});

test("paths stay inside the repository, texts within their bounds, agents within the configuration", () => {
  for (const path of ["/etc/passwd", "../up", "a/../../b", "a\0b"])
    expect(errorsOf(viewWith(), [create("a", [], { paths: [path] })])[0]).toMatch(
      /not relative to the repository's root/,
    );
  expect(errorsOf(viewWith(), [create("a", [], { instructions: "x".repeat(65_537) })])[0]).toMatch(
    /instructions has 65537 bytes, at most 65536/,
  );
  expect(errorsOf(viewWith(), [{ type: "write_scratchpad", text: "é".repeat(40_000) }])[0]).toMatch(
    /scratchpad has 80000 bytes/,
  );
  expect(errorsOf(viewWith(), [create("a", [], { agent: "gpt" })])[0]).toMatch(
    /no agent "gpt" in the configuration for this role: the agents are codemod/,
  );
});

test("every fault is named, not only the first", () => {
  expect(
    errorsOf(viewWith(), [create("", ["x"]), spawn("", "q"), { type: "cancel_task", task: "t9", reason: "" }]),
  ).toHaveLength(4);
});
