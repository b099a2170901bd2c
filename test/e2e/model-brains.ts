/**
 * What the fake model answers in the roles of Longhaul: planners that order what a job says, workers that do it, a judge that
 * looks. Each answer follows from the conversation alone, so that whoever goes on with one after a crash or a fault goes on rightly.
 */
import type { Brain, NamedBrain, ReplyPart, RequestView } from "../fake-model/brain.ts";
import { call, role, text } from "../fake-model/brains.ts";
import type { Json } from "../fake-model/request.ts";

export type TaskJob = { name: string; needs?: string[]; agent?: string; paths?: string[] };
export type PlannerJob = { tasks?: TaskJob[]; planners?: { name: string; paths?: string[] }[] };

/** A step of a conversation: what is said until it is done. */
export type Stage = { done(view: RequestView): boolean; say(view: RequestView): readonly ReplyPart[] };

export const stages =
  (of: (view: RequestView) => readonly Stage[]): Brain =>
  (view) => {
    const next = of(view).find((stage) => !stage.done(view));
    if (!next) throw new Error(`nothing is left to say in ${view.session}`);
    return { parts: next.say(view) };
  };

/** The first message: the brief. */
export const briefOf = (view: RequestView): string =>
  view.messages[0]?.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n") ?? "";

/** How often a tool answered so. */
export const told = (view: RequestView, tool: string, answer: RegExp): number =>
  view.toolResults.filter((result) => result.name === tool && answer.test(result.text)).length;

/** Once, until the tool answers so. */
export const once = (tool: string, args: Json, answer: RegExp, ...beside: ReplyPart[]): Stage => ({
  done: (view) => told(view, tool, answer) > 0,
  say: () => [...beside, call(tool, args)],
});

export const handoff = { done: "It is done, and seen to be.", findings: ["The repository is small."] };
export const submit = call("submit", { status: "done", message: "", handoff });
export const submitted: Stage = { done: () => false, say: () => [submit] };

/** A planner by its name; `root` is the first. `laterOf`: what its turns after the first order, by their briefs. */
export const planner = (
  jobOf: (name: string, view: RequestView) => PlannerJob,
  laterOf: (brief: string, name: string) => PlannerJob | null = () => null,
): NamedBrain =>
  role(
    "planner",
    /You are a planner of Longhaul/,
    stages((view) => {
      const brief = briefOf(view);
      const name = /^You are p\d+ \("(.+?)"\)/m.exec(brief)?.[1] ?? "";
      const job = brief.includes("<scratchpad>") ? laterOf(brief, name) : jobOf(name, view);
      return [...(job ? ordering(job) : []), ending(brief)];
    }),
  );

function ordering({ tasks = [], planners = [] }: PlannerJob): Stage[] {
  const orders = tasks.map(({ name, needs = [], agent = null, paths = [] }) => ({
    name,
    title: `Do ${name}`,
    instructions: `Do what ${name} says.`,
    dependsOn: needs,
    paths,
    agent,
  }));
  const looking: Stage = {
    done: (view) => told(view, "list_files", /README/) > 0,
    say: () => [text("I look first."), call("list_files", {}), call("git", { args: ["log", "--oneline", "-3"] })],
  };
  const missing = (view: RequestView): ReplyPart[] => [
    ...(orders.length > 0 && told(view, "create_tasks", /^Created/) === 0
      ? [call("create_tasks", { tasks: orders })]
      : []),
    ...planners
      .filter(({ name }) => told(view, "spawn_planner", new RegExp(`^The sub-planner begins:\\np\\d+ ${name}$`)) === 0)
      .map(({ name, paths = [] }) => call("spawn_planner", { name, question: `What does ${name} need?`, paths })),
    ...(told(view, "write_scratchpad", /is written/) === 0
      ? [call("write_scratchpad", { text: "All is ordered." })]
      : []),
  ];
  return [looking, { done: (view) => missing(view).length === 0, say: missing }];
}

/** What is open is waited for; what the brief could not know is learned from a refusal. */
function ending(brief: string): Stage {
  const tasks = /^## Your tasks\n\n(.*)/m.exec(brief)?.[1] ?? "";
  const open = /\d (?:blocked|ready|running)/.test(tasks) || brief.includes(", active: ");
  return {
    done: () => false,
    say(view) {
      const refused = view.toolResults.findLast(({ name }) => name === "end_turn" || name === "finish_scope");
      const ordered = told(view, "create_tasks", /^Created/) + told(view, "spawn_planner", /begins/) > 0;
      const ends =
        refused === undefined ? open || ordered : refused.name === "finish_scope" && refused.text.startsWith("Refused");
      return [ends ? call("end_turn", {}) : call("finish_scope", { handoff })];
    },
  };
}

/** A worker by its task's name. */
export const worker = (stagesOf: (task: string, view: RequestView) => readonly Stage[]): NamedBrain =>
  role(
    "worker",
    /You are a worker of Longhaul/,
    stages((view) => stagesOf(/^## Your task: t\d+, Do (.+)$/m.exec(briefOf(view))?.[1] ?? "", view)),
  );

export const bash = (command: string, answer: RegExp = /\[exit code 0/): Stage => once("bash", { command }, answer);

/** A file of the task's own. */
export const writes = (path: string, content: string): Stage =>
  once("write_file", { path, content }, /created|replaced/);

/** A line into a file of all, where others write too: what was sent back keeps the lines of both sides. */
export function sharing(path: string, line: string): Stage[] {
  const kept = `sed -i -e '/^<<<<<<<\\|^|||||||\\|^=======\\|^>>>>>>>/d' ${path}; sort -u -o ${path} ${path}; echo all kept`;
  const sentBack = (view: RequestView): number => told(view, "submit", /conflicts with the trunk/i);
  return [
    bash(`echo ${line} >> ${path}; sort -u -o ${path} ${path}; echo shared`, /^shared/),
    {
      done: (view) => told(view, "bash", /^all kept/) >= sentBack(view),
      say: () => [call("bash", { command: kept })],
    },
  ];
}

/** A judge that looks at the trunk with a command and goes by what it prints. */
export const judge = (command: string, verdictOf: (printed: string) => Json): NamedBrain =>
  role(
    "judge",
    /You are the judge of Longhaul/,
    stages(() => [
      once("run_command", { command }, /\[exit code/),
      {
        done: () => false,
        say: (view) => [
          call(
            "submit_verdict",
            verdictOf(view.toolResults.findLast(({ name }) => name === "run_command")?.text ?? ""),
          ),
        ],
      },
    ]),
  );
