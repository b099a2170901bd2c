/**
 * The trunk check, cheap enough to run behind every landing: while the migration goes on, each file is either an ES
 * module or CommonJS, whole, and the record is sorted and names only modules. V8 itself reads the files.
 * Run with --experimental-vm-modules.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { manifestPath, printManifest, readManifest } from "../manifest.ts";
import { modulesIn, readModule } from "../tree.ts";

export function faults(root: string): string[] {
  const found = modulesIn(root).flatMap((file) => faultIn(file, readModule(root, file)));
  if (!existsSync(join(root, manifestPath))) return found;
  const record = readManifest(root);
  if (readFileSync(join(root, manifestPath), "utf8") !== printManifest(record))
    found.push(`${manifestPath} is not in its canonical form`);
  for (const file of Object.keys(record))
    if (!existsSync(join(root, file))) found.push(`${manifestPath} names ${file}, which does not exist`);
  return found;
}

function faultIn(file: string, source: string): string[] {
  const isModule = /^(import|export)\b/m.test(source);
  try {
    if (isModule) void new vm.SourceTextModule(source, { identifier: file });
    else vm.compileFunction(source, ["exports", "require", "module"], { filename: file });
    return [];
  } catch (error) {
    return [`${file} is no ${isModule ? "ES module" : "CommonJS module"}: ${String(error)}`];
  }
}

if (import.meta.main) {
  const found = faults(process.cwd());
  for (const fault of found) console.log(fault);
  console.log(found.length === 0 ? "every module parses" : `${found.length} faults`);
  if (found.length > 0) process.exitCode = 1;
}
