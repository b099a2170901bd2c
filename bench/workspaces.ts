/** What a workspace costs: of each kind, on a small, a mid and a big repository, one, 50 and 300 at once. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { inOwnMounts } from "../src/git/mounts.ts";
import { figure, median, spread, table, threeFigures } from "./figures.ts";
import { filesOf, type Size } from "./landing-repository.ts";
import { kinds, type WorkspacesCase, type WorkspacesFigures } from "./workspaces-run.ts";

const counts = [1, 50, 300];
/** More files than this are written by no case: they would only measure the disk. */
const filesMax = 100_000;

/** Answers Markdown. */
export async function measureWorkspaces(repeats: number): Promise<string> {
  const cases = (["small", "mid", "big"] as const).flatMap((size) =>
    counts.flatMap((count) =>
      kinds.flatMap((kind): WorkspacesCase[] => (isBearable(kind, size, count) ? [{ kind, size, count }] : [])),
    ),
  );
  const measured = new Map<WorkspacesCase, WorkspacesFigures[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= repeats; round++) {
    for (const [one, figures] of measured) {
      figures.push(await runCase(one));
      console.error(`round ${round}: ${one.count} × ${one.kind} of the ${one.size} repository`);
    }
  }
  const of = (figures: WorkspacesFigures[], key: "openMs" | "statusMs" | "takeInMs" | "removeMs") =>
    threeFigures(figures.flatMap((each) => each[key]));
  return table(
    [
      "repository",
      "at once",
      "kind",
      "the first (ms)",
      "all (ms)",
      "each (ms)",
      "alone (ms)",
      "on a new tip (ms)",
      "first `git status` (ms)",
      "take in (ms)",
      "remove (ms)",
      "disk (MB)",
    ],
    [...measured].map(([{ kind, size, count }, figures]) => [
      `${size} (${filesOf[size]} files)`,
      String(count),
      kind,
      spread(figures.map(({ firstMs }) => firstMs)),
      spread(figures.map(({ wallMs }) => wallMs)),
      of(figures, "openMs"),
      spread(figures.map(({ aloneMs }) => aloneMs)),
      spread(figures.map(({ movedMs }) => movedMs)),
      of(figures, "statusMs"),
      of(figures, "takeInMs"),
      of(figures, "removeMs"),
      figure(median(figures.map(({ diskMb }) => diskMb))),
    ]),
  );
}

const isBearable = (kind: WorkspacesCase["kind"], size: Size, count: number) =>
  kind === "overlay" || kind === "sparse" || filesOf[size] * count <= filesMax;

async function runCase(one: WorkspacesCase): Promise<WorkspacesFigures> {
  const program = [process.execPath, join(import.meta.dirname, "workspaces-run.ts"), JSON.stringify(one)];
  const [file, ...words] = inOwnMounts(program);
  const { stdout } = await promisify(execFile)(file, words);
  return JSON.parse(stdout) as WorkspacesFigures;
}
