/**
 * Owns the git processes that move refs, one for each run. Invariant: one transaction at a time, because git ends when one
 * fails, and it must be nobody else's then.
 */
import pLimit from "p-limit";
import type { RunId } from "../domain/ids.ts";
import type { Git } from "./git-process.ts";
import { GitService, type Came } from "./git-service.ts";

export class RefTransactions {
  readonly #start: (run: RunId) => GitService;
  readonly #services = new Map<RunId, GitService>();
  readonly #oneAtATime = pLimit(1);

  /** `options`: of `git update-ref`. */
  constructor(git: Git, gitDir: string, options: readonly string[] = []) {
    this.#start = (run) => new GitService(git, ["update-ref", ...options, "--stdin"], { gitDir, run });
  }

  /** Has `work`, which may call `commit` repeatedly, alone. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#oneAtATime(work);
  }

  /** All of these lines for `git update-ref --stdin`, or none. Rejects with a `GitError` also where git was gone before it was asked. */
  async commit(run: RunId, lines: readonly string[]): Promise<void> {
    const service = this.#services.get(run) ?? this.#start(run);
    this.#services.set(run, service);
    await service.ask(`${["start", ...lines, "prepare", "commit"].join("\n")}\n`, takeCommitted);
  }

  /** Lets the processes end; the next transaction starts others. */
  rest(): void {
    for (const service of this.#services.values()) service.rest();
  }
}

/** `start: ok`, `prepare: ok`, `commit: ok`: only the last means that it is done. */
function takeCommitted(came: Came): { value: null } | undefined {
  for (const step of ["start", "prepare", "commit"]) {
    const line = came.line();
    if (line === undefined) return undefined;
    if (line !== `${step}: ok`) throw new Error(`git update-ref answered ${JSON.stringify(line)} to ${step}`);
  }
  return came.done(null);
}
