/**
 * Owns one process group: its start, its output, its end.
 *
 * Invariant: when `ended` answers, nothing of the group lives and no callback follows. The group's id is never
 * signalled after that, so a recycled id is safe.
 */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { processLimits } from "../domain/limits.ts";
import type { GroupEnd, GroupOrder, ProcessGroup } from "../engine/ports.ts";
import type { Pipes } from "./pipes.ts";
import { groupEmpties } from "./proc.ts";
import type { Reaper } from "./reaper.ts";

/**
 * The child registers its group with the reaper (descriptor 3), gives the pipe up and becomes the program. A dead
 * reaper must not stop it: the engine has registered the group as well, with the reaper's successor.
 */
const registerThenRun = `trap '' PIPE; echo "+$$" 2>/dev/null >&3; trap - PIPE; exec 3>&-; exec "$@"`;

export function spawnGroup(reaper: Reaper, pipes: Pipes, order: GroupOrder): ProcessGroup {
  const opened: number[] = [];
  const readers: Readable[] = [];
  let started = false;
  try {
    const stdin = openStdin(order, opened);
    const [stdout, stderr] = [pipes.take(), pipes.take()];
    for (const pipe of [stdout, stderr]) {
      if (pipe) opened.push(pipe.end);
      if (pipe) readers.push(pipe.reader);
    }
    const stdio: StdioOptions = [stdin, stdout?.end ?? "pipe", stderr?.end ?? "pipe", reaper.pipe()];
    const child = spawn("/bin/sh", ["-c", registerThenRun, "longhaul", ...order.argv], {
      cwd: order.directory,
      env: order.environment,
      detached: true,
      stdio,
    });
    if (child.pid === undefined) {
      return notStarted(new Promise((resolve) => child.once("error", (error) => resolve(describe(error, order)))));
    }
    started = true;
    reaper.add(child.pid);
    return new RunningGroup(
      reaper,
      child,
      child.pid,
      [stdout?.reader ?? child.stdout!, stderr?.reader ?? child.stderr!],
      order,
    );
  } catch (error) {
    return notStarted(Promise.resolve(describe(error, order)));
  } finally {
    for (const file of opened) closeSync(file);
    if (!started) for (const reader of readers) reader.destroy();
  }
}

function openStdin(order: GroupOrder, opened: number[]): "ignore" | "pipe" | number {
  if (order.stdin === null) return "ignore";
  if (order.stdin === "talk" || "text" in order.stdin) return "pipe";
  const file = openSync(order.stdin.file, "r");
  opened.push(file);
  return file;
}

class RunningGroup implements ProcessGroup {
  readonly pid: number;
  readonly ended: Promise<GroupEnd>;
  readonly #reaper: Reaper;
  readonly #input: Writable | null;
  readonly #output: Output;
  #resolve!: (end: GroupEnd) => void;
  #leaderEnded = false;
  #over = false;
  /** When the grace of a kill ends. */
  #graceUntil: number | null = null;
  #graceTimer: NodeJS.Timeout | null = null;
  #giveUpTimer: NodeJS.Timeout | null = null;

  constructor(reaper: Reaper, child: ChildProcess, pid: number, output: [Readable, Readable], order: GroupOrder) {
    this.pid = pid;
    this.#reaper = reaper;
    this.#input = order.stdin === "talk" ? child.stdin : null;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
    this.#output = new Output([
      [output[0], order.onStdout],
      [output[1], order.onStderr],
    ]);
    child.on("error", () => {}); // Only signals sent through `child` can fail from here on, and none are.
    child.once("exit", (exitCode, signal) => {
      this.#leaderEnded = true;
      const end: GroupEnd =
        exitCode === null ? { kind: "killed", signal: signal ?? "SIGKILL" } : { kind: "exited", exitCode };
      child.stdin?.destroy();
      void this.#finish(end);
    });
    child.stdin?.on("error", () => {}); // A program need not read its input.
    const { stdin } = order;
    if (stdin !== null && stdin !== "talk" && "text" in stdin) child.stdin?.end(stdin.text);
  }

  say(text: string): Promise<void> {
    const input = this.#input;
    // Called back also when the pipe breaks or has been closed: then nobody reads any more, and `ended` tells why.
    return input ? new Promise((resolve) => input.write(text, () => resolve())) : Promise.resolve();
  }

  async kill(graceMs: number): Promise<void> {
    const until = performance.now() + graceMs;
    const first = this.#graceUntil === null;
    if (!this.#over && (this.#graceUntil === null || until < this.#graceUntil)) {
      this.#graceUntil = until;
      if (first && graceMs > 0) this.#signal("SIGTERM");
      if (this.#graceTimer) clearTimeout(this.#graceTimer);
      if (graceMs > 0) this.#graceTimer = setTimeout(() => this.#killNow(), graceMs);
      else this.#killNow();
    }
    await this.ended;
  }

  #killNow(): void {
    this.#signal("SIGKILL");
    if (this.#leaderEnded) return; // `#finish` is at it.
    this.#giveUpTimer = setTimeout(() => this.#end({ kind: "killed", signal: "SIGKILL" }), processLimits.groupGoneMs);
  }

  /** The leader is gone; its id stays taken for as long as its group has members. */
  async #finish(end: GroupEnd): Promise<void> {
    const exists = () => this.#signal(0);
    // Being asked to end, the members keep the grace that the leader did not need.
    if (this.#graceUntil !== null) await groupEmpties(this.pid, exists, this.#graceUntil);
    this.#signal("SIGKILL");
    await groupEmpties(this.pid, exists, performance.now() + processLimits.groupGoneMs);
    // What is left now has its SIGKILL pending: the reaper could do no more.
    this.#reaper.remove(this.pid);
    await this.#output.drain();
    this.#end(end);
  }

  #end(end: GroupEnd): void {
    if (this.#graceTimer) clearTimeout(this.#graceTimer);
    if (this.#giveUpTimer) clearTimeout(this.#giveUpTimer);
    if (this.#over) return;
    this.#over = true;
    this.#output.close();
    this.#resolve(end);
  }

  /** False when the group has no member left, not even a zombie. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    if (this.#over) return false;
    try {
      process.kill(-this.pid, signal);
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === "ESRCH") return false;
      if (code === "EPERM") return true; // It has changed its user: beyond our reach.
      throw error;
    }
  }
}

/** Reads pipes piece by piece, holding nothing back. */
class Output {
  readonly #open = new Set<Readable>();
  #pieces = 0;
  #closed = false;
  readonly #flush: (() => void)[] = [];

  constructor(pipes: [Readable, (text: string) => void][]) {
    for (const [pipe, onText] of pipes) {
      const decoder = new TextDecoder();
      this.#open.add(pipe);
      this.#flush.push(() => {
        const rest = decoder.decode();
        if (rest !== "") onText(rest);
      });
      pipe.on("data", (piece: Buffer) => {
        this.#pieces++;
        const text = this.#closed ? "" : decoder.decode(piece, { stream: true });
        if (text !== "") onText(text);
      });
      pipe.on("error", () => {}); // Followed by `close`, as every end is.
      pipe.once("close", () => this.#open.delete(pipe));
    }
  }

  /** Waits for the ends of the pipes. A process outside the group may hold them open: it is not waited for. */
  async drain(): Promise<void> {
    const until = performance.now() + processLimits.drainMs;
    let quietSince = performance.now();
    for (let seen = this.#pieces; this.#open.size > 0; seen = this.#pieces) {
      await sleep(processLimits.pollMs);
      await turn(); // However late the timer was: what lies in the pipes has been read now.
      const now = performance.now();
      if (this.#pieces !== seen) quietSince = now;
      if (now > until || now - quietSince > processLimits.drainQuietMs) return;
    }
  }

  close(): void {
    if (this.#closed) return;
    for (const flush of this.#flush) flush();
    this.#closed = true;
    for (const pipe of this.#open) pipe.destroy();
  }
}

function notStarted(reason: Promise<string>): ProcessGroup {
  const ended = reason.then((text): GroupEnd => ({ kind: "not_started", reason: text }));
  return { pid: null, ended, say: async () => {}, kill: async () => void (await ended) };
}

function describe(error: unknown, order: GroupOrder): string {
  const program = order.argv[0];
  switch (codeOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return `cannot start "${program}" in ${order.directory}: no such directory`;
    case "E2BIG":
      return `cannot start "${program}": its arguments and environment are too long for the system`;
    case "EAGAIN":
      return `cannot start "${program}": too many processes`;
    case "EMFILE":
    case "ENFILE":
      return `cannot start "${program}": too many open files`;
    default:
      return `cannot start "${program}": ${error instanceof Error ? error.message : String(error)}`;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
