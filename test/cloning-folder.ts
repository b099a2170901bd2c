/**
 * A temporary folder whose file system clones files: the system's own, where that does, else a new one in a file, which
 * only root can mount. It is seen by what runs inside, and gone with it.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inOwnMounts } from "../src/git/mounts.ts";

const onOneOfItsOwn = `
truncate -s 2G "$1/image" && mkfs.btrfs -q "$1/image" && mkdir "$1/tmp" && mount -o loop "$1/image" "$1/tmp" || exit 125
export TMPDIR="$1/tmp"
shift
exec "$@"
`;

function cpClones(): boolean {
  const script =
    'a=$(mktemp) && head -c 65536 /dev/zero >"$a" && cp $1 "$a" "$a.clone"; s=$?; rm -f "$a" "$a.clone"; exit $s';
  return (
    spawnSync("/bin/sh", ["-c", script, "sh", process.platform === "darwin" ? "-c" : "--reflink=always"]).status === 0
  );
}

/** What is missing for one and how to get it; null: nothing. */
export function cloningMissing(): string | null {
  if (cpClones()) return null;
  const canMake = process.getuid?.() === 0 && spawnSync("mkfs.btrfs", ["--version"]).status === 0;
  return process.platform === "linux" && canMake
    ? null
    : `a file system that clones files is needed, for workspaces that are clones: set TMPDIR to a folder on btrfs, xfs or APFS, or on Linux run the tests as root with the package "btrfs-progs".`;
}

type CloningFolder = { inside(program: readonly string[]): [string, ...string[]]; remove(): Promise<void> };

export async function cloningFolder(): Promise<CloningFolder> {
  if (cpClones()) return { inside: ([first = "", ...rest]) => [first, ...rest], remove: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), "longhaul-clones-"));
  return {
    inside: (program) => inOwnMounts(["/bin/sh", "-c", onOneOfItsOwn, "sh", folder, ...program]),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
