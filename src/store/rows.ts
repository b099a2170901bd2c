/** From rows to domain values. Each state becomes its union here, so that no half-filled row leaves the store. */
import type { Selectable } from "kysely";
import type { Spend } from "../domain/budget.ts";
import type { Cycle, CycleState } from "../domain/cycle.ts";
import type { Failure } from "../domain/failure.ts";
import type { Commit, CycleId, EngineId, MessageId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { Message, MessageBody } from "../domain/message.ts";
import type { Planner, PlannerStatus } from "../domain/planner.ts";
import { completeConfig, type RunConfig } from "../domain/run-config.ts";
import type { Run, RunStatus } from "../domain/run.ts";
import type { Opening, Session, SessionKind, SessionOutcome, SessionState, Subject } from "../domain/session.ts";
import type { Contested, Task, TaskState, TaskStatus } from "../domain/task.ts";
import type { Tables } from "./schema.ts";

type Row<T extends keyof Tables> = Selectable<Tables[T]>;

export function toRun(row: Row<"runs">): Run {
  return {
    id: row.id as RunId,
    repository: row.repository,
    goal: row.goal,
    config: completeConfig(JSON.parse(row.config) as RunConfig),
    base: row.base as Commit,
    tip: row.tip as Commit,
    green: row.green as Commit | null,
    state: JSON.parse(row.state) as RunStatus,
    spend: toSpend(row),
    createdAt: row.created_at,
    engine:
      row.engine_id === null
        ? null
        : {
            id: row.engine_id as EngineId,
            host: row.engine_host ?? "",
            pid: row.engine_pid ?? 0,
            leaseUntil: row.engine_lease_until ?? 0,
          },
  };
}

type SpendColumns = Pick<Row<"runs">, "spent_micro_usd" | "reserved_micro_usd" | "tokens" | "reserved_tokens">;

export function toSpend(row: SpendColumns): Spend {
  return {
    microUsd: row.spent_micro_usd,
    reservedMicroUsd: row.reserved_micro_usd,
    tokens: row.tokens,
    reservedTokens: row.reserved_tokens,
  };
}

export function toCycle(row: Row<"cycles">): Cycle {
  return {
    id: row.id as CycleId,
    run: row.run_id as RunId,
    number: row.number,
    brief: row.brief,
    startedAt: row.started_at,
    state: JSON.parse(row.state) as CycleState,
  };
}

export function toPlanner(row: Row<"planners">): Planner {
  return {
    id: row.id as PlannerId,
    cycle: row.cycle_id as CycleId,
    parent: row.parent_id as PlannerId | null,
    depth: row.depth,
    name: row.name,
    question: row.question,
    paths: JSON.parse(row.paths) as string[],
    agent: row.agent,
    scratchpad: row.scratchpad,
    status: row.status as PlannerStatus,
    failures: row.failures,
    interruptions: row.interruptions,
  };
}

export function toTask(row: Row<"tasks">, dependsOn: TaskId[]): Task {
  return {
    id: row.id as TaskId,
    cycle: row.cycle_id as CycleId,
    planner: row.planner_id as PlannerId,
    name: row.name,
    title: row.title,
    instructions: row.instructions,
    paths: JSON.parse(row.paths) as string[],
    priority: row.priority,
    acceptance: row.acceptance,
    agent: row.agent,
    dependsOn,
    record: { failures: row.failures, interruptions: row.interruptions },
    contested: row.contested === null ? null : (JSON.parse(row.contested) as Contested),
    unwanted: row.unwanted,
    state: toTaskState(row),
  };
}

function toTaskState(row: Row<"tasks">): TaskState {
  const status = row.status as TaskStatus;
  const [at, reason] = [row.ended_at ?? 0, row.reason ?? ""];
  switch (status) {
    case "blocked":
      return { status, blockers: row.blockers };
    case "ready":
      return { status };
    case "running":
      return { status, session: row.session_id as SessionId };
    case "landed":
      return { status, commit: row.commit as Commit, nothingToDo: row.nothing_to_do === 1, at };
    case "failed":
    case "cancelled":
      return { status, reason, at };
  }
}

/** The columns that hold a task's state. */
export function taskStateColumns(state: TaskState) {
  return {
    status: state.status,
    blockers: state.status === "blocked" ? state.blockers : 0,
    session_id: state.status === "running" ? state.session : null,
    commit: state.status === "landed" ? state.commit : null,
    nothing_to_do: state.status === "landed" && state.nothingToDo ? 1 : 0,
    reason: state.status === "failed" || state.status === "cancelled" ? state.reason : null,
    ended_at: "at" in state ? state.at : null,
  };
}

export function toSession(row: Row<"sessions">): Session {
  return {
    id: row.id as SessionId,
    run: row.run_id as RunId,
    cycle: row.cycle_id as CycleId,
    subject: toSubject(row),
    agent: row.agent,
    priority: row.priority,
    token: row.token,
    spend: toSpend({ ...row, spent_micro_usd: row.micro_usd }),
    opening: row.opening === null ? null : (JSON.parse(row.opening) as Opening),
    workspace: row.workspace,
    queuedAt: row.queued_at,
    state: toSessionState(row),
  };
}

function toSubject(row: Row<"sessions">): Subject {
  const kind = row.kind as SessionKind;
  switch (kind) {
    case "turn":
      return { kind, planner: row.planner_id as PlannerId };
    case "attempt":
    case "arbitration":
      return { kind, task: row.task_id as TaskId, planner: row.planner_id as PlannerId };
    case "judgement":
      return { kind };
  }
}

function toSessionState(row: Row<"sessions">): SessionState {
  switch (row.status) {
    case "queued":
      return { status: "queued", readyAt: row.ready_at };
    case "running":
      return {
        status: "running",
        holder: row.holder as EngineId,
        leaseUntil: row.lease_until ?? 0,
        startedAt: row.started_at ?? 0,
      };
    default:
      return {
        status: "ended",
        outcome: row.outcome as SessionOutcome,
        failure: row.failure === null ? null : (JSON.parse(row.failure) as Failure),
        startedAt: row.started_at,
        endedAt: row.ended_at ?? 0,
      };
  }
}

export function toMessage(row: Row<"messages">): Message {
  return {
    id: row.id as MessageId,
    planner: row.planner_id as PlannerId,
    at: row.at,
    body: JSON.parse(row.body) as MessageBody,
  };
}
