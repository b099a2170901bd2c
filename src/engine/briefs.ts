/**
 * Builds the brief of a session from the store: what this agent needs to know, bounded, and nothing of other sessions. The
 * session need not exist: `longhaul prompts show` asks what one would be told. `session` is its id as a text (`s41`).
 */
import type {
  ArbiterBrief,
  BriefHead,
  BriefMessage,
  JudgeBrief,
  PlannerBrief,
  SentBack,
  TaskBrief,
  WorkerBrief,
} from "../domain/brief.ts";
import { describeFailure, type Failure } from "../domain/failure.ts";
import { idText, type Commit, type CycleId, type MessageId, type PlannerId, type TaskId } from "../domain/ids.ts";
import type { Message } from "../domain/message.ts";
import type { Planner } from "../domain/planner.ts";
import { protectedPaths } from "../domain/protected.ts";
import type { Task } from "../domain/task.ts";
import type { Transition } from "./store-port.ts";

/** What only the engine's process knows. */
export type Place = { workspace: string; base: Commit } & Pick<BriefHead, "sparse" | "deadline">;

const earlierMax = 10;
const handoffsMax = 200;
const hotFilesMax = 20;

export async function plannerBrief(
  tx: Transition,
  session: string,
  id: PlannerId,
  place: Place,
): Promise<{ brief: PlannerBrief; readUpTo: MessageId | null }> {
  const { limits } = tx.run.config;
  const planner = await tx.planner(id);
  if (!planner) throw new Error(`planner ${id} has no row`);
  const messages = await tx.unread(id, limits.messagesPerTurnMax);
  const { tasks, omitted } = await tx.tasksOf(id, limits.tasksInBriefMax);
  const children = (await tx.plannersOfCycle(planner.cycle)).filter((p) => p.parent === id);
  return {
    readUpTo: messages.at(-1)?.id ?? null,
    brief: {
      ...(await head(tx, session, place)),
      role: "planner",
      planner: {
        id: idText("planner", id),
        parent: planner.parent && idText("planner", planner.parent),
        depth: planner.depth,
        name: planner.name,
        question: planner.question,
        paths: planner.paths,
      },
      scratchpad: planner.scratchpad,
      inbox: await briefMessages(tx, messages),
      tasks: tasks.map(({ id: task, name, title, state }) => ({
        id: idText("task", task),
        name,
        title,
        status: state.status,
        reason: "reason" in state ? state.reason : null,
      })),
      tasksOmitted: omitted,
      planners: children.map((child) => ({
        id: idText("planner", child.id),
        name: child.name,
        question: child.question,
        status: child.status,
      })),
      hotFiles: await tx.hotFiles(hotFilesMax),
      refusals: await refusalsOf(tx, planner),
      limits: {
        depthLeft: Math.max(0, limits.planDepthMax - planner.depth),
        tasksPerTurnMax: limits.tasksPerTurnMax,
        dependenciesPerTaskMax: limits.dependenciesPerTaskMax,
        openTasksLeft: Math.max(0, limits.openTasksMax - (await tx.openTasksOfRun())),
      },
    },
  };
}

async function refusalsOf(tx: Transition, planner: Planner): Promise<string[]> {
  if (planner.failures === 0) return [];
  const last = (await tx.failuresOf({ kind: "turn", planner: planner.id }, planner.cycle, 1))[0]?.failure;
  if (last?.kind === "rejected") return last.errors;
  return last?.kind === "malformed" ? [last.detail] : [];
}

async function briefMessages(tx: Transition, messages: Message[]): Promise<BriefMessage[]> {
  const taskIds = messages.flatMap(({ body }) => (body.kind === "task_ended" ? [body.task] : []));
  const names = new Map((await tx.tasks(taskIds)).map((task) => [task.id, task.name]));
  const brief: BriefMessage[] = [];
  for (const { id, at, body } of messages) {
    const meta = { id: idText("message", id), at };
    if (body.kind === "task_ended")
      brief.push({ ...meta, ...body, task: idText("task", body.task), name: names.get(body.task) ?? "" });
    else if (body.kind === "planner_ended")
      brief.push({
        ...meta,
        ...body,
        planner: idText("planner", body.planner),
        name: (await tx.planner(body.planner))?.name ?? "",
      });
    else if (body.kind === "trunk_red") brief.push({ ...meta, ...redText(body) });
    else brief.push({ ...meta, ...body });
  }
  return brief;
}

/** A message that an older version wrote says less. */
const redText = ({ suspects = [], suspectsOmitted = 0, bisected = false, ...red }: Red) => ({
  ...red,
  suspects: suspects.map((suspect) => ({ ...suspect, task: idText("task", suspect.task) })),
  suspectsOmitted,
  bisected,
});
type NewRed = Extract<Message["body"], { kind: "trunk_red" }>;
type Suspects = "suspects" | "suspectsOmitted" | "bisected";
type Red = Omit<NewRed, Suspects> & Partial<Pick<NewRed, Suspects>>;

/** Of an arbiter, where the task's attempts have lost too often. */
export async function taskBrief(
  tx: Transition,
  session: string,
  id: TaskId,
  place: Place,
  sentBack: SentBack | null,
): Promise<WorkerBrief | ArbiterBrief> {
  const task = await tx.task(id);
  if (!task) throw new Error(`task ${id} has no row`);
  const common = await commonBrief(tx, session, task, place, sentBack);
  if (!task.contested) return { ...common, role: "worker" };
  const { handoff, tries } = task.contested;
  return { ...common, role: "arbiter", contested: { handoff, tries } };
}

async function commonBrief(
  tx: Transition,
  session: string,
  task: Task,
  place: Place,
  sentBack: SentBack | null,
): Promise<TaskBrief> {
  const { id } = task;
  const failures = await tx.failuresOf({ kind: "attempt", task: id, planner: task.planner }, task.cycle, earlierMax);
  return {
    ...(await head(tx, session, place)),
    task: {
      id: idText("task", id),
      name: task.name,
      title: task.title,
      instructions: task.instructions,
      paths: task.paths,
      acceptance: task.acceptance,
      attempt: task.record.failures + 1,
    },
    dependencies: await dependenciesOf(tx, task),
    earlier: failures
      .filter((e) => countsAsAttempt(e.failure))
      .map(({ session: before, failure }) => ({
        session: idText("session", before),
        failure: describeFailure(failure),
      })),
    sentBack,
  };
}

const countsAsAttempt = (failure: Failure) => failure.kind !== "lost" && failure.kind !== "cut";

async function dependenciesOf(tx: Transition, task: Task): Promise<TaskBrief["dependencies"]> {
  const handoffs = new Map((await tx.handoffsOfTasks(task.dependsOn)).map(({ task: of, handoff }) => [of, handoff]));
  return (await tx.tasks(task.dependsOn)).flatMap(({ id, title, state }) => {
    const handoff = handoffs.get(id);
    return state.status === "landed" && handoff
      ? [{ id: idText("task", id), title, commit: state.commit, handoff }]
      : [];
  });
}

/** What the engine has seen itself before the judge has its say. */
export type Seen = Pick<JudgeBrief, "acceptance" | "putBack" | "tests">;

export async function judgeBrief(
  tx: Transition,
  session: string,
  cycle: CycleId,
  place: Place,
  seen: Seen,
): Promise<JudgeBrief> {
  const { landed, failed, cancelled } = await tx.countTasks(cycle);
  const handoffs = await tx.handoffsOfCycle(cycle, handoffsMax);
  return {
    ...(await head(tx, session, place)),
    role: "judge",
    since: tx.run.base,
    ...seen,
    tasks: { landed, failed, cancelled },
    handoffs: handoffs.map((h) => ({
      ...h,
      task: h.task && idText("task", h.task),
      planner: idText("planner", h.planner),
    })),
  };
}

async function head(tx: Transition, session: string, place: Place): Promise<Omit<BriefHead, "role">> {
  const cycle = await tx.cycle();
  return {
    version: 1,
    session,
    run: {
      id: tx.run.id,
      goal: tx.run.goal,
      acceptance: tx.run.config.acceptance.map(({ name, command }) => ({ name, command })),
      protected: protectedPaths(tx.run.config.acceptance),
    },
    cycle: { number: cycle?.number ?? 0, brief: cycle?.brief ?? "", history: await tx.cycleRecords() },
    ...place,
  };
}
