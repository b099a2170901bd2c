/**
 * Events as lines for a person who follows a run without a screen: one line for what matters, none for what only the
 * history needs. What stands in `data` is not trusted to have any shape.
 */
import { assertNever } from "../domain/assert.ts";
import type { Event } from "../domain/event.ts";
import { idText, type PlannerId, type TaskId } from "../domain/ids.ts";
import { usd } from "../domain/budget.ts";
import { counted, duration } from "./amounts.ts";
import { cut, phrase } from "./cells.ts";

/** Titles of tasks and names of planners, as far as the events seen have told them. */
export type Names = { tasks: Map<TaskId, string>; planners: Map<PlannerId, string> };

const titleCellsMax = 80;
const detailCellsMax = 300;
const listedMax = 3;

/** `null` for noise. Learns names on the way: pass every event, in order, with the same `names`. */
export function describeEvent(event: Event, names: Names): string | null {
  learn(event, names);
  const line = describe(event, names);
  return line === null ? null : phrase(line);
}

function learn({ type, task, planner, data }: Event, names: Names): void {
  if (type === "task.created" && task !== null) names.tasks.set(task, text(data["title"]) || text(data["name"]));
  if (type === "planner.created" && planner !== null) names.planners.set(planner, text(data["name"]));
}

function describe(event: Event, names: Names): string | null {
  const { type } = event;
  switch (type) {
    case "run.created":
    case "run.paused":
    case "run.resumed":
    case "run.stopping":
    case "run.ended":
    case "run.published":
    case "cycle.started":
    case "cycle.draining":
    case "cycle.judging":
    case "cycle.ended":
    case "tests.weakened":
    case "checks.passed":
    case "checks.failed":
    case "follow.landed":
    case "mirror.pushed":
    case "mirror.failed":
    case "engine.started":
    case "credential.paused":
    case "engine.problem":
    case "engine.waits":
    case "workspaces.prepared":
      return describeRun(type, event, names);
    case "planner.created":
    case "planner.refused":
    case "planner.reopened":
    case "planner.ended":
    case "message.sent":
      return describePlanner(type, event, names);
    case "task.created":
    case "task.contested":
    case "task.landed":
    case "task.failed":
    case "task.cancelled":
    case "landing.conflict":
    case "landing.refused":
      return describeTask(type, event, names);
    case "session.ended":
    case "session.requeued":
      return describeSessionEnd(type, event, names);
    case "task.ready":
    case "task.updated":
    case "session.started":
    case "landing.submitted":
    case "landing.landed":
    case "landing.unchanged":
    case "engine.stopped":
      return null;
    default:
      return assertNever(type, "event type");
  }
}

type RunEvent =
  | "run.created"
  | "run.paused"
  | "run.resumed"
  | "run.stopping"
  | "run.ended"
  | "run.published"
  | "cycle.started"
  | "cycle.draining"
  | "cycle.judging"
  | "cycle.ended"
  | "tests.weakened"
  | "checks.passed"
  | "checks.failed"
  | "follow.landed"
  | "mirror.pushed"
  | "mirror.failed"
  | "engine.started"
  | "credential.paused"
  | "engine.problem"
  | "engine.waits"
  | "workspaces.prepared";

function describeRun(type: RunEvent, event: Event, names: Names): string {
  const { data } = event;
  switch (type) {
    case "run.created":
      return `run ${event.run} created`;
    case "run.paused":
      return `paused (${text(data["reason"])}): ${detail(data["detail"])}`;
    case "run.resumed":
      return "resumed";
    case "run.stopping":
      return `stopping: ${detail(data["reason"])}`;
    case "run.ended":
      return `run ended: ${text(data["outcome"])}: ${detail(data["reason"])}`;
    case "run.published":
      return `published ${list([data["trunk"], data["green"]].filter((branch) => typeof branch === "string"))}`;
    case "cycle.started":
      return `cycle ${text(data["cycle"])} started`;
    case "credential.paused":
      return `provider ${text(data["credential"])} rests for ${duration((Number(data["until"]) || event.at) - event.at)}: ${detail(data["why"])}`;
    case "cycle.draining":
      return `cycle ${text(data["cycle"])} is at its bound${data["budget"] === undefined ? "" : ` (${detail(data["budget"])})`}: running sessions may finish, no new ones start`;
    case "cycle.judging":
      return "the cycle's work is over; it is being judged";
    case "cycle.ended":
      return `cycle ${text(data["cycle"])} ended, verdict ${text(data["verdict"])}: ${detail(data["summary"])}`;
    case "tests.weakened":
      return `tests weakened in cycle ${text(data["cycle"])}, ${counted(Number(data["count"]) || 0, "finding")}: ${list(data["findings"])}`;
    case "checks.passed":
      return `green: checks passed on ${commit(data["commit"])}${data["redMs"] === undefined ? "" : `, after ${duration(Number(data["redMs"]) || 0)} of red`}`;
    case "checks.failed":
      return `checks failed on ${commit(data["commit"])}: ${list(data["failed"])}${suspectsWords(data)}`;
    case "follow.landed":
      return `what people pushed (${commit(data["theirs"])}) landed as ${commit(data["commit"])}: ${counted(Number(data["files"]) || 0, "file")}`;
    case "mirror.pushed":
      return `pushed to the remote: ${pushedWords(data["pushed"])}`;
    case "mirror.failed":
      return `the remote: ${list(data["faults"])}; ${data["nextAt"] === null ? "not tried again before the run is resumed" : `tried again in ${duration((Number(data["nextAt"]) || event.at) - event.at)}`}`;
    case "engine.started": {
      const lost = Number(data["lostSessions"]) || 0;
      return lost > 0
        ? `engine started; ${counted(lost, "session")} of an earlier engine lost, queued again`
        : "engine started";
    }
    case "workspaces.prepared":
      return `workspaces begin prepared, as of ${commit(data["commit"])}; it took ${duration(Number(data["ms"]) || 0)}`;
    case "engine.waits":
      return data["detail"] === null ? "sessions wait no more" : `sessions wait: ${detail(data["detail"])}`;
    case "engine.problem":
      return `problem${aboutWhom(event, names)}: ${detail(data["detail"])}`;
    default:
      return assertNever(type, "event type");
  }
}

type PlannerEvent = "planner.created" | "planner.refused" | "planner.reopened" | "planner.ended" | "message.sent";

function describePlanner(type: PlannerEvent, event: Event, names: Names): string {
  const { data } = event;
  const who = plannerText(event, names);
  switch (type) {
    case "planner.created": {
      const parent = Number(data["parent"]);
      return `${who} created${parent > 0 ? ` by ${idText("planner", parent as PlannerId)}` : ""}`;
    }
    case "planner.refused":
      return `${who}: its plan was refused: ${list(data["errors"])}`;
    case "planner.reopened":
      return `${who} is active again (${text(data["by"]).replaceAll("_", " ")})`;
    case "planner.ended":
      return `${who} ${text(data["status"])}${data["reason"] === undefined ? "" : `: ${detail(data["reason"])}`}`;
    case "message.sent":
      return `message to ${who}: ${detail(data["text"])}`;
    default:
      return assertNever(type, "event type");
  }
}

type TaskEvent =
  | "task.created"
  | "task.contested"
  | "task.landed"
  | "task.failed"
  | "task.cancelled"
  | "landing.conflict"
  | "landing.refused";

function describeTask(type: TaskEvent, event: Event, names: Names): string {
  const { data } = event;
  const what = taskText(event, names);
  const by = event.session === null ? "" : ` (${idText("session", event.session)})`;
  switch (type) {
    case "task.created":
      return `${what} created${event.planner === null ? "" : ` by ${idText("planner", event.planner)}`}`;
    case "task.landed":
      return data["nothingToDo"] === true
        ? `${what} needed no change${by}`
        : `${what} landed as ${commit(data["commit"])}${by}`;
    case "task.contested":
      return `${what} was sent back ${counted(Number(data["tries"]) || 0, "time")}, last for ${list(data["files"])}: an arbiter goes on with it${by}`;
    case "task.failed":
      return `${what} failed: ${detail(data["reason"])}${by}`;
    case "task.cancelled":
      return `${what} cancelled: ${detail(data["reason"])}`;
    case "landing.conflict":
      return `${what} conflicts in ${list(data["files"])}, sent back${by}`;
    case "landing.refused":
      return `${what} refused by the trunk: ${list(data["reasons"])}${by}`;
    default:
      return assertNever(type, "event type");
  }
}

/** Only what went wrong: what went well is told by what it did. */
function describeSessionEnd(type: "session.ended" | "session.requeued", event: Event, names: Names): string | null {
  const { data, session } = event;
  if (type === "session.ended" && data["outcome"] !== "failed") return null;
  const kind =
    { turn: "turn", attempt: "attempt", arbitration: "arbitration", judgement: "judgement" }[text(data["kind"])] ??
    "session";
  const which = session === null ? kind : `${kind} ${idText("session", session)}`;
  const cost = Number(data["microUsd"]) || 0;
  const laterMs = (Number(data["readyAt"]) || event.at) - event.at;
  const goesOn = laterMs >= 1_000 ? `goes on in ${duration(laterMs)}` : "is queued again";
  const what = type === "session.requeued" ? goesOn : data["failure"] === "cut" ? "ended" : "failed";
  return `${which}${aboutWhom(event, names, " of")} ${what}: ${detail(data["detail"])}${cost > 0 ? ` (${usd(cost)})` : ""}`;
}

function pushedWords(value: unknown): string {
  const all = (Array.isArray(value) ? value : []) as { branch?: unknown; commit?: unknown }[];
  return all.length === 0
    ? "all is there again"
    : all.map((one) => `${text(one.branch)} at ${commit(one.commit)}`).join(", ");
}

function suspectsWords(data: Event["data"]): string {
  const suspects = Array.isArray(data["suspects"]) ? data["suspects"] : [];
  const omitted = Number(data["suspectsOmitted"]) || 0;
  if (suspects.length === 0) return "";
  return ` (${data["bisected"] === true ? "fails since" : "landed since green"}: ${list(suspects)}${omitted > 0 ? ` and ${omitted} older` : ""})`;
}

function aboutWhom(event: Event, names: Names, word = " with"): string {
  if (event.task !== null) return `${word} ${taskText(event, names)}`;
  return event.planner === null ? "" : `${word} ${plannerText(event, names)}`;
}

const taskText = ({ task }: Event, { tasks }: Names) =>
  task === null ? "a task" : named(idText("task", task), tasks.get(task));
const plannerText = ({ planner }: Event, { planners }: Names) =>
  planner === null ? "a planner" : named(idText("planner", planner), planners.get(planner));
const named = (id: string, name: string | undefined) => (name ? `${id} "${name}"` : id);

const text = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? cut(phrase(String(value)), titleCellsMax) : "";
const detail = (value: unknown) =>
  cut(phrase(typeof value === "string" ? value : ""), detailCellsMax) || "(no details)";
const commit = (value: unknown) => text(value).slice(0, 10) || "(no commit)";

function list(value: unknown): string {
  const items = (Array.isArray(value) ? value : []).filter((item) => typeof item === "string");
  if (items.length === 0) return "(no details)";
  const hidden = items.length - listedMax;
  return (
    items
      .slice(0, listedMax)
      .map((item) => detail(item))
      .join(", ") + (hidden > 0 ? ` and ${hidden} more` : "")
  );
}
