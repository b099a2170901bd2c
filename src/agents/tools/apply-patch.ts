/** Owns `apply_patch`: a unified diff over several files, all of it or nothing. */
import { z } from "zod";
import { toolLimits } from "../../domain/limits.ts";
import { found, refuse, shownPath, type Outcome, type Refusal } from "./answer.ts";
import { patched, readPatch, type PatchFile } from "./patch-files.ts";
import { readExact, type ReadFile } from "./reading.ts";
import type { Tool } from "./tool.ts";
import { replaceFile, stageFile, stageRemoval, type Staged } from "./writing.ts";

const { patchFilesMax, patchBytesMax, fileBytesMax } = toolLimits;

const input = z.object({
  patch: z.string().min(1).describe('A unified diff: "--- a/file", "+++ b/file", "@@ -1,3 +1,4 @@" and lines.'),
});

export const applyPatchTool: Tool<z.infer<typeof input>> = {
  name: "apply_patch",
  description:
    `Applies a unified diff to one or several text files: all of it or nothing. Context and removed lines must match exactly; ` +
    `line numbers may be off. /dev/null as the old name creates a file, as the new name removes one. No renames, ` +
    `changed modes or binary files. At most ${patchFilesMax} files. For single changes edit_file is easier.`,
  input,
  roles: ["worker", "arbiter"],
  effect: "work",
  async run({ patch }, { workspace }) {
    if (!patch.isWellFormed()) return refuse("patch: is not well-formed Unicode (half a surrogate pair)");
    const files = readPatch(patch);
    if (!files.ok) return files;
    const changes = await changesOf(workspace, files.value);
    if (!changes.ok) return changes;
    const fault = await make(workspace, changes.value);
    if (fault) return fault;
    return { ok: true, text: files.value.map(({ kind, path }) => `${shownPath(path)}: ${words[kind]}`).join("\n") };
  },
};

const words = { create: "created", change: "changed", remove: "removed" };

/** `before`: null for a new file. `after`: null for one to be removed. */
type Change = { path: string; before: ReadFile | null; after: string | null; mode: number };

async function changesOf(workspace: string, files: readonly PatchFile[]): Promise<Outcome<Change[]>> {
  const changes: Change[] = [];
  let bytes = 0;
  for (const file of files) {
    const change = await changeOf(workspace, file);
    if (!change.ok) return change;
    changes.push(change.value);
    const size = Buffer.byteLength(change.value.after ?? "");
    if (size > fileBytesMax) return refuse(`patch: ${shownPath(file.path)} would have more than ${fileBytesMax} bytes`);
    bytes += size + (change.value.before?.bytes.length ?? 0);
    if (bytes > patchBytesMax)
      return refuse(`patch: its files together have more than ${patchBytesMax} bytes; split it`);
  }
  return found(changes);
}

async function changeOf(workspace: string, file: PatchFile): Promise<Outcome<Change>> {
  const { kind, path } = file;
  const mode = file.patch.newMode === "100755" ? 0o755 : 0o644;
  if (kind === "create") {
    const after = patched("", file);
    return after.ok ? found({ path, before: null, after: after.value, mode }) : after;
  }
  const before = await readExact(workspace, path);
  if (!before.ok) return refuse(`patch: nothing was changed. ${before.text}`);
  const after = patched(before.value.text, file);
  if (!after.ok) return after;
  if (kind === "change") return found({ path, before: before.value, after: after.value, mode });
  if (after.value === "") return found({ path, before: before.value, after: null, mode });
  return refuse(`patch: nothing was changed. ${shownPath(path)} is to be removed, but the patch leaves lines of it`);
}

/** Everything is written beside its place first; when putting it in place fails on the way, what was done is undone. */
async function make(workspace: string, changes: readonly Change[]): Promise<Refusal | null> {
  const staged: Staged[] = [];
  try {
    for (const { path, before, after, mode } of changes) {
      const was = { was: before?.stats ?? null, mode };
      const next =
        after === null ? await stageRemoval(workspace, path, was) : await stageFile(workspace, path, after, was);
      if (!next.ok) return refuse(`patch: nothing was changed. ${before === null ? existing(path, next) : next.text}`);
      staged.push(next.value);
    }
    for (const [index, each] of staged.entries()) {
      const fault = await each.commit();
      if (fault) return await undo(workspace, changes.slice(0, index), fault);
    }
    return null;
  } finally {
    for (const each of staged) await each.discard();
  }
}

const existing = (path: string, fault: Refusal): string =>
  `${shownPath(path)} is to be created (its old name is /dev/null), which did not work; does it exist already? ${fault.text}`;

async function undo(workspace: string, done: readonly Change[], fault: Refusal): Promise<Refusal> {
  const lost: string[] = [];
  for (const { path, before } of done.toReversed()) {
    if (before) {
      const back = await replaceFile(workspace, path, before.bytes, { mode: Number(before.stats.mode) });
      if (!back.ok) lost.push(path);
      continue;
    }
    const removal = await stageRemoval(workspace, path);
    if (!removal.ok || (await removal.value.commit())) lost.push(path);
  }
  const rest = lost.length === 0 ? "nothing was changed" : `not undone: ${lost.map(shownPath).join(", ")}`;
  return refuse(`patch: ${rest}. ${fault.text}`);
}
