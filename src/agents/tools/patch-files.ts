/** Owns what a unified diff means: which files it creates, changes and removes, and what is wrong with it. */
import { applyPatch, parsePatch, type StructuredPatch } from "diff";
import { toolLimits } from "../../domain/limits.ts";
import { found, refuse, shownPath, type Outcome } from "./answer.ts";
import { nearLines } from "./near-lines.ts";

export type PatchFile = { kind: "create" | "change" | "remove"; path: string; patch: StructuredPatch };

const instead = "or use edit_file, which needs no line counts";

export function readPatch(text: string): Outcome<PatchFile[]> {
  if (/^\*\*\* Begin Patch/m.test(text))
    return refuse(
      'patch: begins with "*** Begin Patch"; a unified diff is needed: "--- a/file", "+++ b/file", "@@ -1,3 +1,4 @@"',
    );
  const parsed = parse(text.endsWith("\n") ? text : `${text}\n`);
  if (!parsed.ok) return parsed;
  const patches = parsed.value.filter((patch) => patch.hunks.length > 0 || patch.oldFileName !== undefined);
  if (patches.length === 0)
    return refuse(
      'patch: has no file in it; each begins with "--- a/file" and "+++ b/file", new and removed ones with /dev/null',
    );
  if (patches.length > toolLimits.patchFilesMax)
    return refuse(`patch: has more than ${toolLimits.patchFilesMax} files; split it`);
  const files: PatchFile[] = [];
  for (const [index, patch] of patches.entries()) {
    const file = fileOf(patch, index);
    if (!file.ok) return file;
    if (files.some((each) => each.path === file.value.path))
      return refuse(`patch: ${shownPath(file.value.path)} occurs twice; put all its hunks under one header`);
    files.push(file.value);
  }
  return found(files);
}

function parse(text: string): Outcome<StructuredPatch[]> {
  try {
    return found(parsePatch(text));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const counts = /did not match|more lines than expected|invalid line/.test(error.message)
      ? '. In "@@ -start,old +start,new @@", old counts the lines with " " and "-", new those with " " and "+"'
      : "";
    return refuse(`patch: nothing was changed. ${error.message.slice(0, 500)}${counts}. Mend it, ${instead}`);
  }
}

function fileOf(patch: StructuredPatch, index: number): Outcome<PatchFile> {
  const { oldFileName, newFileName } = patch;
  const which = `patch: file ${index + 1}`;
  if (oldFileName === undefined || newFileName === undefined)
    return refuse(`${which} has no header; before its first "@@" come "--- a/file" and "+++ b/file"`);
  const prefixed = isPrefixed(oldFileName, "a/") && isPrefixed(newFileName, "b/");
  const [before, after] = [oldFileName, newFileName].map((name) =>
    prefixed && name !== nowhere ? name.slice(2) : name,
  );
  const shown = shownPath(after === nowhere ? before! : after!);
  if (patch.isBinary) return refuse(`${which}, ${shown}: is binary; write it with a command`);
  if (patch.isRename || patch.isCopy || (before !== after && before !== nowhere && after !== nowhere))
    return refuse(
      `${which}, ${shown}: renames and copies are not made from a patch; move the file with a command, then patch it`,
    );
  if (before === nowhere && after === nowhere) return refuse(`${which}: both of its names are /dev/null`);
  // Of an empty file there is nothing but git's own header.
  const kind =
    before === nowhere || patch.isCreate ? "create" : after === nowhere || patch.isDelete ? "remove" : "change";
  if (kind === "change" && patch.hunks.length === 0)
    return refuse(`${which}, ${shown}: has no hunks; change modes with a command`);
  return found({ kind, path: after === nowhere ? before! : after!, patch });
}

const nowhere = "/dev/null";
const isPrefixed = (name: string, prefix: string): boolean => name === nowhere || name.startsWith(prefix);

/** The file as it becomes. */
export function patched(source: string, { patch, path }: PatchFile): Outcome<string> {
  const result = applyPatch(source, patch);
  if (result !== false) return found(result);
  const index = failingHunk(source, patch);
  const hunk = patch.hunks[index]!;
  const old = hunk.lines.filter((line) => !/^[+\\]/.test(line)).map((line) => line.slice(1));
  const near = nearLines(source, old.join("\n"));
  const where =
    near === null ? "Nothing in the file is like its lines" : `The file has these lines there:\n${near.lines}\n`;
  return refuse(
    `patch: nothing was changed. ${shownPath(path)}, hunk ${index + 1} of ${patch.hunks.length} (@@ -${hunk.oldStart}): its lines with " " ` +
      `and "-" are not in the file in this way. ${where}. Read the file again and mend the hunk, ${instead}.`,
  );
}

/** The hunks up to it can be applied, with it they cannot. */
function failingHunk(source: string, patch: StructuredPatch): number {
  let [fits, fails] = [0, patch.hunks.length];
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (applyPatch(source, { ...patch, hunks: patch.hunks.slice(0, middle) }) === false) fails = middle;
    else fits = middle;
  }
  return fails - 1;
}
