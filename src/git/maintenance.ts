/**
 * Owns the maintenance of the trunk's store (decision 0017). Invariants: what a ref leads to stays; what nothing leads to
 * goes only when it was set aside by an earlier maintenance, long enough ago; it may be killed at any moment.
 */
import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { RunId } from "../domain/ids.ts";
import { maintenanceLimits } from "../domain/limits.ts";
import { expiresBefore, type Maintained, type StoreSize } from "../domain/maintenance.ts";
import type { MaintenanceOrder } from "../engine/ports.ts";
import { readKept } from "./keep.ts";
import { ignoreMissing } from "./remove-tree.ts";
import { keptRefs, type TrunkRepository } from "./trunk-repository.ts";

/** `setAsideAt`: when the maintenance began whose garbage is the next to go. */
const recordSchema = z.object({ startedAt: z.number(), bytes: z.number(), setAsideAt: z.number() });
const recordFile = (gitDir: string) => join(gitDir, "longhaul-maintained.json");

export async function maintain(trunk: TrunkRepository, run: RunId, order: MaintenanceOrder): Promise<void> {
  const startedAt = Date.now();
  const { gitDir } = trunk;
  await forgetEnded(trunk, run, order);
  await removeUnfinished(gitDir, startedAt);
  const last = await readRecord(gitDir);
  const expired = expiresBefore(last?.setAsideAt ?? null, startedAt, order.unusedMs);
  const expiration = expired === null ? "never" : `@${Math.floor(expired / 1_000) - clockSeconds} +0000`;
  // Of a partial clone not all is there that refs lead to, so git cannot tell what nothing leads to: that stays.
  const how = (await isPartial(gitDir)) ? ["--geometric=2"] : ["--cruft", `--cruft-expiration=${expiration}`];
  await trunk.objects(run).repack(how, {
    timeoutMs: maintenanceLimits.repackMs,
    background: true,
    signal: order.signal,
  });
  const setAsideAt = last === null || expired !== null ? startedAt : last.setAsideAt;
  await writeRecord(gitDir, { startedAt, setAsideAt, bytes: (await measureStore(gitDir)).bytes });
}

/** Was it made from a partial clone? Its packs came with a mark each. */
async function isPartial(gitDir: string): Promise<boolean> {
  return (await readdir(join(gitDir, "objects", "pack"))).some((name) => name.endsWith(".promisor"));
}

/** File times may lag a little behind the clock. */
const clockSeconds = 2;

export async function lastMaintained(gitDir: string): Promise<Maintained | null> {
  return readRecord(gitDir);
}

/** Packs that the store was made with are not counted: they are never touched. */
export async function measureStore(gitDir: string): Promise<StoreSize> {
  const objects = join(gitDir, "objects");
  const names = await readdir(join(objects, "pack"));
  const own = names.filter((name) => name.endsWith(".pack") && !names.includes(name.replace(/pack$/, "keep")));
  const sizes = await Promise.all(
    own.map((name) => stat(join(objects, "pack", name)).then(({ size }) => size, ignoreMissing(0))),
  );
  const folders = (await readdir(objects)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const loose = await Promise.all(
    folders.map((name) => readdir(join(objects, name)).catch(ignoreMissing<string[]>([]))),
  );
  return {
    packs: own.length,
    looseObjects: loose.reduce((sum, { length }) => sum + length, 0),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** Lets go of what sessions that have ended had kept. */
async function forgetEnded(trunk: TrunkRepository, run: RunId, order: MaintenanceOrder): Promise<void> {
  const prefix = `${keptRefs(run)}/`;
  const refs = (await trunk.git.text(["for-each-ref", "--format=%(refname)", prefix], trunk.at(run))).split("\n");
  // What is kept from now on is not on the list.
  const { workspaces, kept } = await order.needed();
  const [names, trees] = [new Set(workspaces), new Set(kept.map((one) => readKept(one).tree))];
  const ended = refs.filter((ref) => {
    const [name = "", tree = ""] = ref.slice(prefix.length).split("/");
    return ref !== "" && !names.has(name) && !trees.has(tree);
  });
  if (ended.length > 0) await trunk.pin(run, { add: [], remove: ended });
}

/** What a killed git or engine had begun to write, of whichever run: nobody takes this long. */
async function removeUnfinished(gitDir: string, now: number): Promise<void> {
  const folder = join(gitDir, "objects", "pack");
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    if (!/^(?:\.tmp-|tmp_)/.test(name) && !(name.endsWith(".keep") && (await isOfFetch(file)))) continue;
    const writtenAt = await stat(file).then(({ mtimeMs }) => mtimeMs, ignoreMissing(now));
    if (now - writtenAt > maintenanceLimits.repackMs) await rm(file, { force: true });
  }
}

/** A fetch keeps its pack from others until a ref leads to it. */
async function isOfFetch(keep: string): Promise<boolean> {
  return (await readFile(keep, "utf8").catch(ignoreMissing(""))).startsWith("fetch-pack ");
}

async function readRecord(gitDir: string): Promise<z.output<typeof recordSchema> | null> {
  const text = await readFile(recordFile(gitDir), "utf8").catch(ignoreMissing<string | null>(null));
  // Not whole after a loss of power, or of a clock that was ahead: as if there had been none, so that nothing goes for now.
  const parsed = text === null ? null : recordSchema.safeParse(parseJson(text));
  return parsed?.success && parsed.data.startedAt <= Date.now() ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function writeRecord(gitDir: string, record: z.output<typeof recordSchema>): Promise<void> {
  const building = `${recordFile(gitDir)}.${randomUUID()}`;
  await writeFile(building, JSON.stringify(record));
  await rename(building, recordFile(gitDir));
}
