/**
 * Everything the engine needs of the outside, as ports. `cli/main.ts` hands in the real ones; the simulation hands
 * in virtual ones. The store (`store-port.ts`), the trunk (`trunk-port.ts`) and processes (`process-ports.ts`) have files of their own.
 */
import type { Brief } from "../domain/brief.ts";
import type { Cost } from "../domain/budget.ts";
import type { CallFault, PriceSource, Tokens } from "../domain/call.ts";
import type { Failure } from "../domain/failure.ts";
import type { Handoff } from "../domain/handoff.ts";
import type { CallId, RunId, SessionId } from "../domain/ids.ts";
import type { PlannerAction } from "../domain/plan.ts";
import type { OpenChildren } from "../domain/planner.ts";
import type { Again } from "../domain/rate.ts";
import type { Step, Usage } from "../domain/session.ts";
import type { VerdictProposal } from "../domain/verdict.ts";

export type { Exchange, Remote } from "./remote-port.ts";
export type * from "./trunk-port.ts";
export type { Access, Environment, GroupEnd, GroupOrder, ProcessGroup, ProcessGroups } from "./process-ports.ts";

/** Time. Leases and deadlines of rows use the database's clock; this one only wakes the engine up. */
export interface Clock {
  now(): number;
  /** Ms since some start: who sets the clock does not change it, nor does the sleep of the machine. */
  elapsed(): number;
  /** Calls `fire` once after `ms`, unless the returned function is called first. */
  timer(ms: number, fire: () => void): () => void;
}

/** What is left of the machine that the run works on. */
export interface Machine {
  /** Bytes that may still be written where workspaces and the trunk lie. */
  freeDiskBytes(): Promise<number>;
  /** Bytes of memory that programs may still take. */
  freeMemoryBytes(): number;
}

// --- agents -------------------------------------------------------------------------------------------------

/** Runs sessions. One implementation dispatches to the kinds of agent (command, model, later ACP). */
export interface Agents {
  /**
   * How agents of this name work. `keepsRecord`: their sessions record every step through `SessionHost`, so that
   * one whose engine died is continued. `credential`: whose limits hold for their calls; null: none that we know of.
   * `memoryBytes`: what a session's program takes; 0: nobody knows.
   */
  traits(agent: string): AgentTraits;
  /** Cheap: starts nothing yet. */
  open(order: SessionOrder): AgentSession;
}

export type AgentTraits = { keepsRecord: boolean; credential: string | null; memoryBytes: number };

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

/** `converse` may be called again after it has answered (a conflict): who keeps a conversation goes on in it, others run anew. */
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

/** Of acceptance and checks. */
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
  /** Left out: no network. */
  network?: "prepare";
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
