/**
 * Owns real pipes for the output of programs. What Node makes for `stdio: "pipe"` are sockets, and a program that
 * opens `/dev/stdout` or `/dev/stderr`, as shell scripts do, fails on a socket (ENXIO). Node cannot make a pipe, so
 * named ones are made a batch at a time, opened and unlinked at once. Only a kill in that very moment leaves an
 * small folder among the temporary files.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** `end` is the descriptor for the program's side: whoever took the pipe closes it once the program has it. */
export type Pipe = { reader: Readable; end: number };

type Ends = { read: number; write: number };
const batch = 32;

export class Pipes {
  readonly #spare: Ends[] = [];

  /** null where named pipes cannot be made: then sockets have to do. Throws when the files are used up. */
  take(): Pipe | null {
    const ends = this.#spare.pop() ?? this.#make();
    if (ends === undefined) return null;
    const reader = new Socket({ fd: ends.read, readable: true, writable: false });
    return { reader, end: ends.write };
  }

  close(): void {
    for (const ends of this.#spare.splice(0)) {
      closeSync(ends.read);
      closeSync(ends.write);
    }
  }

  #make(): Ends | undefined {
    const folder = mkdtempSync(join(tmpdir(), "longhaul-pipes-"));
    try {
      const names = Array.from({ length: batch }, (_, index) => join(folder, `${index}`));
      const made = spawnSync("mkfifo", ["-m", "600", ...names], { env: { PATH: "/usr/bin:/bin" }, stdio: "ignore" });
      if (made.status !== 0) return undefined;
      for (const name of names) this.#spare.push(openBoth(name));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return this.#spare.pop();
  }
}

function openBoth(name: string): Ends {
  const read = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { read, write: openSync(name, constants.O_WRONLY) };
  } catch (error) {
    closeSync(read);
    throw error;
  }
}
