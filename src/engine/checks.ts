/**
 * Trunk checks: run behind the landings on the newest tip only, so that a burst of landings costs one check. Green advances
 * when they pass; when they fail after they had passed, those whose tasks landed in between hear of it. Under the other
 * policies they also say what may land: a change is never held up for what fails on the trunk without it.
 */
import pLimit from "p-limit";
import { Bisection } from "../domain/bisection.ts";
import { idText, type Commit, type RunId } from "../domain/ids.ts";
import { laneLimits } from "../domain/limits.ts";
import type { CheckCommand, RunConfig } from "../domain/run-config.ts";
import type { AcceptanceResult } from "../domain/verdict.ts";
import { aborted } from "./aborted.ts";
import { runChecks } from "./check-commands.ts";
import type { Commands, OpenHow, Trunk } from "./ports.ts";
import { suspectsOf, tellOfRed, type Suspects } from "./red-trunk.ts";
import type { Store } from "./store-port.ts";

/** What became of work that was tried before it landed. `failed`: what passes without it. */
export type Trial = { kind: "passed" } | { kind: "failed"; failed: AcceptanceResult[] } | { kind: "cut" };

type Checked = { commit: Commit; results: AcceptanceResult[] };

export type CheckParts = {
  store: Store;
  trunk: Trunk;
  commands: Commands;
  run: RunId;
  config: Pick<RunConfig, "checks" | "limits">;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class Checks {
  readonly #parts: CheckParts;
  readonly #stopped = new AbortController();
  readonly #oneAtATime = pLimit(1);
  readonly #triesAtOnce = pLimit(laneLimits.triesAtOnce);
  /** The newest of the trunk. */
  #last: Checked | null = null;
  /** A candidate that passed: on the trunk, it need not be checked again. */
  #tried: Checked | null = null;
  #wanted: Commit | null = null;
  #working: Promise<void> | null = null;
  #checkouts = 0;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** The trunk's tip is now `tip`; cheap, coalesced. */
  tipMoved(tip: Commit): void {
    if (this.#parts.config.checks.length === 0 || this.#stopped.signal.aborted || tip === this.#last?.commit) return;
    this.#wanted = tip;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** The results on exactly this commit of the trunk, run now if they are not known; none when aborted. */
  async resultsFor(commit: Commit, signal: AbortSignal): Promise<AcceptanceResult[]> {
    const results = this.#oneAtATime(() => (signal.aborted ? [] : this.#checkTrunk(commit, signal)));
    return (await Promise.race([results, aborted(signal)])) ?? [];
  }

  /** Whether a candidate that is not on the trunk yet may go onto `onto`. */
  async tryOn(candidate: Commit, onto: Commit, signal: AbortSignal): Promise<Trial> {
    const before = await this.resultsFor(onto, signal);
    if (signal.aborted) return { kind: "cut" };
    const results = await this.#at(candidate, (directory) => this.#run(directory, signal));
    if (signal.aborted) return { kind: "cut" };
    const trial = compare(results, before);
    if (trial.kind === "passed") this.#tried = { commit: candidate, results };
    return trial;
  }

  /** Whether work that was kept, and began on `base`, may land. It is tried in a checkout of its own: what checks leave behind is nobody's work. */
  tryKept(kept: string, base: Commit, signal: AbortSignal): Promise<Trial> {
    return this.#triesAtOnce(async () => {
      // The first results of the trunk: without them each would be held up for what failed before the run.
      if (this.#last === null) await Promise.race([this.#working, aborted(signal)]);
      if (signal.aborted) return { kind: "cut" };
      const results = await this.#at(base, (directory) => this.#run(directory, signal), { kept });
      const trial = signal.aborted ? { kind: "cut" as const } : compare(results, this.#last?.results ?? []);
      if (trial.kind !== "failed" || base === this.#last?.commit) return trial;
      // What the trunk has mended since may still fail where the work began.
      const list = this.#named(trial.failed);
      const before = await this.#at(base, (directory) => this.#run(directory, signal, list));
      return signal.aborted ? { kind: "cut" } : compare(trial.failed, before);
    });
  }

  /** Cuts what runs and waits for it. Repeatable. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopped;
    while (this.#wanted && !signal.aborted) {
      const commit = this.#wanted;
      this.#wanted = null;
      try {
        await this.#oneAtATime(() => this.#checkTrunk(commit, signal));
      } catch (error) {
        this.#parts.report(error);
      }
    }
  }

  async #checkTrunk(commit: Commit, signal: AbortSignal): Promise<AcceptanceResult[]> {
    if (this.#last?.commit === commit) return this.#last.results;
    const results =
      this.#tried?.commit === commit
        ? this.#tried.results
        : await this.#at(commit, (directory) => this.#run(directory, signal));
    if (!signal.aborted) await this.#record(commit, results, signal);
    return results;
  }

  /** In a checkout of its own. */
  async #at<T>(commit: Commit, use: (directory: string) => Promise<T>, how: OpenHow = {}): Promise<T> {
    const { trunk, run } = this.#parts;
    const workspace = await trunk.openWorkspace(run, `checks-${++this.#checkouts}`, commit, how);
    try {
      return await use(workspace.path);
    } finally {
      await workspace.remove();
    }
  }

  #run(directory: string, signal: AbortSignal, list = this.#parts.config.checks): Promise<AcceptanceResult[]> {
    const { commands, run, config } = this.#parts;
    return runChecks({ commands, run, list, directory, limits: config.limits, signal });
  }

  #named(results: AcceptanceResult[]): CheckCommand[] {
    return this.#parts.config.checks.filter(({ name }) => results.some((result) => result.name === name));
  }

  async #record(commit: Commit, results: AcceptanceResult[], signal: AbortSignal): Promise<void> {
    const { store, run } = this.#parts;
    const failed = results.filter((result) => !result.passed);
    if (failed.length > 0) {
      const suspects = await this.#suspects(commit, failed, signal);
      // Nothing is known of it yet: the next engine begins with this commit.
      if (suspects === null) return;
      await this.#recordRed(commit, results, suspects);
    } else {
      await store.transition(run, async (tx) => {
        const redSince = await tx.redSince();
        await tx.insertChecks(commit, true, results);
        await tx.updateRun({ green: commit });
        await tx.verifyLandings(commit);
        await tx.addEvent("checks.passed", {}, { commit, ...(redSince !== null && { redMs: tx.now - redSince }) });
      });
    }
    this.#last = { commit, results };
  }

  async #recordRed(commit: Commit, results: AcceptanceResult[], suspects: Suspects): Promise<void> {
    const { store, run } = this.#parts;
    const failed = results.filter((result) => !result.passed);
    await store.transition(run, async (tx) => {
      const redSince = await tx.redSince();
      await tx.insertChecks(commit, false, results);
      await tx.addEvent(
        "checks.failed",
        {},
        {
          commit,
          failed: failed.map(({ name }) => name),
          suspects: suspects.landings.map(({ task }) => idText("task", task)),
          suspectsOmitted: suspects.omitted,
          ...(suspects.bisected && { bisected: true }),
        },
      );
      // Who was told that it is red need not hear it again with every landing.
      if (redSince === null) await tellOfRed(tx, commit, failed, suspects);
    });
  }

  /** null: aborted. */
  async #suspects(commit: Commit, failed: AcceptanceResult[], signal: AbortSignal): Promise<Suspects | null> {
    const { store, run, config } = this.#parts;
    const { landings, bisect } = await store.transition(run, (tx) => suspectsOf(tx, commit, failed));
    if (!bisect) return landings;
    const names = new Set(failed.map(({ name }) => name));
    const list = config.checks.filter(({ name }) => names.has(name));
    const fails = (at: Commit) =>
      this.#at(at, async (directory) => (await this.#run(directory, signal, list)).some(({ passed }) => !passed));
    const bisection = new Bisection(bisect);
    for (let at = bisection.next(); at !== null; at = bisection.next()) {
      const failing = await fails(at.commit);
      if (signal.aborted) return null;
      bisection.saw(failing);
    }
    return { landings: [bisection.culprit], omitted: 0, bisected: true };
  }
}

/** What fails with the change and does not without it. */
function compare(results: AcceptanceResult[], before: AcceptanceResult[]): Trial {
  const failing = new Set(before.filter(({ passed }) => !passed).map(({ name }) => name));
  const failed = results.filter(({ name, passed }) => !passed && !failing.has(name));
  return failed.length === 0 ? { kind: "passed" } : { kind: "failed", failed };
}
