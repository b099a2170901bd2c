/** The planner's own tools: they act on rows through the engine, at once, and each call takes effect once. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import type { PlannerAction } from "../../domain/plan.ts";
import { handoffText } from "../prompts/handoff-text.ts";
import { handoffInput, key, text } from "./handoff-input.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";

const planner = ["planner"] as const;

async function act({ host, call }: ToolContext, actions: PlannerAction[], done: string): Promise<ToolAnswer> {
  const answer = await host.act(call, actions);
  if (!answer.ok) return { ok: false, text: `Refused; nothing of this call was done:\n${listed(answer.errors)}` };
  const ids = answer.created.map(({ name, id }) => `${id} ${name}`);
  return { ok: true, text: [done, ...ids].join("\n") };
}

const listed = (errors: string[]) => errors.map((error) => `- ${error}`).join("\n");

const paths = z.array(key).default([]).describe("Files, folders or globs, relative to the repository's root.");
const agent = key.nullable().default(null).describe("The name of an agent on offer; null: the usual one.");
const priority = z.int().min(-1_000_000).max(1_000_000);
const owned = key.describe("The task's name or id (t17).");
const taskInput = z.object({
  name: key.describe("Short and unique among your tasks; other tasks depend on it by this name."),
  title: text.describe("One line."),
  instructions: text.describe("Complete in itself: the worker sees nothing else of you."),
  paths,
  dependsOn: z
    .array(key)
    .default([])
    .describe("Names of tasks of yours, also of this call, or ids such as t17: they land first."),
  priority: priority.default(0).describe("Higher goes first."),
  acceptance: text.default("").describe("What the worker can run or see when it is done."),
  agent,
});

const createInput = z.object({ tasks: z.array(taskInput).min(1).describe("All are created, or none.") });
const createTasks: Tool<z.output<typeof createInput>> = {
  name: "create_tasks",
  description: "Creates tasks. Workers begin at once with what is ready. Answers the tasks' ids.",
  input: createInput,
  roles: planner,
  effect: "run",
  run({ tasks }, context) {
    const actions = tasks.map((task) => ({ type: "create_task" as const, ...task }));
    return act(context, actions, `Created ${tasks.length === 1 ? "1 task" : `${tasks.length} tasks`}:`);
  },
};

const updateInput = z.object({
  task: owned,
  title: text.optional().describe("In place of the title."),
  instructions: text.optional().describe("In place of all instructions."),
  acceptance: text.optional().describe("In place of the acceptance."),
  priority: priority.optional().describe("Higher goes first."),
  agent: key.nullable().optional().describe("The name of an agent on offer; null: the usual one."),
});
const updateTask: Tool<z.output<typeof updateInput>> = {
  name: "update_task",
  description: "Changes a task of yours that nobody has begun. What you leave out stays as it is.",
  input: updateInput,
  roles: planner,
  effect: "run",
  run({ task, ...fields }, context) {
    const change = Object.fromEntries(Object.entries(fields).filter(([, to]) => to !== undefined));
    return act(context, [{ type: "update_task", task, change }], `Task ${task} is changed.`);
  },
};

const cancelInput = z.object({ task: owned, reason: text.default("").describe("For the record.") });
const cancelTask: Tool<z.output<typeof cancelInput>> = {
  name: "cancel_task",
  description:
    "Cancels an open task of yours and what depends on it. If a worker is at it, that work is lost. A task that has ended stays as it is.",
  input: cancelInput,
  roles: planner,
  effect: "run",
  run: (cancel, context) => act(context, [{ type: "cancel_task", ...cancel }], `Task ${cancel.task} is cancelled.`),
};

const spawnInput = z.object({
  name: key.describe("Short and unique among your sub-planners."),
  question: text.describe("What it owns: complete in itself, and overlapping nobody's."),
  paths,
  agent,
});
const spawnPlanner: Tool<z.output<typeof spawnInput>> = {
  name: "spawn_planner",
  description: "Gives a part of your scope to a sub-planner, which begins at once. You are woken when it is done.",
  input: spawnInput,
  roles: planner,
  effect: "run",
  run: (spawn, context) => act(context, [{ type: "spawn_planner", ...spawn }], "The sub-planner begins:"),
};

const scratchpadInput = z.object({ text: text.describe("All of it: it replaces what is there.") });
const writeScratchpad: Tool<z.output<typeof scratchpadInput>> = {
  name: "write_scratchpad",
  description: "Replaces your scratchpad, all that your next turn knows of this one.",
  input: scratchpadInput,
  roles: planner,
  effect: "run",
  run: (pad, context) => act(context, [{ type: "write_scratchpad", ...pad }], "The scratchpad is written."),
};

const readInput = z.object({ of: key.describe("A task of yours (its name, or t17) or a sub-planner (p3).") });
const readHandoff: Tool<z.output<typeof readInput>> = {
  name: "read_handoff",
  description: "The whole handoff of a task or sub-planner of this cycle.",
  input: readInput,
  roles: planner,
  effect: "look",
  async run({ of }, { host }) {
    const found = await host.handoff(of);
    if (!found)
      return {
        ok: false,
        text: `There is no handoff of ${JSON.stringify(of)} (yet): give the name or id (t17) of a task, or the id of a sub-planner (p3).`,
      };
    const { title, status, handoff } = found;
    return { ok: true, text: `${title}: ${status}\n${handoffText(handoff, toolLimits.answerBytesMax - 1024).text}` };
  },
};

const endTurn: Tool<{}> = {
  name: "end_turn",
  description: "Ends this turn. You are woken when one of your tasks or sub-planners ends, or somebody writes to you.",
  input: z.object({}),
  roles: planner,
  effect: "end",
  async run(_, { host }) {
    const { open, unread } = await host.consider([]);
    if (open.tasks + open.planners + unread === 0)
      return {
        ok: false,
        text: "Nothing of yours is open, so nothing would ever wake you: create tasks, or finish_scope when your question is answered.",
      };
    return { ok: true, text: "The turn has ended.", end: { kind: "plan", actions: [] } };
  },
};

const finishInput = z.object({ handoff: handoffInput.describe("For whoever plans next.") });
const finishScope: Tool<z.output<typeof finishInput>> = {
  name: "finish_scope",
  description:
    "Your question is answered, or cannot be: ends your scope and hands it off. Nothing of yours may be open.",
  input: finishInput,
  roles: planner,
  effect: "end",
  async run({ handoff }, { host }) {
    const finish: PlannerAction = { type: "finish_scope", handoff };
    const { errors } = await host.consider([finish]);
    if (errors.length > 0) return { ok: false, text: `Refused:\n${listed(errors)}` };
    return { ok: true, text: "The scope is finished.", end: { kind: "plan", actions: [finish] } };
  },
};

export const plannerTools = [
  createTasks,
  updateTask,
  cancelTask,
  spawnPlanner,
  readHandoff,
  writeScratchpad,
  endTurn,
  finishScope,
];
