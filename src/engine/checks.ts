/**
 * Trunk checks: run behind the landings on the newest tip only, so that a burst of landings costs one check. Green advances
 * when they pass; when one fails that had passed, those whose tasks landed in between hear of it. Under the other
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
import type { Clock, Commands, OpenHow, Trunk } from "./ports.ts";
import { newlyRed, nobody, suspectsOf, tellOfRed, type NewlyRed, type Suspects } from "./red-trunk.ts";
import type { Store, Transition } from "./store-port.ts";

/** What became of work that was tried before it landed. `failed`: what passes without it. */
export type Trial = { kind: "passed" } | { kind: "failed"; failed: AcceptanceResult[] } | { kind: "cut" };

type Checked = { commit: Commit; results: AcceptanceResult[] };

export type CheckParts = {
  store: Store;
  trunk: Trunk;
  commands: Commands;
  clock: Clock;
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
  #lookAt = -Infinity;
  #checkouts = 0;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** The trunk's tip is now `tip`; cheap, coalesced. */
  tipMoved(tip: Commit): void {
    if (this.#parts.config.checks.length === 0 || this.#stopped.signal.aborted || tip === this.#last?.commit) return;
    this.#wanted = tip;
    if (this.#parts.clock.elapsed() < this.#lookAt) return;
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  /** The results on exactly this commit of the trunk. What failed is run again: it may have been by chance. */
  judged(commit: Commit, signal: AbortSignal): Promise<AcceptanceResult[]> {
    return this.#resultsFor(commit, signal, true);
  }

  /** Whether a candidate that is not on the trunk yet may go onto `onto`. */
  async tryOn(candidate: Commit, onto: Commit, signal: AbortSignal): Promise<Trial> {
    const before = await this.#resultsFor(onto, signal, false);
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
    // Also what was asked for by sessions that are over.
    await this.#oneAtATime(() => undefined);
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopped;
    const { clock, report } = this.#parts;
    try {
      while (this.#wanted && !signal.aborted) {
        const commit = this.#wanted;
        this.#wanted = null;
        await this.#oneAtATime(() => this.#checkTrunk(commit, signal, false));
      }
    } catch (error) {
      // Such as a full disk: it will hardly be mended in a second, and each try is told.
      this.#lookAt = clock.elapsed() + laneLimits.checkAgainMs;
      report(error);
    }
  }

  async #resultsFor(commit: Commit, signal: AbortSignal, again: boolean): Promise<AcceptanceResult[]> {
    const results = this.#oneAtATime(() => (signal.aborted ? [] : this.#checkTrunk(commit, signal, again)));
    return (await Promise.race([results, aborted(signal)])) ?? [];
  }

  /** `again`: what is known to have failed is no answer. */
  async #checkTrunk(commit: Commit, signal: AbortSignal, again: boolean): Promise<AcceptanceResult[]> {
    const answers = (known: Checked | null) =>
      known?.commit === commit && !(again && known.results.some(({ passed }) => !passed)) ? known.results : null;
    const recorded = answers(this.#last);
    if (recorded) return recorded;
    const results = answers(this.#tried) ?? (await this.#at(commit, (directory) => this.#run(directory, signal)));
    if (!signal.aborted && (await this.#record(commit, results, signal))) this.#last = { commit, results };
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

  /** False: it stays unknown. */
  async #record(commit: Commit, results: AcceptanceResult[], signal: AbortSignal): Promise<boolean> {
    const { store, run } = this.#parts;
    const failed = results.filter((result) => !result.passed);
    if (failed.length > 0) {
      const red = await store.transition(run, (tx) => newlyRed(tx, failed));
      const suspects = red.failed.length === 0 ? nobody : await this.#suspects(commit, red, signal);
      // Nothing is known of it yet: the next engine begins with this commit.
      return suspects !== null && (await this.#recordRed(commit, results, red, suspects));
    }
    return store.transition(run, async (tx) => {
      if (await isOutdated(tx, commit)) return false;
      const redSince = await tx.redSince();
      await tx.insertChecks(commit, true, results);
      await tx.updateRun({ green: commit });
      await tx.verifyLandings(commit);
      await tx.addEvent("checks.passed", {}, { commit, ...(redSince !== null && { redMs: tx.now - redSince }) });
      return true;
    });
  }

  async #recordRed(commit: Commit, results: AcceptanceResult[], red: NewlyRed, suspects: Suspects): Promise<boolean> {
    const { store, run } = this.#parts;
    return store.transition(run, async (tx) => {
      if (await isOutdated(tx, commit)) return false;
      await tx.insertChecks(commit, false, results);
      await tx.addEvent(
        "checks.failed",
        {},
        {
          commit,
          failed: results.filter(({ passed }) => !passed).map(({ name }) => name),
          suspects: suspects.landings.map(({ task }) => idText("task", task)),
          suspectsOmitted: suspects.omitted,
          ...(suspects.bisected && { bisected: true }),
        },
      );
      // Who was told of what fails need not hear it again with every landing.
      if (red.failed.length > 0) await tellOfRed(tx, commit, red, suspects);
      return true;
    });
  }

  /** null: aborted. */
  async #suspects(commit: Commit, red: NewlyRed, signal: AbortSignal): Promise<Suspects | null> {
    const { store, run, config } = this.#parts;
    const { landings, bisect } = await store.transition(run, (tx) => suspectsOf(tx, commit, red));
    if (!bisect) return landings;
    const bisection = new Bisection(bisect);
    let leftMs = config.limits.bisectMs;
    for (let at = bisection.next(); at !== null; at = bisection.next()) {
      // What fails at once may take long to pass.
      const timeoutMs = (own: number | null) => Math.min(own ?? config.limits.commandMs, leftMs);
      const list = this.#named(red.failed).map((check) => ({ ...check, timeoutMs: timeoutMs(check.timeoutMs) }));
      const seen = await this.#at(at.commit, (directory) => this.#run(directory, signal, list));
      if (signal.aborted) return null;
      leftMs -= seen.reduce((sum, { ms }) => sum + ms, 0);
      if (leftMs <= 0) return landings;
      bisection.saw(seen.some(({ passed }) => !passed));
    }
    const { task } = bisection.culprit;
    return { landings: task ? [task] : [], omitted: 0, bisected: true };
  }
}

/** A judgement may ask about what the trunk has left behind, and an engine that was frozen may have; green does not go back to it. */
async function isOutdated(tx: Transition, commit: Commit): Promise<boolean> {
  const last = await tx.lastChecks();
  return last !== null && (await tx.isBehind(commit, last.commit));
}

/** What fails with the change and does not without it. */
function compare(results: AcceptanceResult[], before: AcceptanceResult[]): Trial {
  const failing = new Set(before.filter(({ passed }) => !passed).map(({ name }) => name));
  const failed = results.filter(({ name, passed }) => !passed && !failing.has(name));
  return failed.length === 0 ? { kind: "passed" } : { kind: "failed", failed };
}
