/**
 * The worker: `worker.ts PASS`, where the pass is
 * - `plain`: convert the plain forms of CommonJS in the task's modules,
 * - `repair`: mend the sites that the task's instructions list,
 * - `package`: package.json and the README.
 * Sent back with a conflict, it merges the record key by key and does its pass again on the trunk's version of any
 * other file, so that what lands does not depend on the order of landing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConflictFile, WorkerBrief } from "../../src/domain/brief.ts";
import { manifestPath, mergeManifests, parseManifest, readManifest, writeManifest, type Manifest } from "./manifest.ts";
import { passes, type Pass, type Work } from "./passes.ts";
import { answer, handoff, readBrief, stop } from "./program.ts";

async function main(name: string | undefined): Promise<void> {
  const pass = passes[name ?? ""];
  if (!pass) return stop(`usage: worker.ts ${Object.keys(passes).join("|")}, with a worker's brief on stdin`);
  const brief = await readBrief("worker");
  const root = process.cwd();
  if (brief.sentBack?.kind === "refused") {
    return answer({ status: "failed", handoff: handoff("Nothing landed.", { concerns: brief.sentBack.reasons }) });
  }
  const work: Work = { root, paths: brief.task.paths, instructions: brief.task.instructions };
  const conflict = brief.sentBack?.kind === "conflict" ? brief.sentBack.files : null;
  if (conflict) resolve(conflict, work, pass);
  else finish(pass(work), brief, root);
}

function finish(result: ReturnType<Pass>, brief: WorkerBrief, root: string): void {
  if (result.changed.length === 0) {
    const failed = result.concerns.length > 0;
    return answer({
      status: failed ? "failed" : "nothing_to_do",
      handoff: handoff("No change was needed.", { findings: result.findings, concerns: result.concerns }),
    });
  }
  if (Object.keys(result.record).length > 0) writeManifest(root, { ...readManifest(root), ...result.record });
  answer({
    message: brief.task.title,
    status: result.concerns.length > 0 ? "partial" : "done",
    handoff: handoff(`${result.changed.length} of ${brief.task.paths.length} files changed.`, result),
  });
}

function resolve(files: ConflictFile[], work: Work, pass: Pass): void {
  const modules = files.filter((file) => file.path !== manifestPath);
  for (const file of modules) {
    if (!work.paths.includes(file.path)) throw new Error(`${file.path} is in conflict, but is no file of this task`);
    if (file.trunk === null) throw new Error(`${file.path} was removed on the trunk while this task changed it`);
    writeFileSync(join(work.root, file.path), readFileSync(file.trunk));
  }
  const again = modules.length > 0 ? pass({ ...work, paths: modules.map((file) => file.path) }) : null;
  const record = files.find((file) => file.path === manifestPath);
  if (record) writeManifest(work.root, { ...mergeRecord(record), ...again?.record });
  const redone = modules.length > 0 ? `, ${modules.length} files converted again on the trunk's version` : "";
  answer({ handoff: handoff(`Conflict resolved: the record merged by module${redone}.`, again ?? {}) });
}

function mergeRecord(file: ConflictFile): Manifest {
  const read = (path: string | null): Manifest =>
    path === null ? {} : parseManifest(readFileSync(path, "utf8"), path);
  return mergeManifests(read(file.base), read(file.trunk), read(file.yours));
}

await main(process.argv[2]);
