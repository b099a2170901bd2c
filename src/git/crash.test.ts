/** Sudden death and many at once: THREATS.md 22 and 25. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { gitLimits } from "../domain/limits.ts";
import type { Trunk } from "../engine/ports.ts";
import { environment, makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landNow, named, runA, submission, type WorkAnswer } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let world: GitWorld;
beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n", "dir/b.txt": "b\n" });
  await world.trunk.begin(runA, world.base);
});
afterEach(() => world.close());

const lander = fileURLToPath(new URL("./crash-lander.testsuite.ts", import.meta.url));
const trunkGit = (...args: string[]) => userGit(join(world.state, "trunk.git"), ...args);

/** What the engine does before `clearLeftovers`: ends git processes that outlived their engine, by their mark. */
async function endMarked(): Promise<void> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const environ = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (!environ.split("\0").includes(`LONGHAUL_RUN=${runA}`) || !environ.includes("GIT_CONFIG_NOSYSTEM=1")) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (!command.includes(world.state)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Lands in a loop in another process; answers what it acknowledged before it was killed after `ms`. */
async function landUntilKilled(from: number, ms: number): Promise<{ started: number[]; landed: number[] }> {
  const child: ChildProcess = spawn(process.execPath, [lander, world.repository, runA, String(from)], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  while (!output.includes("landed")) await once(child.stdout!, "data");
  setTimeout(() => child.kill("SIGKILL"), ms);
  await once(child, "close");
  await endMarked();
  const numbers = (word: string) =>
    [...output.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map((match) => Number(match[1]));
  return { started: numbers("start"), landed: numbers("landed") };
}

async function landAgain(trunk: Trunk, n: number): Promise<WorkAnswer["kind"]> {
  const workspace = await trunk.openWorkspace(runA, named(n), await trunk.tip(runA));
  await put(workspace.path, { [`dir/${n}.txt`]: `${n}\n` });
  const answer = await landNow(trunk, runA, workspace, submission(n));
  await workspace.remove();
  return answer.kind;
}

test("kill -9 in the middle of landings: nothing lost, nothing twice, the repository whole, a retry works", async () => {
  let next = 1;
  const acknowledged: number[] = [];
  for (let round = 0; round < 8; round++) {
    const { started, landed } = await landUntilKilled(next, round * 23 + Math.random() * 40);
    acknowledged.push(...landed);
    const trunk = await openAt(world.repository);
    await trunk.clearLeftovers(runA);
    const onTrunk = (await trunk.landedSince(runA, world.base)).map((one) => one.task as number);
    expect(new Set(onTrunk).size).toBe(onTrunk.length);
    expect(onTrunk).toEqual(expect.arrayContaining(acknowledged));
    // One landing at most was under way, and it landed or it did not.
    const last = started.at(-1) ?? 0;
    expect(onTrunk.filter((task) => !acknowledged.includes(task))).toEqual(
      onTrunk.includes(last) && !acknowledged.includes(last) ? [last] : [],
    );
    expect(onTrunk.includes(last) ? "landed" : await landAgain(trunk, last)).toBe("landed");
    acknowledged.splice(
      0,
      acknowledged.length,
      ...(await trunk.landedSince(runA, world.base)).map((one) => one.task as number),
    );
    next = last + 1;
  }
  await trunkGit("fsck", "--full", "--strict");
  expect(await trunkGit("rev-list", "--count", `${world.base}..refs/heads/${runA}`)).toBe(String(acknowledged.length));
});

test("locks that a killed git left on the run's branch are cleared, another run's stay", async () => {
  const lock = (run: string) => join(world.state, "trunk.git", "refs", "heads", `${run}.lock`);
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  await put(workspace.path, { "a.txt": "1\n" });
  await writeFile(lock(runA), "");
  await writeFile(lock("other"), "");
  await expect(landNow(world.trunk, runA, workspace, submission(1))).rejects.toThrow(/update-ref.*lock/s);
  expect(await world.trunk.tip(runA)).toBe(world.base);
  await world.trunk.clearLeftovers(runA);
  expect([await exists(lock(runA)), await exists(lock("other")), await exists(workspace.path)]).toEqual([
    false,
    true,
    false,
  ]);
  const again = await world.trunk.openWorkspace(runA, named(2), world.base);
  await put(again.path, { "a.txt": "1\n" });
  expect(await landNow(world.trunk, runA, again, submission(2))).toMatchObject({ kind: "landed" });
});

test("locks on what a session had kept are cleared with the run's own; one on all refs, when nobody can hold it still", async () => {
  const keep = async (trunk: Trunk, texts: string[]) => {
    await trunk.clearLeftovers(runA);
    const workspace = await trunk.openWorkspace(runA, named(1), world.base);
    let kept;
    for (const text of texts) {
      await put(workspace.path, { "kept.txt": `${text}\n` });
      kept = await trunk.keep(runA, workspace);
    }
    return kept?.ok ? (JSON.parse(kept.kept) as { tree: string }).tree : "refused";
  };
  const tree = await keep(world.trunk, ["one"]);
  await put(world.state, { [`trunk.git/refs/longhaul/${runA}/kept/s1/${tree}.lock`]: "" });
  expect(await keep(await openAt(world.repository), ["one"])).toBe(tree);
  const lock = join(world.state, "trunk.git", "packed-refs.lock");
  await writeFile(lock, "");
  // The third lets go of the first.
  const three = ["one", "two", "three"];
  await expect(keep(await openAt(world.repository), three)).rejects.toThrow(/packed-refs\.lock/);
  const before = new Date(Date.now() - gitLimits.answerMs - 1_000);
  await utimes(lock, before, before);
  expect(await keep(await openAt(world.repository), three)).toMatch(/^[0-9a-f]{40}$/);
});

test("what other parts keep in a session's folder stays", async () => {
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  await put(join(world.state, "sessions", "s1"), { "brief.json": "{}" });
  await workspace.remove();
  expect(await readdir(join(world.state, "sessions", "s1"))).toEqual(["brief.json"]);
});

test("a trunk repository that died while it was built is built anew", async () => {
  await rm(join(world.state, "trunk.git"), { recursive: true });
  await put(world.state, { "trunk.git.building-999999999-x/HEAD": "half" });
  const [one, two] = await Promise.all([openAt(world.repository), openAt(world.repository)]);
  await one.begin(runA, world.base);
  expect(await two.tip(runA)).toBe(world.base);
  expect((await readdir(world.state)).filter((name) => name.startsWith("trunk"))).toEqual(["trunk.git"]);
});

test("the branch moving under a landing: merged again onto the new tip", async () => {
  const other = await openAt(world.repository);
  const workspaces = await Promise.all([1, 2, 3, 4].map((n) => world.trunk.openWorkspace(runA, named(n), world.base)));
  const theirs = await Promise.all([5, 6, 7, 8].map((n) => other.openWorkspace(runA, named(n), world.base)));
  await Promise.all(
    [...workspaces, ...theirs].map((one) => put(one.path, { [`dir/${Number(one.name.slice(1))}.txt`]: "x\n" })),
  );
  const answers = await Promise.all([
    ...workspaces.map((one) => landNow(world.trunk, runA, one, submission(Number(one.name.slice(1))))),
    ...theirs.map((one) => landNow(other, runA, one, submission(Number(one.name.slice(1))))),
  ]);
  expect(answers.map((answer) => answer.kind)).toEqual(Array(8).fill("landed"));
  expect((await world.trunk.landedSince(runA, world.base)).map((one) => one.task).toSorted((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8,
  ]);
});

test("eight workspaces opened at once are whole", async () => {
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, n) => world.trunk.openWorkspace(runA, named(n + 1), world.base)),
  );
  for (const one of all) {
    expect(await userGit(one.path, "status", "--porcelain")).toBe("");
    expect(await readFile(join(one.path, "dir", "b.txt"), "utf8")).toBe("b\n");
  }
});

test("a full disk is a fault, not a refusal, and the branch stays", async () => {
  const workspace = await world.trunk.openWorkspace(runA, named(1), world.base);
  await put(workspace.path, { "a.txt": "1\n" });
  // As good as full: git cannot make the file it needs.
  await rm(join(world.state, "trunk.git", "objects"), { recursive: true });
  await writeFile(join(world.state, "trunk.git", "objects"), "");
  await expect(landNow(world.trunk, runA, workspace, submission(1))).rejects.toThrow(/git/);
  expect((await readFile(join(world.state, "trunk.git", "refs", "heads", runA), "utf8")).trim()).toBe(world.base);
});
