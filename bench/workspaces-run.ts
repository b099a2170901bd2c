/** One case of the workspaces' figures, in a process of its own: opens COUNT of them at once, works in some, removes them. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Commit, RunId, SessionId, TaskId } from "../src/domain/ids.ts";
import { Git } from "../src/git/git-process.ts";
import { Mounts } from "../src/git/mounts.ts";
import { openGitTrunk, type GitTrunk } from "../src/git/trunk.ts";
import { findRepository } from "../src/git/user-repository.ts";
import type { Workspace } from "../src/engine/ports.ts";
import { fileOf, generate, git, type Size } from "./landing-repository.ts";

export const kinds = ["copied", "pooled", "overlay", "sparse"] as const;
export type WorkspacesCase = { kind: (typeof kinds)[number]; size: Size; count: number };
export type WorkspacesFigures = {
  /** The very first one of a run. */
  firstMs: number;
  /** From the order to the workspace, of each; all are ordered at once. */
  openMs: number[];
  wallMs: number;
  /** One alone, on a tip that has just moved; another one on the same. */
  movedMs: number;
  aloneMs: number;
  statusMs: number[];
  takeInMs: number[];
  removeMs: number[];
  /** Of each workspace alone, without what all share. */
  diskMb: number;
};

const run = "bench" as RunId;
/** Workspaces in which something is done. */
const sampleMax = 5;

async function measure({ kind, size, count }: WorkspacesCase): Promise<WorkspacesFigures> {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
  try {
    const { path, files } = generate(join(folder, "origin"), size);
    const user = join(folder, "user");
    git(folder, "clone", "--quiet", "--shared", "--no-checkout", path, user);
    const repository = await findRepository(new Git(process.env), user);
    const mounts = kind === "overlay" ? new Mounts() : null;
    const trunk = await openGitTrunk({
      repository,
      stateFolder: join(user, ".longhaul"),
      environment: process.env,
      mounts,
      sparse: kind === "sparse",
    });
    const base = git(user, "rev-parse", "HEAD") as Commit;
    await trunk.begin(run, base);
    return await new Bench(trunk, files, user, kind === "sparse").measure(base, kind, count);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Bench {
  readonly #trunk: GitTrunk;
  readonly #files: string[];
  readonly #user: string;
  /** Of a task that is about one folder of 250 files; the first workspace has all, as a run's first session. */
  readonly #scope: string[];
  #opened = 0;

  constructor(trunk: GitTrunk, files: string[], user: string, isOfPart: boolean) {
    this.#trunk = trunk;
    this.#files = files;
    this.#user = user;
    this.#scope = isOfPart ? [dirname(dirname(fileOf(files, 0)))] : [];
  }

  async measure(base: Commit, kind: WorkspacesCase["kind"], count: number): Promise<WorkspacesFigures> {
    const [first, firstMs] = await timed(() => this.#open(base, []));
    if (kind === "pooled") {
      const used = await Promise.all(Array.from({ length: count }, () => this.#open(base)));
      for (const each of used) await each.remove();
    }
    const began = performance.now();
    const opened = await Promise.all(Array.from({ length: count }, () => timed(() => this.#open(base))));
    const wallMs = performance.now() - began;
    const workspaces = opened.map(([workspace]) => workspace);
    const diskMb = sizeMb(this.#user, workspaces[0]?.name ?? "", kind);
    const sample = workspaces.slice(0, sampleMax);
    const statusMs: number[] = [];
    for (const each of sample)
      statusMs.push((await timed(() => execFileSync("git", ["-C", each.path, "status", "--porcelain"])))[1]);
    const takeInMs: number[] = [];
    for (const [n, each] of sample.entries()) {
      appendFileSync(join(each.path, fileOf(this.#files, n)), "export const mine = 1;\n");
      takeInMs.push((await timed(() => this.#trunk.takeIn(run, each)))[1]);
    }
    const tip = await this.#land(sample[0] ?? first, base);
    const removeMs: number[] = [];
    for (const each of workspaces) removeMs.push((await timed(() => each.remove()))[1]);
    const [, movedMs] = await timed(() => this.#open(tip));
    const [, aloneMs] = await timed(() => this.#open(tip));
    await this.#trunk.clearLeftovers(run);
    return {
      firstMs,
      openMs: opened.map(([, ms]) => ms),
      wallMs,
      movedMs,
      aloneMs,
      statusMs,
      takeInMs,
      removeMs,
      diskMb,
    };
  }

  #open(commit: Commit, scope = this.#scope): Promise<Workspace> {
    return this.#trunk.openWorkspace(run, `s${++this.#opened}`, commit, { scope });
  }

  async #land(workspace: Workspace, onto: Commit): Promise<Commit> {
    const taken = await this.#trunk.takeIn(run, workspace);
    if (taken.kind !== "taken") throw new Error(`the change was answered: ${taken.kind}`);
    const landing = { change: taken.change, cycle: 1, task: 1 as TaskId, session: 1 as SessionId, message: "One" };
    const staged = await this.#trunk.stage(run, onto, [landing]);
    if (!(await this.#trunk.moveTo(run, onto, staged.tip))) throw new Error("the branch was moved by somebody else");
    return staged.tip;
  }
}

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const from = performance.now();
  const result = await work();
  return [result, performance.now() - from];
}

/** What is mounted is not the workspace's own. */
function sizeMb(user: string, name: string, kind: WorkspacesCase["kind"]): number {
  const parts = kind === "overlay" ? ["intake"] : ["workspaces", "intake"];
  const places = parts.map((part) => join(user, ".longhaul", part, run, name));
  const said = execFileSync("du", ["--block-size=1K", "--summarize", ...places], { encoding: "utf8" });
  return (
    said
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number.parseInt(line, 10), 0) / 1024
  );
}

if (import.meta.main) {
  const [one = ""] = parseArgs({ allowPositionals: true }).positionals;
  console.log(JSON.stringify(await measure(JSON.parse(one) as WorkspacesCase)));
  process.exit();
}
