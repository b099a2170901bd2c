/** kill -9 at each step of a group's landing, and a disk that fills up in it: THREATS.md 22 and 25. */
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { environment, makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import type { LandingStep } from "./object-store.ts";
import { runA } from "./trunk-steps.testsuite.ts";

const lander = fileURLToPath(new URL("./group-lander.testsuite.ts", import.meta.url));
const tasks = [1, 5, 9];

let world: GitWorld;
beforeEach(async () => {
  const lines = Array.from({ length: 9 }, (_, line) => `${line}\n`).join("");
  world = await makeGitWorld({ "lines.txt": lines, "dir/0.txt": "0\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

function land(repository: string, step: LandingStep | "never", nth: number, which: number[]) {
  const args = [lander, repository, runA, step, String(nth), "", ...which.map(String)];
  return spawnSync(process.execPath, args, { env: environment, encoding: "utf8" });
}

async function landedTasks(): Promise<number[]> {
  const trunk = await openAt(world.repository);
  return (await trunk.landedSince(runA, world.base)).map(({ task }) => task as number);
}

// A pack for each change that git has to merge, and one for the rest of the group.
const before: LandingStep[] = ["files written", "pack named", "pack complete", "pack on disk"];
const steps = before.flatMap((step) => [1, 2, 3].map((nth) => [step, nth, []] as const));

test.each<readonly [LandingStep, number, readonly number[]]>([...steps, ["branch moved", 1, tasks]])(
  "killed at %j, time %i: the group has landed whole or not at all, and lands once",
  async (step, nth, landed) => {
    expect(land(world.repository, step, nth, tasks).signal).toBe("SIGKILL");
    const trunk = await openAt(world.repository);
    await trunk.clearLeftovers(runA);
    expect(await landedTasks()).toEqual(landed);
    const missing = tasks.filter((task) => !landed.includes(task));
    const again = land(world.repository, "never", 0, missing);
    expect(again.stdout).toBe(missing.map(() => "landed").join(" "));
    expect(await landedTasks()).toEqual(tasks);
    const git = join(world.state, "trunk.git");
    await userGit(git, "fsck", "--full", "--strict");
    expect((await readdir(join(git, "objects", "pack"))).filter((name) => name.startsWith("tmp_"))).toEqual([]);
    expect(await userGit(git, "show", `refs/heads/${runA}:lines.txt`)).toBe(
      ["task 1", 1, 2, 3, "task 5", 5, 6, 7, "task 9"].join("\n"),
    );
  },
);

const canMount = spawnSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;

test.skipIf(!canMount)("a disk that is full in the middle: the branch stays, and the next try lands", async () => {
  await put(join(world.repository, ".."), { "full.sh": fillUp });
  const shell = spawnSync("unshare", ["--mount", "sh", "full.sh", process.execPath, lander, runA], {
    cwd: join(world.repository, ".."),
    env: environment,
    encoding: "utf8",
  });
  expect(shell.stderr).toMatch(/ENOSPC|No space left on device/);
  expect(shell.stdout).toMatch(/^full: 1\nbefore ([0-9a-f]{40})\nafter \1\nroomy: 0\nlanded landed landed\n$/);
});

/** `sh full.sh NODE LANDER RUN`, beside the repository `user`. The state folder lies on a disk of its own. */
const fillUp = `
set -e
mkdir disk && mount -t tmpfs -o size=16m none disk
cp -a user/.longhaul disk/state && rm -r user/.longhaul && mkdir user/.longhaul && mount --bind disk/state user/.longhaul
branch() { git --git-dir=user/.longhaul/trunk.git rev-parse "refs/heads/$1"; }
before=$(branch "$3")
code=0; "$1" "$2" "$PWD/user" "$3" "pack on disk" 1 "$PWD/disk/filler" 1 5 9 > full.txt || code=$?; echo "full: $code"
echo "before $before"; echo "after $(branch "$3")"
rm disk/filler
code=0; "$1" "$2" "$PWD/user" "$3" never 0 "" 1 5 9 > roomy.txt || code=$?; echo "roomy: $code"; cat roomy.txt; echo
git --git-dir=user/.longhaul/trunk.git fsck --full --strict --no-dangling
`;
