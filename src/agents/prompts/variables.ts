/**
 * Owns which prompts there are, which variables each has, and which tools each role has. `docs/prompts.md` has the same
 * tables; a test holds them together.
 */
import { allRoles, type Role } from "../../domain/session.ts";

export type Variable = {
  /**
   * `system`: the same in all sessions of the role in a run, so it may stand above the line that splits a prompt, where
   * providers cache. `brief`: of this session, only below it.
   */
  place: "system" | "brief";
  /** A prompt without it would leave the agent blind. */
  required: boolean;
  meaning: string;
};

const system = (meaning: string): Variable => ({ place: "system", required: true, meaning });
const needed = (meaning: string): Variable => ({ place: "brief", required: true, meaning });
const optional = (meaning: string): Variable => ({ place: "brief", required: false, meaning });

const goal = system("the goal of the run, in a `<goal>` tag");
const cycle = optional(
  "the cycle's number, what the last verdict asks of it in a `<brief>` tag, and how earlier cycles ended",
);
const session = optional(
  "the workspace, its commit, which part is checked out if not all, and how long the session may still take",
);
const finish = optional("the tools that end the session, such as: `submit` or `give_up`");

export const promptVariables = {
  planner: {
    goal,
    agents: {
      ...system("the agents that a task or sub-planner may name; empty when there is no choice"),
      required: false,
    },
    scope: needed("who this planner is: its id, its question in a `<question>` tag, its paths, its parent"),
    cycle,
    refusals: needed("why the last turn was refused; empty when it was not"),
    scratchpad: needed("what the last turn wrote down, in a `<scratchpad>` tag"),
    inbox: needed("the new messages, oldest first: handoffs, the operator's words, a red trunk"),
    tasks: needed("the planner's tasks with their states, open ones first"),
    planners: needed("its sub-planners with their states"),
    hotFiles: optional("files that were in conflict more than once, most often first"),
    limits: optional("how many tasks and levels of sub-planners are left"),
    session,
  },
  worker: {
    goal,
    task: needed("the task: id, title, instructions, paths, acceptance, which attempt this is"),
    dependencies: optional("the handoffs of the tasks that this one depends on"),
    earlier: optional("why earlier attempts of this task failed"),
    sentBack: needed("why the trunk did not take what was submitted; empty at the start of a session"),
    session,
  },
  arbiter: {
    goal,
    task: needed("the task that lost: id, title, instructions, paths, acceptance"),
    worker: needed("what its worker said of its side, and how often that was sent back"),
    sentBack: needed("the conflict: the files, their versions, what the trunk's side is for"),
    earlier: optional("why earlier sessions of this task failed"),
    session,
  },
  judge: {
    goal,
    cycle,
    acceptance: needed("the results of the acceptance commands on the judged commit"),
    tests: optional("what the cycle deleted, skipped or thinned out among the tests; empty when nothing was found"),
    tasks: optional("how many tasks of the cycle landed, failed and were cancelled"),
    handoffs: optional("the handoffs of the cycle, newest first"),
    session,
  },
  ownTools: {
    tools: needed("the tools of the role by which an agent with tools of its own reaches Longhaul"),
    how: needed("how such an agent calls them, in one or two sentences"),
    finish,
  },
  summary: { finish },
  nudge: { finish, left: optional("how many such reminders are left, a number") },
  handOff: { finish, reason: optional("what comes to its end, the session's time or its budget, in one sentence") },
} as const satisfies { [prompt: string]: { [variable: string]: Variable } };

export type PromptName = keyof typeof promptVariables;
export type PromptValues<N extends PromptName> = { [V in keyof (typeof promptVariables)[N]]: string };

export const promptFiles: { readonly [N in PromptName]: string } = {
  planner: "planner.md",
  worker: "worker.md",
  arbiter: "arbiter.md",
  judge: "judge.md",
  ownTools: "own-tools.md",
  summary: "summary.md",
  nudge: "nudge.md",
  handOff: "hand-off.md",
};

export const promptNames = Object.keys(promptFiles) as PromptName[];

export const isRolePrompt = (name: PromptName): name is Role => allRoles.some((role) => role === name);

const look = ["list_files", "read_file", "search", "git"] as const;
const change = ["write_file", "edit_file", "apply_patch", "bash", "read_output"] as const;

/** Those by which a session reaches Longhaul: all that an agent needs which looks, changes and runs with tools of its own. */
export const outsideTools = {
  planner: [
    "create_tasks",
    "update_task",
    "cancel_task",
    "spawn_planner",
    "read_handoff",
    "write_scratchpad",
    "end_turn",
    "finish_scope",
  ],
  worker: ["submit", "give_up"],
  arbiter: ["submit", "give_up"],
  judge: ["submit_verdict"],
} as const satisfies { [R in Role]: readonly string[] };

/** Every tool that the prompt of a role names, and no other. */
export const roleTools = {
  planner: [...look, "run_command", "read_output", ...outsideTools.planner],
  worker: [...look, ...change, ...outsideTools.worker],
  arbiter: [...look, ...change, ...outsideTools.arbiter],
  judge: [...look, "run_command", "read_output", ...outsideTools.judge],
} as const satisfies { [R in Role]: readonly string[] };

/** The tools that end a session. */
export const finishTools = {
  planner: ["end_turn", "finish_scope"],
  worker: ["submit", "give_up"],
  arbiter: ["submit", "give_up"],
  judge: ["submit_verdict"],
} as const satisfies { [R in Role]: readonly string[] };
