/** Owns which program a command agent is: how it is started, what it is called, and whether it can be found. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { invariant } from "../../domain/assert.ts";
import type { Environment } from "../../engine/ports.ts";

export type FoundProgram =
  | { kind: "found"; path: string }
  /** `problem`: in short, without the places that were looked at. */
  | { kind: "missing"; lookedFor: string; problem: string }
  /** Only a run can tell: more than a plain word stands first in a shell text, or the path is relative to the workspace. */
  | { kind: "unknown"; why: string };

/** Words that a POSIX shell knows itself. */
const shellWords = new Set(
  (
    ". : [ alias bg break case cd command continue echo eval exec exit export false fc fg for getopts hash if jobs kill let local printf " +
    "pwd read readonly return set shift test times trap true type ulimit umask unalias unset until wait while"
  ).split(" "),
);
const plainWord = /^[\w@%+.,/-]+$/;

export function argvOf(command: string | readonly string[]): [string, ...string[]] {
  if (typeof command === "string") return ["/bin/sh", "-c", command];
  const [program, ...rest] = command;
  invariant(program !== undefined, "a command has at least one word (the config's schema sees to it)");
  return [program, ...rest];
}

/** For messages: one line. */
export function programText(command: string | readonly string[]): string {
  const text = typeof command === "string" ? command : command.join(" ");
  const line = text.trim().split("\n", 1)[0] ?? "";
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/**
 * Looks for an agent's program before a run, without running it. `environment` is the one that it will get. A path
 * such as `./judge.sh` is relative to the workspace, of which the config's folder is the likeliest picture.
 */
export function findProgram(
  agent: { command: string | readonly string[] },
  environment: Environment,
  configDirectory: string,
): FoundProgram {
  const program = typeof agent.command === "string" ? firstWord(agent.command) : agent.command[0];
  if (program === undefined || program === "")
    return { kind: "missing", lookedFor: "a program: the command is empty", problem: "the command is empty" };
  if (typeof agent.command === "string") {
    if (!plainWord.test(program)) return { kind: "unknown", why: `the shell decides what "${program}" is` };
    if (shellWords.has(program)) return { kind: "found", path: "/bin/sh" };
  }
  if (program.includes("/")) {
    const path = resolve(configDirectory, program);
    if (isExecutable(path)) return { kind: "found", path };
    if (isAbsolute(program)) {
      const what = isThere(path) ? "is no executable file" : "does not exist";
      return { kind: "missing", lookedFor: `${program}, which ${what}`, problem: `${program} ${what}` };
    }
    return { kind: "unknown", why: `${program} is relative to the workspace and not in ${configDirectory}` };
  }
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const path = folders.map((folder) => join(folder, program)).find(isExecutable);
  return path === undefined
    ? {
        kind: "missing",
        lookedFor: `"${program}" in PATH (${folders.join(delimiter) || "empty"})`,
        problem: `${program} is not in PATH`,
      }
    : { kind: "found", path };
}

/** Without assignments that stand before it. */
function firstWord(text: string): string {
  return (
    text
      .trim()
      .split(/\s+/)
      .find((word) => !/^[A-Za-z_]\w*=[\w@%+.,:/-]*$/.test(word)) ?? ""
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
