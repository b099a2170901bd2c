/**
 * What an agent is told when a session begins: the same JSON for every kind of agent, version 1. Ids are texts
 * (`t17`), times are milliseconds since 1970, paths in `paths` are relative to the repository's root, all other
 * paths are absolute. Fields may be added within a version; agents ignore what they do not know.
 */
import type { Handoff } from "./handoff.ts";
import type { PutBack } from "./protected.ts";
import type { AcceptanceResult, CycleRecord } from "./verdict.ts";
import type { TestReport } from "./weakened-tests.ts";

export type BriefHead = {
  version: 1;
  session: string;
  /**
   * `acceptance`: what decides at the end whether the goal is reached; run on the trunk by Longhaul. `protected`: paths that
   * are then as they were at the run's base, whatever the trunk has there.
   */
  run: { id: string; goal: string; acceptance: { name: string; command: string }[]; protected: string[] };
  /** `brief` is what the last verdict asks of this cycle; empty in cycle 1. `history` lists the ended cycles. */
  cycle: { number: number; brief: string; history: CycleRecord[] };
  /** A checkout of the trunk at commit `base`, this session's own; also the working directory. */
  workspace: string;
  base: string;
  /**
   * null: the workspace has all files. Else it is a sparse checkout: these files and folders, and the files that lie directly in
   * the folders on the way to them. `git sparse-checkout add` brings more.
   */
  sparse: string[] | null;
  /** From `softAt` on the agent should hand off what it has; at `hardAt` it is killed. `handOffFile` appears at `softAt`. */
  deadline: { softAt: number; hardAt: number; handOffFile: string };
};

export type PlannerBrief = BriefHead & {
  role: "planner";
  planner: { id: string; parent: string | null; depth: number; name: string; question: string; paths: string[] };
  /** What this planner's last turn wrote with `write_scratchpad`. */
  scratchpad: string;
  /** New messages since the last turn, oldest first. */
  inbox: BriefMessage[];
  /** This planner's tasks, open ones first; `tasksOmitted` ended ones are left out. */
  tasks: { id: string; name: string; title: string; status: string; reason: string | null }[];
  tasksOmitted: number;
  planners: { id: string; name: string; question: string; status: string }[];
  /** Files of the whole run that were in conflict more than once, most often first. */
  hotFiles: { path: string; conflicts: number }[];
  /** Why the last plan was refused; nothing of it was applied. */
  refusals: string[];
  limits: {
    depthLeft: number;
    tasksPerTurnMax: number;
    dependenciesPerTaskMax: number;
    openTasksLeft: number;
  };
};

export type BriefMessage = { id: string; at: number } & (
  | { kind: "task_ended"; task: string; name: string; status: string; commit: string | null; handoff: Handoff }
  | { kind: "planner_ended"; planner: string; name: string; status: string; handoff: Handoff }
  | { kind: "operator"; text: string }
  /** `suspects`: what landed between `green` and `red`, newest first, but for `suspectsOmitted` older ones. */
  | {
      kind: "trunk_red";
      red: string;
      green: string | null;
      detail: string;
      suspects: { task: string; title: string; commit: string }[];
      suspectsOmitted: number;
      /** The one suspect was found by running the checks in between; none: it is no task's fault. */
      bisected: boolean;
    }
);

/** Of whoever works on a task. */
export type TaskBrief = BriefHead & {
  task: {
    id: string;
    name: string;
    title: string;
    instructions: string;
    paths: string[];
    acceptance: string;
    /** 1 for the first attempt. */
    attempt: number;
  };
  /** What the tasks it depends on reported. */
  dependencies: { id: string; title: string; commit: string; handoff: Handoff }[];
  /** Why earlier attempts of this task failed, oldest first. */
  earlier: { session: string; failure: string }[];
  /** Set when the trunk did not take what this session submitted before. */
  sentBack: SentBack | null;
};

export type WorkerBrief = TaskBrief & { role: "worker" };

/** A neutral agent, when a worker lost too often: the workspace holds both sides, `sentBack` says where they differ. */
export type ArbiterBrief = TaskBrief & {
  role: "arbiter";
  /** What the worker said of its side, and how often that was sent back. */
  contested: { handoff: Handoff; tries: number };
};

export type SentBack =
  /** The workspace now stands on the trunk's new tip, with this session's change merged in and conflict markers in `files`. */
  | { kind: "conflict"; tip: string; files: ConflictFile[]; others: OtherSide[] }
  /** The workspace is as the agent left it. */
  | { kind: "refused"; reasons: string[] };

/** A task that landed in these files since this session began: what the trunk's side is for. */
export type OtherSide = { task: string; title: string; commit: string; handoff: Handoff };

/** Each version as a file that may be read, or null where the path does not exist in that version. */
export type ConflictFile = { path: string; base: string | null; trunk: string | null; yours: string | null };

export type JudgeBrief = BriefHead & {
  role: "judge";
  /** The trunk's commit at which the run began. */
  since: string;
  /** Already run by Longhaul on `base`, in a checkout of its own. `achieved` is impossible while one fails. */
  acceptance: AcceptanceResult[];
  /** Protected files that the trunk has otherwise than the run's base: `acceptance` ran with those of the base. */
  putBack: PutBack;
  /** What this cycle did to tests, from its first commit to `base`: counted, not understood. */
  tests: TestReport;
  tasks: { landed: number; failed: number; cancelled: number };
  /** The newest handoffs of the cycle, newest first. */
  handoffs: { task: string | null; planner: string; title: string; status: string; handoff: Handoff }[];
};

export type Brief = PlannerBrief | WorkerBrief | ArbiterBrief | JudgeBrief;
