/**
 * Where the workspaces of a run lie. An engine that takes a run over clears these folders, with our mark in them, and makes
 * others, also of the same names. Invariant: what we do not own any more we neither open, sweep nor remove.
 */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../domain/assert.ts";
import type { RunId } from "../domain/ids.ts";
import { exists, removeTree } from "./remove-tree.ts";
import type { WorkspacePlace } from "./workspace.ts";

export class Places {
  readonly #stateFolder: string;
  readonly #taken = new Set<RunId>();
  /** No workspace has such a name. */
  readonly #mark = `.${randomUUID()}`;

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder;
  }

  /** Both of its folders are this adapter's alone. */
  of(run: RunId, name: string): WorkspacePlace {
    invariant(/^[a-z0-9-]{1,64}$/.test(name), "a workspace's name is made of small letters, digits and dashes");
    return {
      run,
      name,
      path: join(this.#stateFolder, "workspaces", run, name),
      folder: join(this.#intakeOf(run), name),
      isOurs: () => this.#isOurs(run),
    };
  }

  /** From now on they are ours, and empty. */
  async clear(run: RunId): Promise<void> {
    await this.#remove(run);
    await mkdir(join(this.#intakeOf(run), this.#mark), { recursive: true });
    this.#taken.add(run);
  }

  /** Leaves nothing of what is ours, nor of what an engine that slept through our take-over has made since. */
  async close(): Promise<void> {
    for (const run of this.#taken) if (await this.#isOurs(run)) await this.#remove(run);
    this.#taken.clear();
  }

  async #remove(run: RunId): Promise<void> {
    await removeTree(join(this.#stateFolder, "workspaces", run));
    await removeTree(this.#intakeOf(run));
  }

  /** True as well where nobody has cleared them: no engine drives the run. */
  async #isOurs(run: RunId): Promise<boolean> {
    return !this.#taken.has(run) || (await exists(join(this.#intakeOf(run), this.#mark)));
  }

  #intakeOf(run: RunId): string {
    return join(this.#stateFolder, "intake", run);
  }
}
