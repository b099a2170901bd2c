/** Landings of weeks in minutes: what a run leaves in the trunk's store, for a test of some hundred and a bench of 20,000. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Commit, SessionId, TaskId } from "../domain/ids.ts";
import type { StoreSize } from "../domain/maintenance.ts";
import type { Landing } from "../engine/ports.ts";
import { GitChange } from "./change.ts";
import { makeGitWorld, put, type GitWorld } from "./git-world.testsuite.ts";
import { nameObject } from "./objects.ts";
import { packBlob, type PackedObject } from "./pack.ts";
import { named, runA } from "./trunk-steps.testsuite.ts";

const files = 200;
const groupSize = 8;
const linesOfFile = 100;

export type LongRunFigures = StoreSize & {
  landed: number;
  openFiles: number;
  residentBytes: number;
  landingMs: number[];
};

export class LongRun {
  readonly world: GitWorld;
  readonly #texts = new Map<string, string[]>();
  #tip: Commit;
  #landed = 0;
  #kept = 0;
  /** What the last landing has replaced. */
  #replaced = "";
  readonly #live: string[] = [];
  #maintaining: Promise<void> = Promise.resolve();

  private constructor(world: GitWorld) {
    this.world = world;
    this.#tip = world.base;
    for (let n = 0; n < files; n++) this.#texts.set(nameOf(n), contentOf(n));
  }

  static async open(): Promise<LongRun> {
    const texts = Array.from({ length: files }, (_, n) => [nameOf(n), contentOf(n).join("")]);
    const world = await makeGitWorld(Object.fromEntries(texts) as { [path: string]: string });
    await world.trunk.begin(runA, world.base);
    return new LongRun(world);
  }

  /** Lands in groups; in every fifth two change one file from the same base, so that git merges; now and then one is kept. */
  async land(count: number): Promise<LongRunFigures> {
    const landingMs: number[] = [];
    for (let done = 0; done < count; done += groupSize) {
      const merges = (this.#landed / groupSize) % 5 === 0;
      const group: Landing[] = [];
      for (let n = 0; n < groupSize; n++) {
        const id = this.#landed + n;
        // Its own file; or the one of the landing before, at another line.
        const second = merges && n === 1;
        group.push(await this.#landing(id, nameOf((second ? id - 1 : id) % files), second ? id - 1 : null));
      }
      const began = performance.now();
      const staged = await this.world.trunk.stage(runA, this.#tip, group);
      const moved = await this.world.trunk.moveTo(runA, this.#tip, staged.tip);
      await this.world.trunk.tidy(runA);
      landingMs.push((performance.now() - began) / groupSize);
      if (!moved || staged.answers.some(({ kind }) => kind !== "landed"))
        throw new Error(`not every change has landed: ${JSON.stringify(staged)}`);
      this.#tip = staged.tip;
      this.#landed += groupSize;
      if (this.#landed % (groupSize * 10) === 0) await this.#keep();
    }
    return this.figures(landingMs);
  }

  /** Beside the landings that follow; the one before has come to its end then. */
  async maintain(): Promise<void> {
    await this.#maintaining;
    const { signal } = new AbortController();
    this.#maintaining = this.world.trunk.maintain(runA, {
      needed: async () => ({ workspaces: this.#live, kept: [] }),
      unusedMs: 0,
      signal,
    });
  }

  async settle(): Promise<void> {
    await this.#maintaining;
  }

  async figures(landingMs: number[]): Promise<LongRunFigures> {
    const { size } = await this.world.trunk.storeSize(runA);
    const openFiles = readdirSync("/proc/self/fd").length;
    return { ...size, landed: this.#landed, openFiles, residentBytes: process.memoryUsage.rss(), landingMs };
  }

  trunkGit(): string {
    return join(this.world.state, "trunk.git");
  }

  /** `unseen`: a landing of the same group that has changed the same file. */
  async #landing(id: number, path: string, unseen: number | null): Promise<Landing> {
    const lines = this.#texts.get(path) ?? [];
    const at = lineOf(id);
    const seen = [...lines];
    if (unseen !== null) seen[lineOf(unseen)] = this.#replaced;
    this.#replaced = lines[at] ?? "";
    lines[at] = seen[at] = `line ${at}, changed by ${id}\n`;
    const body = Buffer.from(seen.join(""));
    const oid = nameObject("blob", body, this.#tip);
    const objects: PackedObject[] = [await packBlob(oid, body)];
    const change = new GitChange(this.#tip, new Map([[path, { mode: "100644", oid }]]), objects);
    return { change, cycle: 1, task: (id + 1) as TaskId, session: (id + 1) as SessionId, message: `Task ${id}` };
  }

  /** A session that keeps what it has, ends when five others have kept theirs, and is forgotten. */
  async #keep(): Promise<void> {
    const name = named(1_000_000 + ++this.#kept);
    const workspace = await this.world.trunk.openWorkspace(runA, name, this.#tip);
    await put(workspace.path, { [nameOf(this.#kept % files)]: `kept ${this.#kept}\n`.repeat(50) });
    await this.world.trunk.keep(runA, workspace);
    await workspace.remove();
    this.#live.push(name);
    if (this.#live.length > 5) this.#live.shift();
  }
}

/** Far from that of the next landing, so that git can merge both. */
const lineOf = (id: number) => (id * 37 + 3) % linesOfFile;
const nameOf = (n: number) => `src/${n % 10}/${n % 7}/file-${n}.ts`;
const contentOf = (n: number) => Array.from({ length: linesOfFile }, (_, line) => `line ${line} of file ${n}\n`);
