/** Commands that steer a run from another terminal: pause, stop, send. The engine sees the change at once. */
import { parseId } from "../domain/ids.ts";
import { pause as pauseRun, send as sendMessage, stop as stopRun, type Answer } from "../engine/control.ts";
import { engineOf, type EngineHolder } from "./engine-process.ts";
import { RefusedError, UsageError } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { print, printJson } from "./output.ts";
import { chooseRun, withProject } from "./project.ts";

export function pause({ run: named, json, grace }: Common & { grace?: number }): Promise<void> {
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    accept(await pauseRun(project.store, run.id, "operator", grace === undefined ? null : grace * 1000));
    const graceMs = grace === undefined ? run.config.limits.drainMs : grace * 1000;
    report(
      json,
      { run: run.id, paused: true },
      `Run ${run.id} pauses: no new sessions start; running ones may finish for ${Math.round(graceMs / 1000)} s, then they are cut and queued again. Go on with: longhaul resume`,
    );
  });
}

/** Answers the engine that will end the run, or null when none is alive: the caller then has to. */
export function stop({ run: named, json, reason }: Common & { reason: string }): Promise<EngineHolder | null> {
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    accept(await stopRun(project.store, run.id, reason));
    const holder = engineOf(run);
    report(
      json,
      { run: run.id, stopping: true, engine: holder?.pid ?? null },
      `Run ${run.id} stops: running sessions are cut, open tasks cancelled; what has landed is published.`,
    );
    return holder;
  });
}

export function send(to: string, text: string, { run: named, json }: Common): Promise<void> {
  const planner = to === "root" ? "root" : parseId("planner", to);
  if (planner === undefined)
    throw new UsageError(
      `"${to}" is not a planner: planners are named p1, p2, … or root (longhaul status shows them).`,
    );
  if (text.trim() === "") throw new UsageError("The message is empty.");
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    accept(await sendMessage(project.store, run.id, planner, text));
    report(json, { run: run.id, sent: true }, `The message is in the inbox of ${to}; its next turn reads it.`);
  });
}

function accept(answer: Answer): void {
  if (!answer.ok) throw new RefusedError(answer.why);
}

function report(json: boolean | undefined, data: unknown, text: string): void {
  if (json) printJson(data);
  else print(text);
}
