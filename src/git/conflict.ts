/**
 * Owns the giving back of a conflict: the workspace on the trunk's tip with conflict markers in place, each version as
 * a file of its own, and the check that no marker comes back.
 */
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invariant } from "../domain/assert.ts";
import type { ConflictFile } from "../domain/brief.ts";
import type { Commit } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import { showPath } from "./entry-rules.ts";
import { mergeNamed, type Merge, type Stage } from "./merge.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";
import { givePrivateGit, through, type GitWorkspace, type Marked } from "./workspace.ts";

const versions = { 1: "base", 2: "trunk", 3: "yours" } as const;

/** Places the change that `land` last took in; what the worker did since then is overwritten, ignored files stay. */
export async function placeConflict(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  tip: Commit,
): Promise<{ base: Commit; files: ConflictFile[] }> {
  invariant(workspace.taken, "a conflict is placed only after a landing");
  const { run } = workspace;
  const tree = asCommit(await trunk.git.text(["write-tree"], through(trunk, workspace)));
  const work = await trunk.commit(run, tree, workspace.base, "work\n");
  const merged = await mergeNamed(trunk, run, workspace.folder, asCommit(tip), work);
  const files = merged.clean ? [] : await writeVersions(trunk, workspace, merged);
  const marked = merged.clean ? [] : await findMarkers(trunk, workspace, merged);
  workspace.tree = null;
  await trunk.git.run(
    ["read-tree", "--reset", "-u", merged.tree],
    through(trunk, workspace, { timeoutMs: gitLimits.intakeMs }),
  );
  workspace.base = tip;
  workspace.marked = marked;
  await givePrivateGit(trunk, workspace);
  return { base: tip, files };
}

type Conflicted = Extract<Merge, { clean: false }>;

async function writeVersions(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  merged: Conflicted,
): Promise<ConflictFile[]> {
  const folder = join(workspace.folder, "conflict", String(++workspace.conflicts));
  const files = new Map<string, ConflictFile>(
    merged.files.map((path) => [path, { path, base: null, trunk: null, yours: null }]),
  );
  for (const stage of merged.stages) {
    const version = versions[stage.stage];
    const file = files.get(stage.path);
    // A submodule has no content of its own.
    if (file && stage.mode !== "160000")
      file[version] = await writeVersion(trunk, workspace, stage, join(folder, version, stage.path));
  }
  return [...files.values()];
}

async function writeVersion(
  trunk: TrunkRepository,
  workspace: GitWorkspace,
  stage: Stage,
  path: string,
): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "w", 0o644);
  try {
    await trunk.git.run(["cat-file", "blob", stage.object], trunk.at(workspace.run, { stdoutTo: file.fd }));
  } finally {
    await file.close();
  }
  return path;
}

/** For each conflicted file the marker lines that neither side has: only the conflict put them there. */
async function findMarkers(trunk: TrunkRepository, workspace: GitWorkspace, merged: Conflicted): Promise<Marked[]> {
  const found: Marked[] = [];
  for (const path of merged.files) {
    const placed = markerLines(await readAt(trunk, workspace, `${merged.tree}:${path}`));
    if (placed.size === 0) continue;
    for (const { object } of merged.stages.filter((stage) => stage.path === path && stage.mode !== "160000")) {
      for (const own of markerLines(await readAt(trunk, workspace, object))) placed.delete(own);
    }
    if (placed.size > 0) found.push({ path, markers: [...placed] });
  }
  return found;
}

/** One reason for each file of the last conflict that still has markers in `tree`. */
export async function leftMarkers(trunk: TrunkRepository, workspace: GitWorkspace, tree: string): Promise<string[]> {
  const reasons: string[] = [];
  for (const { path, markers } of workspace.marked) {
    const lines = markerLines(await readAt(trunk, workspace, `${tree}:${path}`));
    const left = markers.filter((marker) => lines.has(marker));
    if (left.length > 0)
      reasons.push(
        `${showPath(path)}: conflict markers are left (${left.map((line) => `\`${line}\``).join(", ")}): resolve the conflict and remove them`,
      );
  }
  return reasons;
}

function markerLines(text: string): Set<string> {
  return new Set(text.match(/^(?:<{7,} .*|\|{7,} .*|={7,}|>{7,} .*)(?=\r?$)/gm) ?? []);
}

/** A blob's bytes as latin1; nothing there, not a file, or too big to be text that was merged: empty. */
async function readAt(trunk: TrunkRepository, workspace: GitWorkspace, object: string): Promise<string> {
  const call = trunk.at(workspace.run, { exits: [0, 1, 128] });
  const size = await trunk.git.run(["cat-file", "-s", object], call);
  if (size.exitCode !== 0 || Number(size.stdout.toString()) > gitLimits.markedBytesMax) return "";
  const blob = await trunk.git.run(["cat-file", "blob", object], call);
  return blob.exitCode === 0 ? blob.stdout.toString("latin1") : "";
}
