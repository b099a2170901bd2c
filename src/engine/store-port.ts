/**
 * The store, as the engine sees it: rows of one transactional database, the only truth for control. Decisions are
 * made in `domain/` and `engine/`; the store only reads and writes. Rejections mean that nothing was written.
 */
import type { Account, Cost, Spend } from "../domain/budget.ts";
import type { PriceSource, Tokens } from "../domain/call.ts";
import type { Cycle, CycleState } from "../domain/cycle.ts";
import type { EventAbout, EventType } from "../domain/event.ts";
import type { Failure, Record } from "../domain/failure.ts";
import type { Handoff } from "../domain/handoff.ts";
import type {
  CallId,
  Commit,
  CycleId,
  EngineId,
  HandoffId,
  MessageId,
  PlannerId,
  RunId,
  SessionId,
  TaskId,
} from "../domain/ids.ts";
import type { Message, MessageBody } from "../domain/message.ts";
import type { OpenChildren, Planner } from "../domain/planner.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { EngineLease, Run, RunStatus } from "../domain/run.ts";
import type { Credential } from "../domain/rate.ts";
import type { Claim, Opening, Session, SessionKind, SessionOutcome, Step, Subject, Usage } from "../domain/session.ts";
import type { Contested, Task, TaskChange, TaskSpec, TaskState, TaskStatus } from "../domain/task.ts";
import type { AcceptanceResult, CycleRecord, Evidence, Verdict } from "../domain/verdict.ts";
import type { PlannedCall } from "./ports.ts";

export interface Store {
  /** `repository`: the absolute folder of the user's repository. */
  createRun(run: { id: RunId; repository: string; goal: string; config: RunConfig; base: Commit }): Promise<void>;

  /**
   * One transaction that holds the run's lock: the transitions of a run happen one after the other, in any number of
   * processes, so `change` may read, decide and write without thinking of others. Must not wait for anything else.
   */
  transition<T>(run: RunId, change: (tx: Transition) => Promise<T>): Promise<T>;

  /**
   * Makes `engine` the run's one engine, unless another holds a valid lease and `isDead` does not know better.
   * Answers the holder that stands in the way, or null.
   */
  acquireRun(
    run: RunId,
    engine: Omit<EngineLease, "leaseUntil">,
    leaseMs: number,
    isDead: (holder: EngineLease) => boolean,
  ): Promise<EngineLease | null>;
  /**
   * Gives the run back, as long as it still has this status; false: it has changed (somebody resumed it), and the engine
   * has to go on.
   */
  releaseRun(run: RunId, engine: EngineId, status: RunStatus["status"]): Promise<boolean>;

  /** Renews the engine's lease on the run and the leases of all sessions that it holds. False: another engine took over. */
  heartbeat(run: RunId, engine: EngineId, leaseMs: number): Promise<boolean>;

  /** Adds to a session's transcript. Only the newest holder may; a stale one is ignored. */
  appendTranscript(claim: Claim, entries: TranscriptEntry[]): Promise<void>;

  /** Calls `wake` when another process has changed the store; may call it for nothing. Answers how to stop. */
  onForeignChange(wake: () => void): () => void;

  close(): Promise<void>;
}

export type TranscriptEntry = { at: number; kind: TranscriptKind; text: string };
/** `note` is the engine's own word. */
export type TranscriptKind = "brief" | "stdout" | "stderr" | "answer" | "note";

/** Reads and writes within one transition. Times in ms, from the database's clock. */
export interface Transition {
  readonly now: number;
  /** The run as it stands within this transition. */
  readonly run: Run;
  updateRun(change: Partial<Pick<Run, "state" | "tip" | "green" | "config">>): Promise<void>;

  insertCycle(cycle: { number: number; brief: string; deadlineAt: number }): Promise<Cycle>;
  /** The newest cycle. */
  cycle(): Promise<Cycle | null>;
  setCycleState(cycle: CycleId, state: CycleState): Promise<void>;
  /** Of the newest verdict; null: none was given yet. */
  lastEvidence(): Promise<Evidence | null>;
  insertVerdict(cycle: CycleId, session: SessionId | null, verdict: Verdict): Promise<void>;
  /** Ended cycles, oldest first. */
  cycleRecords(): Promise<CycleRecord[]>;
  countTasks(cycle: CycleId): Promise<{ [S in TaskStatus]: number }>;

  insertPlanner(
    planner: Pick<Planner, "cycle" | "parent" | "depth" | "name" | "question" | "paths" | "agent">,
  ): Promise<PlannerId>;
  planner(id: PlannerId): Promise<Planner | null>;
  plannersOfCycle(cycle: CycleId): Promise<Pick<Planner, "id" | "parent" | "name" | "question" | "status">[]>;
  activePlanners(cycle: CycleId): Promise<PlannerId[]>;
  updatePlanner(
    id: PlannerId,
    change: Partial<Pick<Planner, "scratchpad" | "status" | "failures" | "interruptions">>,
  ): Promise<void>;
  openChildren(planner: PlannerId): Promise<OpenChildren>;

  insertTask(task: {
    cycle: CycleId;
    planner: PlannerId;
    spec: TaskSpec;
    dependsOn: TaskId[];
    state: TaskState;
  }): Promise<TaskId>;
  task(id: TaskId): Promise<Task | null>;
  tasks(ids: TaskId[]): Promise<Task[]>;
  tasksNamed(planner: PlannerId, names: string[]): Promise<Task[]>;
  /** Open ones first, then the newest. */
  tasksOf(planner: PlannerId, limit: number): Promise<{ tasks: Task[]; omitted: number }>;
  openTasksOfRun(): Promise<number>;
  openTasksOfCycle(cycle: CycleId): Promise<TaskId[]>;
  setTask(
    id: TaskId,
    change: { state: TaskState; record?: Record; contested?: Contested; unwanted?: string },
  ): Promise<void>;
  /** Of the newest task with what people have pushed. */
  lastFollowed(): Promise<{ status: TaskStatus; cycle: CycleId; theirs: Commit } | null>;
  /** `queuedAs`: of its attempt, should one be queued. */
  updateTask(id: TaskId, change: TaskChange, queuedAs: { agent: string; priority: number }): Promise<void>;
  /** One dependency of these tasks has landed: counts their blockers down, answers those with none left. */
  releaseDependents(landed: TaskId): Promise<TaskId[]>;
  /** Tasks that wait for this one. */
  blockedDependents(task: TaskId): Promise<TaskId[]>;
  /** Blocked tasks of the cycle whose dependencies have all landed; there should be none. */
  strandedTasks(cycle: CycleId): Promise<TaskId[]>;

  queueSession(session: {
    cycle: CycleId;
    subject: Subject;
    agent: string;
    priority: number;
    readyAt: number;
  }): Promise<SessionId>;
  /** Queued sessions of this kind that may start now, of other agents and planners than these: highest priority first, then oldest. */
  claimable(
    kind: SessionKind,
    limit: number,
    exceptAgents: readonly string[],
    exceptPlanners?: readonly PlannerId[],
  ): Promise<Session[]>;
  /** When the next queued session becomes ready, if one waits. */
  nextReadyAt(): Promise<number | null>;
  claim(session: Session, holder: EngineId, leaseUntil: number): Promise<Claim>;
  /** A running session goes back into the queue, with all that it has recorded. */
  requeueSession(id: SessionId, readyAt: number): Promise<void>;
  /** `workspace`: as it stood then, where it is more than a checkout of the opening's base. */
  openSession(id: SessionId, opening: Opening, workspace: string | null): Promise<void>;
  session(id: SessionId): Promise<Session | null>;
  /** The queued or running session of a subject; of a task: its attempt or arbitration. */
  liveSession(subject: Subject, cycle: CycleId): Promise<Session | null>;
  runningSessions(): Promise<Session[]>;
  queuedSessions(cycle: CycleId): Promise<Session[]>;
  endSession(id: SessionId, end: { outcome: SessionOutcome; failure: Failure | null }): Promise<void>;

  hasSteps(session: SessionId): Promise<boolean>;
  /** Oldest first. */
  steps(session: SessionId): Promise<Step[]>;
  /** `workspace` null: it is as it was. */
  appendStep(session: SessionId, step: Step, workspace: string | null): Promise<void>;
  /** What a repeatable action has answered before; JSON. */
  actionAnswer(session: SessionId, key: string): Promise<unknown>;
  insertActionAnswer(session: SessionId, key: string, answer: unknown): Promise<void>;

  /** Adds to the accounts of the session, its cycle, its planner and those above, and the run. */
  charge(session: Session, change: Spend): Promise<void>;
  /** What can be exhausted for this session: the run, its cycle (but for a judgement), its planner and those above but the root, the session. */
  accounts(session: Session): Promise<Account[]>;
  insertCall(session: Session, call: PlannedCall): Promise<CallId>;
  /** One that nobody has told the end of. */
  call(id: CallId): Promise<OpenCall | null>;
  /** Calls of the session that have begun and not ended. */
  openCalls(session: SessionId): Promise<OpenCall[]>;
  callsUnderWay(credential: string): Promise<number>;
  settleCall(id: CallId, end: SettledCall): Promise<void>;
  /** An agent that is paid by the session tells what it used: a row of the ledger that was never open. */
  insertUsage(session: Session, usage: Usage): Promise<void>;
  credential(name: string): Promise<Credential>;
  setCredential(name: string, credential: Credential): Promise<void>;
  credentials(): Promise<{ [name: string]: Credential }>;
  /** Why ended sessions of the subject failed, oldest first; of a task: attempts and arbitrations. */
  failuresOf(subject: Subject, cycle: CycleId, limit: number): Promise<{ session: SessionId; failure: Failure }[]>;

  insertMessage(planner: PlannerId, body: MessageBody): Promise<MessageId>;
  /** Oldest first. */
  unread(planner: PlannerId, limit: number): Promise<Message[]>;
  countUnread(planner: PlannerId): Promise<number>;
  /** Marks the messages up to and including `upTo` as read by this turn. */
  consume(planner: PlannerId, upTo: MessageId, session: SessionId): Promise<void>;

  insertHandoff(handoff: NewHandoff): Promise<HandoffId>;
  handoffsOfTasks(tasks: TaskId[]): Promise<{ task: TaskId; handoff: Handoff }[]>;
  /** The newest. */
  handoffOfPlanner(planner: PlannerId): Promise<{ status: string; handoff: Handoff } | null>;
  /** Newest first. */
  handoffsOfCycle(cycle: CycleId, limit: number): Promise<CycleHandoff[]>;

  /** Durable before the trunk is touched, so that a crash in between loses neither the handoff nor the cost. */
  insertLanding(landing: Submitted): Promise<void>;
  /** The landing of this session that is submitted and not yet settled. */
  openLanding(session: SessionId): Promise<Submitted | null>;
  /** The newest landing of this session that is not known to have been answered: submitted, or lost with its engine. */
  lastSubmission(session: SessionId): Promise<Submitted | null>;
  /** Settles what `lastSubmission` answers. */
  settleLanding(session: SessionId, end: LandingEnd): Promise<void>;

  /** The trunk's tip is now this merge of what people pushed: it has its place among what landed. Repeatable. */
  insertFollowed(commit: Commit): Promise<void>;
  /** The checks passed on this commit: everything that landed up to it is verified. */
  verifyLandings(commit: Commit): Promise<void>;
  /** What landed after `from` (null: since the run began) up to `to`, newest first, and how much of it is left out. */
  landingsBetween(
    from: Commit | null,
    to: Commit,
    limit: number,
  ): Promise<{ landings: (LandedTask | LandedPush)[]; omitted: number }>;
  /** Whether the trunk was on `commit` before it was on `other`. false: also where it is not known. */
  isBehind(commit: Commit, other: Commit): Promise<boolean>;
  /** The files that were most often in conflict, more than once. */
  hotFiles(limit: number): Promise<HotFile[]>;

  /** When the checks began to fail; null: they passed last, or never ran. */
  redSince(): Promise<number | null>;
  /** What was inserted last. */
  lastChecks(): Promise<{ commit: Commit; results: AcceptanceResult[] } | null>;
  /** The output of those that passed is not kept. */
  insertChecks(commit: Commit, passed: boolean, results: AcceptanceResult[]): Promise<void>;
  addEvent(type: EventType, about?: EventAbout, data?: { [key: string]: unknown }): Promise<void>;
}

/** `status`: `answered` and `failed` are settled by whoever made the call, `unknown` by others: what it used is not known. */
export type SettledCall = {
  status: "answered" | "failed" | "unknown";
  tokens: Tokens;
  microUsd: number;
  priceSource: PriceSource;
  detail: string | null;
};
/** `isOpen` false: it was settled as `unknown`, and charged `atMost`. */
export type OpenCall = {
  isOpen: boolean;
  id: CallId;
  session: SessionId;
  credential: string;
  atMost: Cost;
  startedAt: number;
};

export type NewHandoff = {
  cycle: CycleId;
  session: SessionId | null;
  /** Whose handoff: a task's, or (task null) a planner's. */
  task: TaskId | null;
  planner: PlannerId;
  status: string;
  handoff: Handoff;
  /** Written by the engine in the name of a session that could not. */
  synthetic: boolean;
};

export type CycleHandoff = { task: TaskId | null; planner: PlannerId; title: string; status: string; handoff: Handoff };

export type Submitted = { session: SessionId; task: TaskId; handoff: Handoff; usage: Usage };

export type LandedTask = { task: TaskId; planner: PlannerId; title: string; commit: Commit };
/** What people pushed. */
export type LandedPush = { task: null; commit: Commit };
export type HotFile = { path: string; conflicts: number };

export type LandingEnd =
  | { status: "landed"; commit: Commit; files: string[] }
  | { status: "unchanged" }
  | { status: "conflict"; files: string[] }
  | { status: "refused"; reasons: string[] }
  /** The engine died in between and the trunk does not have it. */
  | { status: "lost" };
