/**
 * Owns the reaper: one small `sh` per engine, in a session of its own, that kills every registered process group
 * when the engine's end of its pipe closes. The kernel closes it however the engine ends, `kill -9` included.
 *
 * Invariant: a program runs only in a group that was registered before the program was started. The child registers
 * itself (see `group.ts`), so there is no moment at which the engine's death leaves it alive. A group is taken off
 * the list once it is empty, so that a recycled id is not killed. The engine registers each group a second time:
 * a child that wrote to a reaper that had just died is so handed to the next one.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { processLimits } from "../domain/limits.ts";

/** Only builtins of the shell, so that it needs no environment and cannot fail for lack of processes. */
const reaperScript = `
trap '' HUP INT QUIT TERM PIPE
live=' '
while read -r line; do
  id=\${line#?}
  case $id in '' | 0 | 1 | *[!0-9]*) continue ;; esac
  case $line in
    +*) case $live in *" $id "*) ;; *) live="$live$id " ;; esac ;;
    -*) case $live in *" $id "*) live="\${live%% $id *} \${live#* $id }" ;; esac ;;
  esac
done
for id in $live; do kill -s KILL -- "-$id" 2>/dev/null; done
`;

export class Reaper {
  #process: { child: ChildProcess; pipe: Writable; startedAt: number } | null = null;
  #restart: NodeJS.Timeout | null = null;
  #stopped = false;
  readonly #live = new Set<number>();

  get pid(): number | null {
    return this.#process?.child.pid ?? null;
  }

  get groups(): ReadonlySet<number> {
    return this.#live;
  }

  /** The pipe that a child registers itself on. Throws when there is no reaper and none can be started. */
  pipe(): Writable {
    if (this.#stopped) throw new Error("the engine is ending: no more processes are started");
    return this.#process?.pipe ?? this.#start();
  }

  add(group: number): void {
    this.#live.add(group);
    this.#process?.pipe.write(`+${group}\n`);
  }

  remove(group: number): void {
    this.#live.delete(group);
    this.#process?.pipe.write(`-${group}\n`);
  }

  /** Kills what is registered, ends the reaper and waits for it. Repeatable. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#restart) clearTimeout(this.#restart);
    const running = this.#process;
    // Its work is done here as well: it may have died just now.
    for (const group of this.#live) killGroup(group);
    if (!running) return;
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    const gone = once(running.child, "exit");
    running.child.ref();
    running.pipe.end();
    await gone;
  }

  #start(): Writable {
    const child = spawn("/bin/sh", ["-c", reaperScript, "longhaul-reaper"], {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    let failure: unknown = "no process";
    child.on("error", (error) => (failure = error));
    const pipe = child.stdin;
    pipe.on("error", () => {}); // It died; `exit` says so.
    if (child.pid === undefined) throw new Error("cannot start /bin/sh as the reaper", { cause: failure });

    child.once("exit", () => this.#died(child));
    // The engine may end while the reaper waits: that is what it waits for.
    child.unref();
    if (pipe instanceof Socket) pipe.unref();
    this.#process = { child, pipe, startedAt: performance.now() };
    for (const group of this.#live) pipe.write(`+${group}\n`);
    return pipe;
  }

  #died(child: ChildProcess): void {
    const was = this.#process;
    if (was?.child !== child) return;
    this.#process = null;
    was.pipe.destroy();
    if (this.#stopped || this.#live.size === 0) return;
    const lived = performance.now() - was.startedAt;
    this.#startAgain(lived < processLimits.reaperRestartMs ? processLimits.reaperRestartMs : 0);
  }

  #startAgain(afterMs: number): void {
    if (afterMs === 0) {
      try {
        this.#start();
        return;
      } catch (error) {
        // No process to be had just now; groups go on, and the next try comes below.
        if (!(error instanceof Error)) throw error;
      }
    }
    this.#restart = setTimeout(() => {
      if (!this.#process && !this.#stopped && this.#live.size > 0) this.#startAgain(0);
    }, processLimits.reaperRestartMs);
    this.#restart.unref();
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
