/** Programs that the engine and its agents run. */
import type { Role } from "../domain/session.ts";

/** Runs programs in process groups of their own, none of which outlives the engine, however the engine ends. */
export interface ProcessGroups {
  /** Whether programs see no more than their orders name. */
  readonly confines: boolean;
  /** Never throws for what the program is or does: `ended` tells. */
  spawn(order: GroupOrder): ProcessGroup;
  /**
   * Kills every process that was started with exactly these variables, also one that left its group, but for the `spared`
   * ids. Waits until they are gone, within a bound; answers how many there were. Linux only; elsewhere it answers 0.
   */
  killMarked(marks: Environment, spared?: ReadonlySet<number>): Promise<number>;
  /** Those that `killMarked` would kill, as it is now. */
  findMarked(marks: Environment): Promise<ReadonlySet<number>>;
}

export type Environment = { [name: string]: string };

export type GroupOrder = {
  /** The first is looked up in the PATH of `environment`; with a slash in it, it is relative to `directory`. */
  argv: readonly [string, ...string[]];
  directory: string;
  /** The whole environment; nothing is added. Names that are not shell identifiers may be lost. */
  environment: Environment;
  /** null: empty. A file keeps `/dev/stdin` openable and costs no memory. `talk`: what `ProcessGroup.say` writes. */
  stdin: { text: string } | { file: string } | "talk" | null;
  /** In pieces of at most 64 KB, valid UTF-8 (invalid bytes become U+FFFD), not cut into lines. Must not throw. */
  onStdout(text: string): void;
  onStderr(text: string): void;
  /** What it needs beyond its directory; a sandbox lets nothing else through. */
  access?: Access;
};

export type Access = {
  /** Whose hosts it may reach; null: none. */
  role: Role | "prepare" | null;
  /** The session's own, to read; its home and its /tmp lie there. null: they are gone with it. */
  folder: string | null;
  /** The operator's own words that start it: files that they name are seen, with what lies beside them. */
  words: readonly string[];
  /** Outside of its directory. The engine trusts nothing in there. */
  writable: readonly string[];
  /** Single files that are seen, and can be written, in place of empty ones: `at`, in what is writable, shows `file`. Only if confined. */
  placed: readonly { at: string; file: string }[];
  /** Beside those of its role: host names, as a configuration lists them. */
  hosts: readonly string[];
  /** Of 127.0.0.1, behind which servers of ours are, or of the operator's. */
  ports: readonly number[];
};

export interface ProcessGroup {
  /** The group's id, which is its leader's process id; null when it could not be started. */
  readonly pid: number | null;
  /** To the stdin of a leader with `stdin: "talk"`; answers once it was taken, or nobody reads any more. */
  say(text: string): Promise<void>;
  /** Answers once the leader has ended, the rest of its group has been killed and all output was handed over. Never rejects. */
  readonly ended: Promise<GroupEnd>;
  /** SIGTERM to the group, SIGKILL after `graceMs`; answers with `ended`. Repeatable; the shortest grace counts. */
  kill(graceMs: number): Promise<void>;
}

export type GroupEnd =
  /** 126 and 127: most likely the program could not be run or found; a shell's message is on stderr. */
  { kind: "exited"; exitCode: number } | { kind: "killed"; signal: string } | { kind: "not_started"; reason: string };
