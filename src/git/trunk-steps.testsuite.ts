/** What the tests of a trunk are made of: its world, and the steps that they share. */
import { expect } from "vitest";
import type { Commit, RunId, SessionId, TaskId } from "../domain/ids.ts";
import type { LandAnswer, Submission, Trunk, Workspace } from "../engine/ports.ts";

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

export function submission(n: number, more: Partial<Submission> = {}): Submission {
  return { cycle: 1, task: n as TaskId, session: session(n), message: `Task ${n}`, onto: "" as Commit, ...more };
}

/** Lands on the tip as it is, again when it moves meanwhile. */
export async function landNow(
  trunk: Trunk,
  run: RunId,
  workspace: Workspace,
  submitted: Submission,
): Promise<LandAnswer> {
  for (;;) {
    const answer = await trunk.land(run, workspace, { ...submitted, onto: await trunk.tip(run) });
    if (answer.kind !== "moved") return answer;
  }
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
): Promise<[LandAnswer, Workspace]> {
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

export function landed(answer: LandAnswer): Extract<LandAnswer, { kind: "landed" }> {
  expect(answer).toMatchObject({ kind: "landed" });
  return answer as Extract<LandAnswer, { kind: "landed" }>;
}
