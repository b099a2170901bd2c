/**
 * Counts what a run does, apart from how long it takes: statements, and processes by what they are. Such figures stay
 * the same on a busy machine. How long Node is blocked by starting the processes is noted beside.
 */
import { subscribe } from "node:diagnostics_channel";

export class Counts {
  statements = 0;
  /** `git read-tree`, or the program's name: how many were started. */
  readonly processes: { [what: string]: number } = {};
  /** The event loop stands still for so long at each start of a process; ms. */
  readonly startMs: number[] = [];
  #startedAt = 0;

  constructor() {
    // A start is one synchronous call: nothing can come between its two messages.
    subscribe("tracing:child_process.spawn:start", (message) => {
      this.#startedAt = performance.now();
      const what = nameOf((message as { options: { args: string[] } }).options.args);
      this.processes[what] = (this.processes[what] ?? 0) + 1;
    });
    subscribe("tracing:child_process.spawn:end", () => this.startMs.push(performance.now() - this.#startedAt));
  }
}

function nameOf(args: readonly string[]): string {
  const [program = "", ...rest] = args;
  if (program !== "git") return program.startsWith("/bin/sh") ? "an agent's or a check's program" : program;
  for (let at = 0; at < rest.length; at++) {
    const arg = rest[at] ?? "";
    if (arg === "-c" || arg === "-C") at++;
    else if (!arg.startsWith("-")) return `git ${arg}`;
  }
  return program;
}
