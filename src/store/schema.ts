/** The tables, as Kysely types. JSON lies in text columns, times are ms, money is millionths of a dollar, flags are 0 or 1. */
import type { ColumnType, Generated } from "kysely";

type Id = Generated<number>;
type Written<T> = ColumnType<T, T, never>;

export type Tables = {
  runs: {
    id: string;
    /** The folder of the user's repository. */
    repository: Written<string>;
    goal: Written<string>;
    config: string;
    base: Written<string>;
    tip: string;
    green: string | null;
    /** JSON of `RunStatus`. */
    state: string;
    /** `RunStatus["status"]`, for queries. */
    status: string;
    spent_micro_usd: number;
    reserved_micro_usd: number;
    tokens: number;
    reserved_tokens: number;
    created_at: Written<number>;
    engine_id: string | null;
    engine_host: string | null;
    engine_pid: number | null;
    engine_lease_until: number | null;
  };
  cycles: {
    id: Id;
    run_id: Written<string>;
    number: Written<number>;
    brief: Written<string>;
    started_at: Written<number>;
    /** JSON of `CycleState`. */
    state: string;
    spent_micro_usd: number;
    reserved_micro_usd: number;
    tokens: number;
    reserved_tokens: number;
  };
  verdicts: {
    cycle_id: Written<number>;
    session_id: Written<number | null>;
    verdict: Written<string>;
    summary: Written<string>;
    brief: Written<string>;
    evidence: Written<string>;
    at: Written<number>;
  };
  planners: {
    id: Id;
    run_id: Written<string>;
    cycle_id: Written<number>;
    parent_id: Written<number | null>;
    depth: Written<number>;
    name: Written<string>;
    question: Written<string>;
    paths: Written<string>;
    agent: Written<string | null>;
    scratchpad: string;
    status: string;
    failures: number;
    interruptions: number;
    /** Of the planner and everything below it. */
    spent_micro_usd: number;
    reserved_micro_usd: number;
    tokens: number;
    reserved_tokens: number;
  };
  tasks: {
    id: Id;
    run_id: Written<string>;
    cycle_id: Written<number>;
    planner_id: Written<number>;
    name: Written<string>;
    title: string;
    instructions: string;
    paths: Written<string>;
    priority: number;
    acceptance: string;
    agent: string | null;
    failures: number;
    interruptions: number;
    status: string;
    blockers: number;
    session_id: number | null;
    commit: string | null;
    nothing_to_do: number;
    reason: string | null;
    created_at: Written<number>;
    ended_at: number | null;
    /** JSON of `Contested`. */
    contested: string | null;
    /** `Contested["follows"]`. */
    follows: string | null;
    unwanted: string | null;
  };
  dependencies: { task_id: Written<number>; depends_on: Written<number> };
  sessions: {
    id: Id;
    run_id: Written<string>;
    cycle_id: Written<number>;
    kind: Written<string>;
    planner_id: Written<number | null>;
    task_id: Written<number | null>;
    agent: string;
    priority: number;
    status: string;
    ready_at: number;
    queued_at: Written<number>;
    started_at: number | null;
    ended_at: number | null;
    holder: string | null;
    token: number;
    lease_until: number | null;
    reserved_micro_usd: number;
    micro_usd: number;
    tokens: number;
    reserved_tokens: number;
    /** JSON of `Opening`. */
    opening: string | null;
    workspace: string | null;
    outcome: string | null;
    failure: string | null;
  };
  messages: {
    id: Id;
    run_id: Written<string>;
    planner_id: Written<number>;
    at: Written<number>;
    body: Written<string>;
    consumed_by: number | null;
  };
  handoffs: {
    id: Id;
    run_id: Written<string>;
    cycle_id: Written<number>;
    session_id: Written<number | null>;
    task_id: Written<number | null>;
    planner_id: Written<number>;
    status: Written<string>;
    body: Written<string>;
    synthetic: Written<number>;
    at: Written<number>;
  };
  landings: {
    id: Id;
    run_id: Written<string>;
    session_id: Written<number>;
    task_id: Written<number>;
    status: string;
    /** JSON: the handoff and the usage. */
    submission: Written<string>;
    submitted_at: Written<number>;
    settled_at: number | null;
    commit: string | null;
    /** JSON: files of a landing or conflict, reasons of a refusal. */
    detail: string | null;
    /** Of what landed, in the trunk's order: 1 for the run's first commit. No other one and none of `followed` has it. */
    place: number | null;
    /** The first commit with it on which the checks passed. */
    verified_commit: string | null;
    verified_at: number | null;
  };
  /** Commits of the trunk that merged what people had pushed. */
  followed: { run_id: Written<string>; place: Written<number>; commit: Written<string> };
  file_conflicts: { run_id: Written<string>; path: Written<string>; conflicts: number };
  checks: {
    id: Id;
    run_id: Written<string>;
    commit: Written<string>;
    passed: Written<number>;
    results: Written<string>;
    at: Written<number>;
  };
  events: {
    seq: Id;
    run_id: Written<string>;
    at: Written<number>;
    type: Written<string>;
    session_id: Written<number | null>;
    task_id: Written<number | null>;
    planner_id: Written<number | null>;
    data: Written<string>;
  };
  transcripts: {
    seq: Id;
    run_id: Written<string>;
    session_id: Written<number>;
    at: Written<number>;
    kind: Written<string>;
    text: Written<string>;
  };
  /** What a session recorded of itself, in order. */
  steps: {
    seq: Id;
    run_id: Written<string>;
    session_id: Written<number>;
    at: Written<number>;
    kind: Written<string>;
    /** JSON. */
    body: Written<string>;
  };
  /** What actions of a session have answered, so that none is taken twice. */
  actions: {
    session_id: Written<number>;
    key: Written<string>;
    run_id: Written<string>;
    answer: Written<string>;
  };
  /** The ledger: one row for each call of a model, and for what an agent says that it used. */
  calls: {
    id: Id;
    run_id: Written<string>;
    session_id: Written<number>;
    cycle_id: Written<number>;
    planner_id: Written<number | null>;
    task_id: Written<number | null>;
    role: Written<string>;
    agent: Written<string>;
    credential: Written<string>;
    model: Written<string>;
    status: string;
    started_at: Written<number>;
    ended_at: number | null;
    at_most_micro_usd: Written<number>;
    at_most_tokens: Written<number>;
    input_tokens: number;
    cached_tokens: number;
    written_tokens: number;
    output_tokens: number;
    micro_usd: number;
    price_source: string | null;
    /** What went wrong. */
    detail: string | null;
  };
  credentials: {
    run_id: Written<string>;
    name: Written<string>;
    /** JSON of `Credential`. */
    state: string;
  };
};
