/**
 * Has the `prepare` commands run beside the landings, so that workspaces begin with what they make (packages installed, things
 * built): at the start, for which work waits, and again when a path that matters has changed on the trunk. Where that fails,
 * workspaces go on without, and the run's events say so.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { Clock, Commands, Trunk } from "./ports.ts";
import type { Store } from "./store-port.ts";

type Parts = {
  store: Store;
  trunk: Trunk;
  commands: Commands;
  clock: Clock;
  run: RunId;
  config: RunConfig;
  report(error: unknown): void;
  /** The engine: nobody has to wait any more. */
  wake(): void;
};

export class Preparing {
  readonly #parts: Parts;
  readonly #stopped = new AbortController();
  /** The newest commit that was tried, or needs no new try. */
  #last: Commit | null = null;
  #wanted: Commit | null = null;
  #working: Promise<void> | null = null;
  #tries = 0;
  #isFirst = true;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** For what workers, judges and checks wait, as one phrase; null: for nothing. Planners explore meanwhile. */
  get waitedFor(): string | null {
    const { prepare } = this.#parts.config;
    if (!this.#isFirst || prepare.length === 0) return null;
    return `workers and judges begin when workspaces are prepared (${prepare.map(({ name }) => name).join(", ")})`;
  }

  /** The trunk's tip is now `tip`; cheap, coalesced. */
  tipMoved(tip: Commit): void {
    if (this.#parts.config.prepare.length === 0 || this.#stopped.signal.aborted || tip === this.#last) return;
    this.#wanted = tip;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** Cuts what runs and waits for it. Repeatable. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#wanted && !this.#stopped.signal.aborted) {
      const tip = this.#wanted;
      this.#wanted = null;
      try {
        const matters = this.#last === null || (await this.#hasChanged(this.#last, tip));
        this.#last = tip;
        if (matters) await this.#prepare(tip);
      } catch (error) {
        this.#parts.report(error);
      }
      if (this.#isFirst) {
        this.#isFirst = false;
        this.#parts.wake();
      }
    }
  }

  async #hasChanged(since: Commit, tip: Commit): Promise<boolean> {
    const { trunk, run, config } = this.#parts;
    const paths = config.prepare.flatMap(({ when }) => when).map((path) => path.replace(/^(?:\.\/)+|\/+$/g, ""));
    if (paths.length === 0) return false;
    let isChanged = false;
    // Of the trees, and not of landings: people push as well.
    const { omitted } = await trunk.changedFiles(run, [since, tip], {
      wanted: (path) => paths.some((when) => path === when || path.startsWith(`${when}/`)),
      visit: () => (isChanged = true),
    });
    return isChanged || omitted > 0;
  }

  async #prepare(tip: Commit): Promise<void> {
    const { store, trunk, clock, run } = this.#parts;
    const begun = clock.now();
    let failure = "";
    const isDone = await trunk.prepare(run, `prepare-${++this.#tries}`, tip, async (directory) => {
      failure = (await this.#runIn(directory)) ?? "";
      return failure === "";
    });
    if (this.#stopped.signal.aborted) return;
    await store.transition(run, async (tx) => {
      if (!isDone) await tx.addEvent("engine.problem", {}, { detail: failure });
      else await tx.addEvent("workspaces.prepared", {}, { commit: tip, ms: clock.now() - begun });
    });
  }

  /** Why one of them failed; null: none did. */
  async #runIn(directory: string): Promise<string | null> {
    const { commands, run, config } = this.#parts;
    const { signal } = this.#stopped;
    for (const { name, command, timeoutMs } of config.prepare) {
      if (signal.aborted) return "stopped";
      const bounds = {
        timeoutMs: timeoutMs ?? config.limits.commandMs,
        outputBytesMax: config.limits.evidenceBytesMax,
      };
      const { exitCode, timedOut, output } = await commands.run({
        run,
        command,
        directory,
        ...bounds,
        signal,
        network: "prepare",
      });
      if (exitCode === 0) continue;
      const late = `took longer than ${bounds.timeoutMs} ms and was killed`;
      const how = timedOut ? late : exitCode === null ? "was killed" : `ended with exit code ${exitCode}`;
      const said = output.trim() === "" ? "It printed nothing." : `Its output: ${output.slice(-saidCharactersMax)}`;
      return `prepare: ${name} ${how}; workspaces go on without it. ${said}`;
    }
    return null;
  }
}

const saidCharactersMax = 500;
