/** `longhaul doctor`: how workspaces would come to be here. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "../../config.ts";
import { doubtful, good, type Finding } from "../../domain/finding.ts";
import { configDefaults, type RunConfig } from "../../domain/run-config.ts";
import { whyNoClones } from "../../git/clones.ts";
import { overlayOptions } from "../../git/layers.ts";
import { inOwnMounts, whyNoMounts } from "../../git/mounts.ts";
import { removeTree } from "../../git/remove-tree.ts";

export async function workspaceFindings(config: RunConfig | null, topLevel: string): Promise<Finding[]> {
  const at = { group: "machine", name: "workspaces" } as const;
  if ((config?.workspaces ?? configDefaults.workspaces) === "copied")
    return [good(at, `${await copies(topLevel)}, as the configuration says`)];
  if (config?.sandbox === "docker") return [good(at, `${await copies(topLevel)}: containers do not see overlays`)];
  const part =
    config?.workspaces === "sparse" ? "sparse checkouts for tasks and planners with paths; for the others " : "";
  const why = whyNoMounts(environment["PATH"] ?? "") ?? (await whyNoOverlay(topLevel));
  if (why === null) return [good(at, `${part}overlays: each costs milliseconds, whatever the size of the repository`)];
  return [
    doubtful(
      at,
      `${part}${await copies(topLevel)}: ${why}`,
      "For overlays: Linux 5.11 or newer, user namespaces (or root), unshare and mount of util-linux; see docs/workspaces.md.",
    ),
  ];
}

/** Where the state folder is or, before there is one, in the temporary folder. */
function probeFolder(topLevel: string): string {
  const stateFolder = join(topLevel, ".longhaul");
  const isThere = statSync(stateFolder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return mkdtempSync(join(isThere ? stateFolder : tmpdir(), "longhaul-probe-"));
}

async function copies(topLevel: string): Promise<string> {
  const folder = probeFolder(topLevel);
  try {
    return (await whyNoClones(environment, folder)) === null ? "clones of one checkout" : "copied file by file";
  } finally {
    await removeTree(folder);
  }
}

/** Mounts one. */
async function whyNoOverlay(topLevel: string): Promise<string | null> {
  const folder = probeFolder(topLevel);
  try {
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(join(folder, name));
    const options = `lowerdir=lower,upperdir=upper,workdir=work,${overlayOptions}`;
    // As `Mounts` orders it: only the helper beside the program may mount.
    const ask = 'printf "1\\n%s\\nmount\\n%s\\nmerged\\n" "$1" "$2" >&3; read -r answer <&4; echo "$answer"';
    const [program, ...words] = inOwnMounts(["/bin/sh", "-c", ask, "longhaul", folder, options]);
    const tried = spawnSync(program, words, { encoding: "utf8", env: { PATH: environment["PATH"] ?? "" } });
    const answer = tried.stdout.trim();
    return answer === "1 0" ? null : answer.replace(/^1 \d+ /, "") || "nobody made the mount";
  } finally {
    await removeTree(folder);
  }
}
