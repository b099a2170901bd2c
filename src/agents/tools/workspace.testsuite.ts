/** For tests of paths: a workspace, and a folder beside it that holds a secret. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

export function removeWorkspaces(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function openWorkspace() {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-place-"));
  folders.push(folder);
  const [workspace, outside] = [join(folder, "workspace"), join(folder, "outside")];
  for (const each of [workspace, outside]) mkdirSync(each);
  writeFileSync(join(outside, "secret"), "canary");
  return { folder, workspace, outside, at: (path: string) => join(workspace, path) };
}
