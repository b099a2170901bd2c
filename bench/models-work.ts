/**
 * The work of the models benchmark, the same with and without an engine: a repository, and what the model says in it.
 * Twenty steps of cheap tools with one call each, then the end.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, role, text } from "../test/fake-model/brains.ts";
import type { NamedBrain, ReplyPart } from "../test/fake-model/brain.ts";

/** `thinkMs`: how long the model takes; 0: it answers at once. `url`: of the database; null: SQLite. */
export type ModelCase = { sessions: number; steps: number; thinkMs: number; url: string | null };

/** What a benchmarked process is told. */
export type ModelOrder = ModelCase & { modelUrl: string };

export const key = "bench-key";
export const modelId = "claude-sonnet-5";

const files = 100;
const lines = 60;
const bashAt = 10;
const thought = "I look at the next file, because what it says decides what is to be changed there. ".repeat(3);

export const fileText = (file: number): string =>
  Array.from({ length: lines }, (_, line) => `line ${line} of file ${file}: some words to fill it\n`).join("");

export function makeRepository(folder: string): string {
  const repository = join(folder, "repository");
  mkdirSync(repository);
  for (let file = 0; file < files; file++) writeFileSync(join(repository, `file-${file}.txt`), fileText(file));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: repository });
  git("init", "--quiet", "--initial-branch=main", "--template=");
  git("add", "--all");
  git("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "--quiet", "--message=Start");
  return repository;
}

/** Every third step edits, one runs a command, the others read and search in turns. */
function callAt(turn: number, steps: number): ReplyPart {
  const path = `file-${turn}.txt`;
  if (turn >= steps) return call("submit", { status: "nothing_to_do", message: "", handoff: { done: "Looked." } });
  if (turn === bashAt) return call("bash", { command: "ls | wc -l" });
  if (turn % 3 === 2)
    return call("edit_file", { path, edits: [{ old: `line 7 of file ${turn}:`, new: `line 7 of file ${turn}!` }] });
  return turn % 2 === 0 ? call("read_file", { path }) : call("search", { pattern: "line 7 of file 1" });
}

export function brainOf({ steps, thinkMs }: ModelCase): NamedBrain {
  return role("worker", /./, async ({ turn }) => {
    if (thinkMs > 0) await new Promise((resolve) => setTimeout(resolve, thinkMs));
    return { parts: [text(thought), callAt(turn, steps)] };
  });
}

/** As long as what the role tools answer, for conversations that run none. */
export function resultLike(tool: string): string {
  if (tool === "read_file") return `${fileText(0)}${"00\t".repeat(lines)}\n[lines 1 to 60 of 60]`;
  if (tool === "search") return "file-10.txt\n8:line 7 of file 10: some words to fill it\n".repeat(11);
  return "file-2.txt: 1 replacement, now at line 8";
}
