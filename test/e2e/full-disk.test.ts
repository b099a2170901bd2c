/** `.longhaul` on a disk that is full or cannot be written: nothing is lost, and a run goes on when there is room. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeWorld, type World } from "./world.ts";

/** A mount of its own needs root, or what unshare makes of us. */
const canMount = spawnSync("unshare", ["--mount", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;
const bin = join(import.meta.dirname, "../../bin/longhaul.js");
const fakeModel = join(import.meta.dirname, "../fake-model/main.ts");
const brainsModule = join(import.meta.dirname, "../fake-model/brains.ts");

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

test.skipIf(!canMount)("what cannot begin on a full or read-only disk says so, and leaves nothing half", () => {
  const world = makeWorld();
  world.configure({ planner: ({ plan }) => plan(), worker: () => {}, acceptance: ["true"] });
  const said = inOwnMount(world, noRoom);
  for (const what of ["read-only init", "read-only run", "full init", "full run"])
    expect(said).toContain(`${what}: ended with 3\n`);
  expect(said).not.toMatch(/^\s+at .*\(?file:/m);
  expect(said).toContain("roomy init: ended with 0\n");
});

test.skipIf(!existsSync("/dev/full"))(
  "what is printed onto a full disk: a run goes on, other commands say so",
  async () => {
    const world = makeWorld();
    world.configure({ planner: ({ plan }) => plan(), worker: () => {}, acceptance: ["true"] });
    const words = ["run", "Do it", "--config", world.path("longhaul.config.json")];
    const into = (redirection: string, ...args: string[]) =>
      world.startIn(world.repository, args, {}, ["sh", "-c", `exec "$@" ${redirection}`, "sh"]).ended;
    const unheard = await into("2> /dev/full", ...words);
    expect(unheard).toMatchObject({ code: 0, stdout: expect.stringContaining("achieved") });
    const untold = await into("> /dev/full", ...words);
    expect(untold).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/run ended: achieved[^]*cannot be written/),
    });
    const shown = await into("> /dev/full", "export");
    expect(shown).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^longhaul: what it prints cannot be written/),
    });
    for (const { stderr } of [untold, shown]) expect(stderr).not.toMatch(/^\s+at /m);
  },
);

test.skipIf(!canMount)("the state folder may lie on another file system than the repository", () => {
  const world = makeWorld();
  world.configure({ planner: ({ plan }) => plan(), worker: () => {}, acceptance: ["true"] });
  expect(inOwnMount(world, elsewhere)).toMatch(/elsewhere: ended with 0\n/);
});

test.skipIf(!canMount)(
  "a model session that fills the disk pauses the run, and the work is done when there is room",
  async () => {
    const world = makeWorld();
    const filler = world.path("disk/filler");
    // A process of its own: this one stands still while the script runs.
    world.write("brains.ts", brainsThatFill(filler));
    const model = spawn(process.execPath, [fakeModel, "--script", world.path("brains.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void model.kill());
    const [url] = (await once(model.stdout, "data")) as [Buffer];
    world.environment["KEY"] = "key-main";
    world.writeConfig({
      // What fills the disk lies beside the repository, where the script makes room again.
      sandbox: "none",
      providers: { anthropic: { kind: "anthropic", baseUrl: `${url.toString().trim()}/v1`, keyEnv: "KEY" } },
      roles: { planner: { model: "anthropic/claude-sonnet-5" }, worker: { model: "anthropic/claude-sonnet-5" } },
      acceptance: ["test -f a.txt"],
      parallel: { workers: 1, planners: 1 },
    });
    const said = inOwnMount(world, fillUp);
    expect(said).toMatch(/full: ended with [13]\n/);
    expect(said).toMatch(/roomy: ended with 0\n/);
    expect(/landed:\n(.*)/s.exec(said)?.[1]?.trim()).toBe("Write a.txt");
    expect(said).not.toContain("key-main");
  },
);

/** The worker writes its file, takes all the room there is, once, and writes on. */
const brainsThatFill = (filler: string): string => `
import { call, role, sequence } from ${JSON.stringify(brainsModule)};
const fill = ${JSON.stringify(`[ -e ${filler} ] || cat /dev/zero > ${filler}; echo filled`)};
export default {
  credentials: { main: "key-main" },
  brains: [
    role("planner", /You are a planner/, sequence(
      (view) => ({ parts: [view.lastUserText.includes("landed")
        ? call("finish_scope", { handoff: { done: "There." } })
        : call("create_tasks", { tasks: [{ name: "a", title: "Write a.txt", instructions: "Write a.txt." }] })] }),
      [call("end_turn", {})],
    )),
    role("worker", /You are a worker/, sequence(
      [call("write_file", { path: "a.txt", content: "a" })],
      [call("bash", { command: fill })],
      [call("write_file", { path: "b.txt", content: "b".repeat(100_000) })],
      [call("submit", { status: "done", message: "Write a.txt", handoff: { done: "Written." } })],
    )),
  ],
};
`;

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

const noRoom = `
cd .. && mkdir disk && mount -t tmpfs -o size=12m none disk
git clone --quiet repository disk/repository && cd disk/repository
try() { what=$1; shift; code=0; longhaul "$@" || code=$?; echo "$what: ended with $code"; }
mount -o remount,ro ../../disk
try "read-only init" init
try "read-only run" run "Do it" --config ../../longhaul.config.json
mount -o remount,rw ../../disk
try "first run" run "Do it" --config ../../longhaul.config.json
cat /dev/zero > ../filler || true
try "full run" run "Do it" --config ../../longhaul.config.json
try "full init" init
rm ../filler
try "roomy init" init
`;

const elsewhere = `
mkdir .longhaul && mount -t tmpfs none .longhaul
code=0; longhaul run "Do it" --config ../longhaul.config.json || code=$?; echo "elsewhere: ended with $code"
`;
