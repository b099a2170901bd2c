/** Generated repositories for the landing benchmark: as many files as real ones have, folders of ten, one hot line. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

export type Size = "small" | "mid" | "big";
export const filesOf: { [S in Size]: number } = { small: 213, mid: 1_700, big: 45_000 };

export type Generated = { path: string; files: string[] };
export const hotFile = "hot.txt";

/** A bare repository whose branch `main` has the files; each write to it is flushed, as the trunk's are. */
export function generate(path: string, size: Size): Generated {
  const files = Array.from({ length: filesOf[size] - 1 }, (_, n) => {
    const folder = Math.floor(n / 10);
    return `src/${Math.floor(folder / 25)}/${folder % 25}/file-${n}.ts`;
  });
  mkdirSync(path, { recursive: true });
  git(path, "init", "--quiet", "--bare", "--initial-branch=main");
  for (const setting of [
    "core.fsync=committed,reference",
    "core.fsyncMethod=batch",
    "gc.auto=0",
    "receive.autogc=false",
  ])
    git(path, "config", ...setting.split("="));
  const stream: string[] = ["commit refs/heads/main\ncommitter Bench <bench@localhost> 0 +0000\ndata 5\nbase\n"];
  for (const [n, file] of [...files, hotFile].entries()) {
    const text = contentOf(n);
    stream.push(`M 100644 inline ${file}\ndata ${text.length}\n${text}\n`);
  }
  const run = spawnSync("git", ["-C", path, "fast-import", "--quiet"], { input: stream.join("") });
  if (run.status !== 0) throw new Error(`git fast-import: ${run.stderr.toString()}`);
  return { path, files };
}

/** 20 to 120 lines, about 4 KB. */
const contentOf = (n: number) =>
  Array.from(
    { length: 20 + ((n * 7) % 100) },
    (_, line) => `export const value${line} = "file ${n}, line ${line}, ${(n * line) % 97}";\n`,
  ).join("");

export function git(directory: string, ...args: string[]): string {
  const run = spawnSync("git", ["-C", directory, ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`git ${args.join(" ")}: ${run.stderr}`);
  return run.stdout.trim();
}

/** What lander `n` makes of a file: of its own, one more line; of the hot one, another first line. */
export function edited(before: string, n: number, hot: boolean): string {
  return hot ? before.replace(/^.*\n/, `export const hot = ${n};\n`) : `${before}export const lander${n} = ${n};\n`;
}

/** Every n-th lander edits the hot line. */
export const isHot = (n: number, overlap: number) => overlap > 0 && n % Math.round(1 / overlap) === 0;

/** A file for each lander, mostly in different folders; no two have the same as long as there are enough. */
export const fileOf = (files: readonly string[], n: number) => files[(n * 7) % files.length] ?? "";
