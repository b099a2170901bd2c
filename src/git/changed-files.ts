/** Owns the look at what changed between two commits: one git process for the list, and the reader that stays for the texts. */
import type { Commit, RunId } from "../domain/ids.ts";
import { gitLimits, testReportLimits } from "../domain/limits.ts";
import type { ChangedFile, FileSide } from "../domain/weakened-tests.ts";
import type { LookAtFiles } from "../engine/ports.ts";
import type { ObjectReader } from "./object-reader.ts";
import { asCommit, type TrunkRepository } from "./trunk-repository.ts";

type Side = { path: string; mode: string; oid: string };
type Changed = { before: Side | null; after: Side | null };

export async function changedFiles(
  trunk: TrunkRepository,
  run: RunId,
  [from, to]: readonly [Commit, Commit],
  { wanted, visit }: LookAtFiles,
): Promise<{ omitted: number }> {
  if (from === to) return { omitted: 0 };
  const renames = ["--find-renames", `-l${testReportLimits.renamesMax}`];
  const raw = await trunk.git.list(
    ["diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-ext-diff", ...renames, asCommit(from), asCommit(to)],
    trunk.at(run),
  );
  const changed = parseRaw(raw)
    .filter(({ before, after }) => [before, after].some((side) => side !== null && wanted(side.path)))
    .toSorted((one, other) => order(one) - order(other));
  const { reader } = trunk.objects(run);
  const room = { bytes: testReportLimits.bytesMax };
  const most = Math.min(changed.length, testReportLimits.filesMax);
  let looked = 0;
  while (looked < most && room.bytes > 0) {
    // Side by side, so that the reader need not wait for us.
    const some = changed.slice(looked, Math.min(most, looked + gitLimits.filesAtOnce));
    for (const file of await Promise.all(some.map((each) => read(reader, each, room)))) visit(file);
    looked += some.length;
  }
  return { omitted: changed.length - looked };
}

/** What is gone comes first and what is new last: of new files anybody can make as many as would fill the bounds. */
const order = ({ before, after }: Changed) => (after === null ? 0 : before === null ? 2 : 1);

/** `:MODE MODE OID OID STATUS`, a path, and for a rename another. */
function parseRaw(fields: readonly string[]): Changed[] {
  const changed: Changed[] = [];
  for (let at = 0; at < fields.length;) {
    const [oldMode = "", newMode = "", oldOid = "", newOid = "", status = ""] = (fields[at++] ?? "")
      .slice(1)
      .split(" ");
    const oldPath = fields[at++] ?? "";
    const newPath = status.startsWith("R") ? (fields[at++] ?? "") : oldPath;
    changed.push({
      before: status === "A" ? null : { path: oldPath, mode: oldMode, oid: oldOid },
      after: status === "D" ? null : { path: newPath, mode: newMode, oid: newOid },
    });
  }
  return changed;
}

async function read(reader: ObjectReader, { before, after }: Changed, room: { bytes: number }): Promise<ChangedFile> {
  return {
    before: before && (await readSide(reader, before, room)),
    after: after && (await readSide(reader, after, room)),
  };
}

async function readSide(reader: ObjectReader, { path, mode, oid }: Side, room: { bytes: number }): Promise<FileSide> {
  if (mode === submoduleMode) return { path, text: null };
  const body = await reader.readUpTo(oid, testReportLimits.fileBytesMax);
  if (body === null || body.includes(0)) return { path, text: null };
  room.bytes -= body.length;
  return { path, text: body.toString("utf8") };
}

const submoduleMode = "160000";
