/**
 * Everything the engine needs of the outside, as ports. `cli/main.ts` hands in the real ones; the simulation hands
 * in virtual ones. The store has a file of its own (`store-port.ts`).
 */
import type { Brief, ConflictFile } from "../domain/brief.ts";
import type { Cost } from "../domain/budget.ts";
import type { CallFault, PriceSource, Tokens } from "../domain/call.ts";
import type { Failure } from "../domain/failure.ts";
import type { Handoff } from "../domain/handoff.ts";
import type { CallId, Commit, EngineId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { PlannerAction } from "../domain/plan.ts";
import type { OpenChildren } from "../domain/planner.ts";
import type { Again } from "../domain/rate.ts";
import type { Role, Step, Usage } from "../domain/session.ts";
import type { VerdictProposal } from "../domain/verdict.ts";

/** Time. Leases and deadlines of rows use the database's clock; this one only wakes the engine up. */
export interface Clock {
  now(): number;
  /** Calls `fire` once after `ms`, unless the returned function is called first. */
  timer(ms: number, fire: () => void): () => void;
}

/** What is left of the machine that the run works on. */
export interface Machine {
  /** Bytes that may still be written where workspaces and the trunk lie. */
  freeDiskBytes(): Promise<number>;
}

// --- agents -------------------------------------------------------------------------------------------------

/** Runs sessions. One implementation dispatches to the kinds of agent (command, model, later ACP). */
export interface Agents {
  /**
   * How agents of this name work. `keepsRecord`: their sessions record every step through `SessionHost`, so that
   * one whose engine died is continued. `credential`: whose limits hold for their calls; null: none that we know of.
   */
  traits(agent: string): AgentTraits;
  /** Cheap: starts nothing yet. */
  open(order: SessionOrder): AgentSession;
}

export type AgentTraits = { keepsRecord: boolean; credential: string | null };

export type SessionOrder = {
  run: RunId;
  session: SessionId;
  /** The agent's name in the run's configuration. */
  agent: string;
  workspace: string;
  host: SessionHost;
  /** Everything the agent prints, as it comes; called often, must not throw. An empty text is a sign of life. */
  onOutput(stream: "stdout" | "stderr", text: string): void;
};

/**
 * The engine's side of a session, for agents that work through it. Every method proves the session's claim; when
 * that is lost they reject, and nothing was written.
 */
export interface SessionHost {
  /** What this session has recorded, by whichever engine, oldest first. */
  steps(): Promise<Step[]>;
  /** Durable before it answers. `workspace`: together with the workspace's files as they are now. */
  record(step: Step, keep: { workspace: boolean }): Promise<KeptWorkspace>;
  /** Waits until the call may begin: for the credential's limits, and for budgets that what is under way may still free. */
  beginCall(call: PlannedCall): Promise<CallPermit>;
  /** Settles the call; `step`: what came of it, recorded in the same transaction. Answers what follows a fault. */
  endCall(call: CallId, end: CallOutcome, step: Step | null): Promise<Again | null>;
  /**
   * Takes a planner's actions at once, or refuses them whole. Repeatable: under the same `key` (the tool call's own) they
   * are taken once, and the answer is the same.
   */
  act(key: string, actions: PlannerAction[]): Promise<ActAnswer>;
  /** What would be refused, and what is open; changes nothing. */
  consider(actions: PlannerAction[]): Promise<{ errors: string[]; open: OpenChildren; unread: number }>;
  /** The whole handoff of a task (`t7` or a name of this planner's) or sub-planner (`p3`); null: there is none. */
  handoff(of: string): Promise<{ title: string; status: string; handoff: Handoff } | null>;
}

/** `lost`: files that cannot be kept, with reasons; the workspace of a continued session would be the one kept before. */
export type KeptWorkspace = { ok: true } | { ok: false; lost: string[] };

export type PlannedCall = { credential: string; model: string; atMost: Cost };
export type CallPermit =
  /** `nearlySpent`: most of the session's own budget is gone. */
  | { ok: true; call: CallId; nearlySpent: boolean }
  /** The session cannot go on, for now or at all. */
  | { ok: false; failure: AgentFailure };
export type CallOutcome = {
  tokens: Tokens;
  microUsd: number;
  priceSource: PriceSource;
  /** null: a good answer. */
  fault: CallFault | null;
  /** How often this call has been tried, this time included. */
  tries: number;
};
export type ActAnswer = { ok: true; created: { name: string; id: string }[] } | { ok: false; errors: string[] };

/**
 * One session's agent. `converse` may be called again after it has answered (a conflict to resolve): agents that
 * keep a conversation go on in it, command agents run anew.
 */
export interface AgentSession {
  /** Absolute; exists from `handOffNow` on. */
  readonly handOffFile: string;
  /** Never rejects for what the agent does: that is an answer. Rejects only for faults of our own. */
  converse(brief: Brief): Promise<AgentAnswer>;
  /** The soft deadline: asks the agent to hand off now. */
  handOffNow(): void;
  /**
   * Ends everything that the session started, its whole process group, and waits until it is gone. A pending
   * `converse` then answers. Repeatable; also called after a normal end.
   */
  close(): Promise<void>;
}

export type AgentAnswer =
  | ({ kind: "plan"; actions: PlannerAction[] } & Used)
  | ({ kind: "work"; status: WorkStatus; message: string | null; handoff: Handoff } & Used)
  | ({ kind: "verdict"; proposal: VerdictProposal } & Used)
  | ({ kind: "failure"; failure: AgentFailure } & Used);

type Used = { usage: Usage };
/** `partial`: land what is there, the handoff says what is missing. */
export type WorkStatus = "done" | "partial" | "nothing_to_do";
export type AgentFailure = Exclude<
  Failure,
  { kind: "timed_out" | "stalled" | "rejected" | "nothing_changed" | "refused" | "conflicts" | "lost" }
>;

// --- commands -----------------------------------------------------------------------------------------------

/** Runs acceptance commands and checks. */
export interface Commands {
  /**
   * Never rejects for what the command does; rejects when it cannot be started (no such directory, too many
   * processes). Kills its whole process group at `timeoutMs` and when `signal` aborts, and waits until it is gone.
   */
  run(order: CommandOrder): Promise<CommandResult>;
}

export type CommandOrder = {
  run: RunId;
  /** For `sh -c`. */
  command: string;
  directory: string;
  timeoutMs: number;
  outputBytesMax: number;
  signal: AbortSignal;
};

export type CommandResult = {
  /** null: killed. */
  exitCode: number | null;
  timedOut: boolean;
  /** stdout and stderr as they came, cut in the middle when longer than `outputBytesMax`. */
  output: string;
  ms: number;
};

/** Ends what a dead engine left running. */
export interface Leftovers {
  /**
   * Kills every process that earlier engines of the run started and that still lives; answers how many. Call it
   * before the first session: it does not spare processes of this engine that carry the run's id.
   * Linux only; elsewhere it answers 0, and what left its process group with `setsid` stays.
   */
  killAll(run: RunId): Promise<number>;
}

// --- processes ----------------------------------------------------------------------------------------------

/** Runs programs in process groups of their own, none of which outlives the engine, however the engine ends. */
export interface ProcessGroups {
  /** Never throws for what the program is or does: `ended` tells. */
  spawn(order: GroupOrder): ProcessGroup;
  /**
   * Kills every process that has all of these variables, with exactly these values, in the environment it was
   * started with: also one that left its group with `setsid`. Waits until they are gone, within a bound; answers how
   * many there were. Linux only; elsewhere it answers 0.
   */
  killMarked(marks: Environment, spared?: ReadonlySet<number>): Promise<number>;
  /** Those that `killMarked` would kill, as it is now. */
  findMarked(marks: Environment): Promise<ReadonlySet<number>>;
}

export type Environment = { [name: string]: string };

export type GroupOrder = {
  /** The first is looked up in the PATH of `environment`; with a slash in it, it is relative to `directory`. */
  argv: readonly [string, ...string[]];
  directory: string;
  /** The whole environment; nothing is added. Names that are not shell identifiers may be lost. */
  environment: Environment;
  /** null: empty. A file keeps `/dev/stdin` openable and costs no memory. `talk`: what `ProcessGroup.say` writes. */
  stdin: { text: string } | { file: string } | "talk" | null;
  /** In pieces of at most 64 KB, valid UTF-8 (invalid bytes become U+FFFD), not cut into lines. Must not throw. */
  onStdout(text: string): void;
  onStderr(text: string): void;
  /** What it needs beyond its directory; a sandbox lets nothing else through. */
  access?: Access;
};

export type Access = {
  /** Whose hosts it may reach; null: none. */
  role: Role | null;
  /** The session's own, to read; its home and /tmp lie there. null: they are gone with it. */
  folder: string | null;
  /** Outside of its directory; the engine trusts nothing in there. `ports`: of our own servers. */
  writable: readonly string[];
  ports: readonly number[];
};

export interface ProcessGroup {
  /** The group's id, which is its leader's process id; null when it could not be started. */
  readonly pid: number | null;
  /** Writes to the leader's stdin, of a group with `stdin: "talk"`; lost when the leader has closed it. Answers once it was taken. */
  say(text: string): Promise<void>;
  /** Answers once the leader has ended, the rest of its group has been killed and all output was handed over. Never rejects. */
  readonly ended: Promise<GroupEnd>;
  /** SIGTERM to the group, SIGKILL after `graceMs`; answers with `ended`. Repeatable; the shortest grace counts. */
  kill(graceMs: number): Promise<void>;
}

export type GroupEnd =
  /** 126 and 127: most likely the program could not be run or found; a shell's message is on stderr. */
  { kind: "exited"; exitCode: number } | { kind: "killed"; signal: string } | { kind: "not_started"; reason: string };

// --- trunk --------------------------------------------------------------------------------------------------

/**
 * The run's shared branch in a bare repository that the engine owns, workspaces made from it, and landings on it.
 * The engine calls `land` one at a time per run. Rejections are faults of the environment (disk full, a broken
 * repository); after one the ref is either old or new, and `landedSince` tells which.
 */
export interface Trunk {
  /** Creates the run's branch at `base`. Repeatable. */
  begin(run: RunId, base: Commit): Promise<void>;
  /** From now on only landings through this very object move the run's branch: an older engine's are answered `moved`. */
  takeOver(run: RunId, engine: EngineId): Promise<void>;
  tip(run: RunId): Promise<Commit>;
  /**
   * A clean checkout of `commit` in a directory of its own; `kept`: with the work that `keep` answered. `name`: unique
   * among those that are open; `[a-z0-9-]+`.
   */
  openWorkspace(run: RunId, name: string, commit: Commit, kept?: string | null): Promise<Workspace>;
  /**
   * Keeps the workspace's files durably with the trunk, for `openWorkspace` on any machine. Files that git ignores are
   * not kept; files that could not land are reasons to keep nothing.
   */
  keep(run: RunId, workspace: Workspace): Promise<{ ok: true; kept: string } | { ok: false; reasons: string[] }>;
  /** Removes workspaces of earlier engines, and locks that they left. Nobody else may work on the run. */
  clearLeftovers(run: RunId): Promise<void>;
  /**
   * Takes the workspace's files as one change, merges it onto the tip `submission.onto` and moves the branch from
   * there, durably, before it answers. Never runs or parses anything that the worker wrote.
   */
  land(run: RunId, workspace: Workspace, submission: Submission): Promise<LandAnswer>;
  /**
   * Puts the workspace on `tip` with its own change merged in and conflict markers in place. A following `land`
   * refuses files that still carry these markers.
   */
  placeConflict(workspace: Workspace, tip: Commit): Promise<{ base: Commit; files: ConflictFile[] }>;
  /** Landed commits after `since`, oldest first, read from the trailers in the trunk's own history. */
  landedSince(run: RunId, since: Commit): Promise<Landed[]>;
  /** Publishes trunk and green as branches of the user's repository; answers their names. */
  publish(run: RunId, green: Commit | null): Promise<{ trunk: string; green: string | null }>;
}

export type Workspace = {
  run: RunId;
  name: string;
  /** Absolute. */
  path: string;
  base: Commit;
  remove(): Promise<void>;
};

export type Submission = {
  cycle: number;
  task: TaskId;
  session: SessionId;
  /** The commit message without trailers. */
  message: string;
  /** The tip as the engine knows it. When the branch is elsewhere or another engine took over, the answer is `moved`. */
  onto: Commit;
};

export type LandAnswer =
  | { kind: "landed"; commit: Commit; files: string[] }
  /** The workspace holds no change against its base. */
  | { kind: "unchanged" }
  /** The trunk has this very change already. */
  | { kind: "contained" }
  | { kind: "moved" }
  | { kind: "conflict"; files: string[] }
  | { kind: "refused"; reasons: string[] };

export type Landed = { commit: Commit; task: TaskId; session: SessionId };
