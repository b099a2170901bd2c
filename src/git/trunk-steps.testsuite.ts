/** What the tests of a trunk are made of: its world, and the steps that they share. */
import { expect } from "vitest";
import type { Commit, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { LandAnswer, Landing, Staged, TakenIn, Trunk, Workspace } from "../engine/ports.ts";

export type Files = { [path: string]: string };

/** A trunk over a repository whose `base` holds the files that were asked for. */
export type TrunkWorld = {
  trunk: Trunk;
  base: Commit;
  write(workspace: Workspace, path: string, text: string): Promise<void>;
  remove(workspace: Workspace, path: string): Promise<void>;
  /** null: no such file. */
  read(workspace: Workspace, path: string): Promise<string | null>;
  /** Reads what a `ConflictFile` names. */
  readVersion(path: string): Promise<string>;
  /** A commit on `parent` that somebody has pushed and that was fetched; null: removes. */
  pushed(parent: Commit, changes: { [path: string]: string | null }): Promise<Commit>;
  /** A trunk of a new engine over the same state; the old one is not used any more. */
  restart(): Promise<Trunk>;
  /** A second engine's trunk over the same state, beside the first. */
  another(): Promise<Trunk>;
  close(): Promise<void>;
};

export const runA = "arun22" as RunId;
export const runB = "brun22" as RunId;
export const session = (n: number) => n as SessionId;

/** A workspace's name. */
export const named = (n: number) => `s${n}`;

/** What a worker says of its work. */
export type Submission = Omit<Landing, "change">;

export function submission(n: number, more: Partial<Submission> = {}): Submission {
  return { cycle: 1, task: n as TaskId, session: session(n), message: `Task ${n}`, ...more };
}

/** What becomes of one workspace's work. */
export type WorkAnswer = LandAnswer | Exclude<TakenIn, { kind: "taken" }>;

export type GroupAnswer = ({ kind: "settled" } & Staged) | { kind: "moved" };

/** Stages the group and moves the branch to it. */
export async function landGroup(
  trunk: Trunk,
  run: RunId,
  onto: Commit,
  landings: readonly Landing[],
): Promise<GroupAnswer> {
  const staged = await trunk.stage(run, onto, landings);
  return (await trunk.moveTo(run, onto, staged.tip)) ? { kind: "settled", ...staged } : { kind: "moved" };
}

/** Lands on the tip as it is, again when it moves meanwhile. */
export async function landNow(
  trunk: Trunk,
  run: RunId,
  workspace: Workspace,
  submitted: Submission,
): Promise<WorkAnswer> {
  for (;;) {
    const taken = await trunk.takeIn(run, workspace);
    if (taken.kind !== "taken") return taken;
    const answer = await landGroup(trunk, run, await trunk.tip(run), [{ ...submitted, change: taken.change }]);
    if (answer.kind === "settled") return onlyOne(answer);
  }
}

/** Lands alone, on this very tip. */
export async function landOnto(
  trunk: Trunk,
  run: RunId,
  workspace: Workspace,
  onto: Commit,
  submitted: Submission,
): Promise<GroupAnswer> {
  const taken = await trunk.takeIn(run, workspace);
  if (taken.kind !== "taken") throw new Error(`the work was not taken in: ${taken.kind}`);
  return landGroup(trunk, run, onto, [{ ...submitted, change: taken.change }]);
}

export function onlyOne(answer: GroupAnswer): LandAnswer {
  if (answer.kind !== "settled" || !answer.answers[0]) throw new Error("the branch moved");
  return answer.answers[0];
}

export const lines = (...changed: [number, string][]) => {
  const all = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  for (const [at, text] of changed) all[at] = text;
  return `${all.join("\n")}\n`;
};

export type Enter = (files?: Files) => Promise<TrunkWorld>;

/** Opens a workspace, changes files (null: removes), lands. */
export async function work(
  world: TrunkWorld,
  n: number,
  from: Commit,
  changes: { [path: string]: string | null },
): Promise<[WorkAnswer, Workspace]> {
  const workspace = await world.trunk.openWorkspace(runA, named(n), from);
  await change(world, workspace, changes);
  return [await landNow(world.trunk, runA, workspace, submission(n)), workspace];
}

async function change(
  world: TrunkWorld,
  workspace: Workspace,
  changes: { [path: string]: string | null },
): Promise<void> {
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) await world.remove(workspace, path);
    else await world.write(workspace, path, text);
  }
}

export async function readTip(world: TrunkWorld, path: string): Promise<string | null> {
  const workspace = await world.trunk.openWorkspace(runA, named(999), await world.trunk.tip(runA));
  const text = await world.read(workspace, path);
  await workspace.remove();
  return text;
}

export function landed(answer: WorkAnswer): Extract<LandAnswer, { kind: "landed" }> {
  expect(answer).toMatchObject({ kind: "landed" });
  return answer as Extract<LandAnswer, { kind: "landed" }>;
}
