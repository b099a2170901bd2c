/**
 * Owns a git process that stays and answers one request after the other. Invariants: answers come in the order of the
 * requests; when the process ends, whatever waits is rejected with what git said, and the next request starts another;
 * it ends with this process, for then its stdin ends; while nobody waits for it, it keeps no program from ending.
 */
import type { ChildProcess } from "node:child_process";
import { gitLimits } from "../domain/limits.ts";
import type { RunId } from "../domain/ids.ts";
import { cannotStart, GitError, type Git } from "./git-process.ts";

/** What has come of an answer so far; begins anew with each look. */
export class Came {
  readonly #all: Buffer;
  #at = 0;
  /** How many bytes there must be before another look is worth it. */
  wanted = 0;

  constructor(all: Buffer) {
    this.#all = all;
  }

  get used(): number {
    return this.#at;
  }

  /** The next line, without its end; undefined: it has not come whole. */
  line(): string | undefined {
    const end = this.#all.indexOf(10, this.#at);
    if (end === -1) return undefined;
    const line = this.#all.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return line;
  }

  bytes(count: number): Buffer | undefined {
    this.wanted = this.#at + count;
    if (this.#all.length < this.wanted) return undefined;
    this.#at = this.wanted;
    // A copy: the rest of what came is not to be kept in memory with it.
    return Buffer.from(this.#all.subarray(this.#at - count, this.#at));
  }

  done<T>(value: T): { value: T } {
    return { value };
  }
}

/** Takes an answer apart; undefined: more has to come. */
type Take<T> = (came: Came) => { value: T } | undefined;
type Waiting = { take: Take<unknown>; resolve(value: never): void; reject(error: unknown): void };

export class GitService {
  readonly #git: Git;
  readonly #args: readonly string[];
  readonly #call: { gitDir: string; run: RunId };
  #serving: Serving | null = null;

  constructor(git: Git, args: readonly string[], call: { gitDir: string; run: RunId }) {
    this.#git = git;
    this.#args = args;
    this.#call = call;
  }

  ask<T>(request: string, take: Take<T>): Promise<T> {
    if (this.#serving === null || this.#serving.ended)
      this.#serving = new Serving(this.#args, this.#git.serve(this.#args, this.#call));
    const serving = this.#serving;
    return new Promise<T>((resolve, reject) => serving.ask(request, { take, resolve, reject }));
  }

  /** Lets the process end when it has answered what was asked; the next request starts another. */
  rest(): void {
    this.#serving?.rest();
    this.#serving = null;
  }
}

class Serving {
  ended = false;
  readonly #args: readonly string[];
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #came: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;
  #stderr = "";
  #timer: NodeJS.Timeout | null = null;

  constructor(args: readonly string[], child: ChildProcess) {
    this.#args = args;
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => this.#hear(chunk));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (this.#stderr.length < gitLimits.stderrBytesMax) this.#stderr += chunk.toString("utf8");
    });
    // It has ended; its exit tells the rest.
    child.stdin?.on("error", () => undefined);
    child.on("error", (cause) => this.#end(cannotStart(cause)));
    child.on("close", (exitCode, signal) => {
      const how = signal === null ? `failed with exit code ${exitCode}` : `was killed by ${signal}`;
      this.#end(new GitError(this.#args, how, exitCode, this.#stderr));
    });
    this.#hold();
  }

  ask(request: string, waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#child.stdin?.write(request);
    this.#hold();
  }

  rest(): void {
    this.#child.stdin?.end();
  }

  #hear(chunk: Buffer): void {
    this.#came.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return;
    let all = Buffer.concat(this.#came);
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const came = new Came(all);
      const answer = this.#take(first, came);
      if (answer === "failed") return;
      this.#wanted = answer ? 0 : came.wanted;
      if (!answer) break;
      all = all.subarray(came.used);
      this.#waiting.shift();
      first.resolve(answer.value as never);
    }
    this.#came = [all];
    this.#bytes = all.length;
    this.#hold();
  }

  /** What cannot be taken apart leaves nothing to go on with. */
  #take(first: Waiting, came: Came): { value: unknown } | undefined | "failed" {
    try {
      return first.take(came);
    } catch (error) {
      this.#end(error);
      this.#child.kill("SIGKILL");
      return "failed";
    }
  }

  /** The process and its pipes keep this program alive only while somebody waits. */
  #hold(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const waits = this.#waiting.length > 0;
    const { stdin, stdout, stderr } = this.#child;
    const held = [this.#child, stdin, stdout, stderr] as unknown as { ref(): void; unref(): void }[];
    for (const one of held) {
      if (waits) one.ref();
      else one.unref();
    }
    if (!waits || this.ended) return;
    this.#timer = setTimeout(() => {
      this.#stderr += `\nno answer within ${gitLimits.answerMs} ms`;
      this.#child.kill("SIGKILL");
    }, gitLimits.answerMs);
  }

  #end(error: unknown): void {
    this.ended = true;
    for (const one of this.#waiting.splice(0)) one.reject(error);
    this.#hold();
  }
}
