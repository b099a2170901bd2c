/** `.longhaul` on a disk that is full or cannot be written: nothing is lost, and a run goes on when there is room. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWorld, type World } from "./world.ts";

/** A mount of its own needs root, or what unshare makes of us. */
const canMount = spawnSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;
const bin = join(import.meta.dirname, "../../bin/longhaul.js");

test.skipIf(!canMount)("a run whose disk fills up loses nothing, and goes on when there is room", () => {
  const { said, filled } = fillTheDisk();
  expect(filled).toEqual([true]);
  expect(said).toMatch(/full: ended with [13]\n/);
  expect(said).toMatch(/read-only: ended with [13]\n/);
  expect(said).toMatch(/roomy: ended with 0\n/);
  const landed = /landed:\n(.*)/s.exec(said)?.[1]?.trim().split("\n");
  expect(landed?.toSorted()).toEqual(["a", "b", "c"]);
});

test.skipIf(!canMount)("a full disk and a read-only one are environment faults that say so", () => {
  const { said } = fillTheDisk();
  expect(said).toMatch(/ENOSPC|no space left|disk (is )?full/i);
  expect(said).toMatch(/full: ended with 3\n/);
  expect(said).toMatch(/read-only: ended with 3\n/);
  expect(said).not.toMatch(/^\s+at .*\(?file:/m);
});

test.skipIf(!canMount)("the state folder may lie on another file system than the repository", () => {
  const world = makeWorld();
  world.configure({ planner: ({ plan }) => plan(), worker: () => {}, acceptance: ["true"] });
  expect(inOwnMount(world, elsewhere)).toMatch(/elsewhere: ended with 0\n/);
});

function fillTheDisk(): { said: string; filled: unknown[] } {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan }) => {
      const tasks = ["a", "b", "c"].map((name) => ({ type: "create_task", name, title: name }));
      plan(...(brief.tasks.length === 0 ? tasks : []));
    },
    worker: ({ brief, write, note, read, data }) => {
      write(`${brief.task.name}.txt`, brief.task.name);
      if (brief.task.name !== "b" || read(`${data}/filler`) !== null) return;
      const fs = process.getBuiltinModule("node:fs");
      // Once, at its end, it takes all the room there is: what fails now is the engine's own part.
      const file = fs.openSync(`${data}/filler`, "a");
      for (let size = 1 << 16; size > 0;) {
        try {
          fs.writeSync(file, Buffer.alloc(size));
        } catch {
          size >>= 1;
        }
      }
      note("filled", true);
    },
    data: world.path("disk"),
    acceptance: ["test -f a.txt -a -f b.txt -a -f c.txt"],
    limits: { attemptsMax: 50, turnFailuresMax: 50, judgementFailuresMax: 50 },
    parallel: { workers: 1, planners: 1 },
  });
  return { said: inOwnMount(world, fillUp), filled: world.notes("filled") };
}

/** The script's mounts are seen by nobody else, and end with it. Answers stderr, then stdout. */
function inOwnMount(world: World, script: string): string {
  world.write("in-own-mount.sh", `set -e\nlonghaul() { "${process.execPath}" "${bin}" "$@"; }\n${script}`);
  const shell = spawnSync("unshare", ["--mount", "sh", world.path("in-own-mount.sh")], {
    cwd: world.repository,
    env: world.environment,
    encoding: "utf8",
    timeout: 120_000,
  });
  return `${shell.stderr}\n${shell.stdout}`;
}

const fillUp = `
cd .. && mkdir disk && mount -t tmpfs -o size=12m none disk
git clone --quiet repository disk/repository && cd disk/repository
code=0; longhaul run "Fill it" --config ../../longhaul.config.json || code=$?; echo "full: ended with $code"
mount -o remount,ro ../../disk
code=0; longhaul resume || code=$?; echo "read-only: ended with $code"
mount -o remount,rw,size=200m ../../disk
code=0; longhaul resume || code=$?; echo "roomy: ended with $code"
echo landed:; git log --format=%s --grep "^Longhaul-Run:" "--branches=longhaul/*"
`;

const elsewhere = `
mkdir .longhaul && mount -t tmpfs none .longhaul
code=0; longhaul run "Do it" --config ../longhaul.config.json || code=$?; echo "elsewhere: ended with $code"
`;
