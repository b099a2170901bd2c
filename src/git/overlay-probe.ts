/** Whether overlays work below a folder, and do what we build on: it is asked by making one. */
import { lstatSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { overlayOptions } from "./layers.ts";
import type { Mounts } from "./mounts.ts";
import { removeTree } from "./remove-tree.ts";

/** Why not; null: they do. `folder` is made if it is not there. */
export async function whyNoOverlays(mounts: Mounts, folder: string): Promise<string | null> {
  let probe: string | null = null;
  try {
    await mkdir(folder, { recursive: true });
    probe = await mkdtemp(join(folder, ".probe-"));
    for (const name of ["tip", "base/gone", "base/kept", "upper", "work", "merged"])
      await mkdir(join(probe, name), { recursive: true });
    for (const file of ["tip/one", "base/two", "base/three", "base/gone/four"])
      await writeFile(join(probe, file), file);
    const options = `lowerdir=tip:base,upperdir=upper,workdir=work,${overlayOptions}`;
    await mounts.mount(probe, options, "merged");
    try {
      return await tryOut(probe);
    } finally {
      await mounts.unmount(probe, "merged");
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (probe !== null) await removeTree(probe);
  }
}

/** What reading an upper folder and git's index need of the kernel. */
async function tryOut(probe: string): Promise<string | null> {
  const inside = (name: string) => join(probe, "merged", name);
  const number = async (path: string) => (await stat(path)).ino;
  if ((await number(inside("two"))) !== (await number(join(probe, "base", "two"))))
    return "files of the layers get other numbers";
  await rm(inside("two"));
  await writeFile(inside("one"), "changed");
  await rm(inside("gone"), { recursive: true });
  await mkdir(inside("gone"));
  const mark = lstatSync(join(probe, "upper", "two"));
  if (!mark.isCharacterDevice() || mark.rdev !== 0) return "what is removed is not marked as we know it";
  if ((await readdir(inside("gone"))).length > 0) return "a folder made anew shows the one below it";
  const seen = (await readdir(join(probe, "merged"))).toSorted().join(" ");
  return seen === "gone kept one three" ? null : `it shows ${seen}`;
}
