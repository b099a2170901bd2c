/** Owns the bounds of one git process: what it prints, how long it takes, and how it is ended. */
import type { ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { gitLimits } from "../domain/limits.ts";

/** What it starts itself later gives way as well. */
export function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch (error) {
    // Already gone.
    if ((error as { info?: { code?: string } }).info?.code !== "ESRCH") throw error;
  }
}

/**
 * Collects what a child prints; ends a child that takes too long or prints too much. What a program says that it has left
 * behind, such as the connection that an operator's ssh keeps for the next time, is not waited for.
 */
export class BoundedChild {
  readonly stdout: Buffer[] = [];
  stderr = "";
  stopped: string | null = null;
  readonly #child: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(child: ChildProcess, timeoutMs: number) {
    this.#child = child;
    this.#timers.push(setTimeout(() => this.stop(`took longer than ${timeoutMs} ms`), timeoutMs));
    child.once("exit", () => this.#timers.push(setTimeout(() => child.stderr?.destroy(), gitLimits.lastWordsMs)));
    let bytes = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > gitLimits.outputBytesMax) this.stop(`printed more than ${gitLimits.outputBytesMax} bytes`);
      else this.stdout.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (this.stderr.length < gitLimits.stderrBytesMax) this.stderr += chunk.toString("utf8");
    });
  }

  settle(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  stop(why: string): void {
    if (this.stopped !== null) return;
    this.stopped = why;
    this.#signal("SIGTERM");
    this.#timers.push(setTimeout(() => this.#signal("SIGKILL"), gitLimits.killGraceMs));
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Already gone.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
