/**
 * What the fake model answers to coding agents that we did not write. They have a system prompt, tools and habits of their own:
 * what Longhaul tells them stands in the first message of a user, and Longhaul's tools have longer names.
 */
import type { NamedBrain, ReplyPart, RequestView, ToolResult } from "../fake-model/brain.ts";
import { call, otherwise, text } from "../fake-model/brains.ts";
import type { Json } from "../fake-model/request.ts";

const userTexts = (view: RequestView): string[] =>
  view.messages.flatMap(({ role, parts }) =>
    role === "user" ? parts.flatMap((part) => (part.type === "text" ? [part.text] : [])) : [],
  );

/** All that Longhaul said in this conversation, the newest last. */
export const toldIn = (view: RequestView): string => userTexts(view).join("\n\n");

/** A tool of Longhaul's, by the name under which the agent offers it. */
function nameOf(view: RequestView, tool: string): string {
  const offered = view.tools.find(
    ({ name }) => name === tool || name.endsWith(`__${tool}`) || name.endsWith(`_${tool}`),
  );
  return offered?.name ?? tool;
}

const ofTool = (tool: string) => (result: ToolResult) =>
  result.name === tool || result.name.endsWith(`__${tool}`) || result.name.endsWith(`_${tool}`);

/** How often a tool of Longhaul's answered so; as a command the shell answers for it. */
export const answered = (view: RequestView, tool: string, answer: RegExp): number =>
  view.toolResults.filter((result) => (ofTool(tool)(result) || shells[result.name]) && answer.test(result.text)).length;

/** How an agent gets Longhaul's tools. */
export type Way = "mcp" | "command";

export const ours = (view: RequestView, tool: string, args: Json, way: Way = "mcp"): ReplyPart =>
  way === "mcp"
    ? call(nameOf(view, tool), args)
    : shell(
        view,
        `${/`(\S+) tool` lists them/.exec(toldIn(view))?.[1]} tool ${tool} --json - <<'END'\n${JSON.stringify(args)}\nEND`,
      );

const shells: { [name: string]: (command: string) => Json } = {
  exec_command: (cmd) => ({ cmd }),
  shell: (command) => ({ command: ["bash", "-lc", command] }),
  shell_command: (command) => ({ command }),
  local_shell: (command) => ({ command: ["bash", "-lc", command] }),
  Bash: (command) => ({ command, description: "a step" }),
  bash: (command) => ({ command, description: "a step" }),
  run_shell_command: (command) => ({ command, description: "a step", is_background: false }),
};

/** With whatever the agent runs commands. */
export function shell(view: RequestView, command: string): ReplyPart {
  const tool = view.tools.find(({ name, namespace }) => namespace === null && shells[name]);
  if (!tool) throw new Error(`no shell among ${view.tools.map(({ name }) => name).join(", ")}`);
  return call(tool.name, shells[tool.name]?.(command) ?? {});
}

/** How often the shell printed so. */
export const printed = (view: RequestView, what: RegExp): number =>
  view.toolResults.filter(({ name, text: said }) => shells[name] && what.test(said)).length;

export const handoff = { done: "It is done, and seen to be." };

type Say = (view: RequestView) => readonly ReplyPart[];

/** A role is told by what Longhaul says first; what else an agent asks (titles, summaries) is not meant for it. */
const codingRole = (name: string, first: RegExp, say: Say): NamedBrain => ({
  name,
  when: (view) => view.tools.length > 0 && first.test(toldIn(view)),
  reply: (view) => ({ parts: say(view) }),
});

/** Orders these tasks in its first turn, and finishes when they have ended. */
export const codingPlanner = (tasks: readonly string[], way: Way = "mcp"): NamedBrain =>
  codingRole("planner", /You are a planner of Longhaul/, (view) => {
    if (answered(view, "end_turn", /turn has ended/) + answered(view, "finish_scope", /is finished/) > 0)
      return [text("Done.")];
    if (toldIn(view).includes("<scratchpad>")) {
      const open = /\d (?:blocked|ready|running)/.test(/^## Your tasks\n\n(.*)/m.exec(toldIn(view))?.[1] ?? "");
      return [open ? ours(view, "end_turn", {}, way) : ours(view, "finish_scope", { handoff }, way)];
    }
    if (printed(view, /looked around/) === 0) return [shell(view, "ls; echo looked around")];
    if (answered(view, "create_tasks", /Created/) === 0) {
      const all = tasks.map((name) => ({ name, title: `Do ${name}`, instructions: `Do what ${name} says.` }));
      return [ours(view, "create_tasks", { tasks: all }, way)];
    }
    if (answered(view, "write_scratchpad", /is written/) === 0)
      return [ours(view, "write_scratchpad", { text: "All is ordered." }, way)];
    return [ours(view, "end_turn", {}, way)];
  });

/** `commandOf`: what a task is done by. What was sent back is mended by keeping the lines of both sides of `shared.txt`. */
export const codingWorker = (commandOf: (task: string, view: RequestView) => string, way: Way = "mcp"): NamedBrain =>
  codingRole("worker", /You are a worker of Longhaul/, (view) => {
    const task = /^## Your task: t\d+, Do (.+)$/m.exec(toldIn(view))?.[1] ?? "";
    const sentBack = toldIn(view).match(/## Sent back: conflicts/g)?.length ?? 0;
    if (printed(view, /work is done/) === 0) return [shell(view, `${commandOf(task, view)}; echo work is done`)];
    if (printed(view, /all kept/) < sentBack) return [shell(view, keepBoth)];
    if (answered(view, "submit", /Submitted/) <= sentBack)
      return [ours(view, "submit", { status: "done", message: `Do ${task}`, handoff }, way)];
    return [text("Submitted.")];
  });

const keepBoth =
  "sed -i -e '/^<<<<<<<\\|^|||||||\\|^=======\\|^>>>>>>>/d' shared.txt; sort -u -o shared.txt shared.txt; echo all kept";

/** Looks with a command and goes by what it prints. */
export const codingJudge = (command: string, verdictOf: (found: string) => Json): NamedBrain =>
  codingRole("judge", /You are the judge of Longhaul/, (view) => {
    const found = view.toolResults.findLast(({ name }) => shells[name]);
    if (!found) return [shell(view, command)];
    if (answered(view, "submit_verdict", /is given/) > 0) return [text("Judged.")];
    return [ours(view, "submit_verdict", verdictOf(found.text))];
  });

/** For what agents ask beside their work. */
export const besides = otherwise("A title");
