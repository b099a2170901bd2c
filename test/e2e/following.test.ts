/** People push to the branch that a run follows, while it goes. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { ArbiterBrief } from "../../src/domain/brief.ts";
import { push, withRemote } from "./people.ts";
import { makeWorld, type Setup } from "./world.ts";

/** Changes a.txt; the task "last" waits until nobody pushes any more. */
const mineAndLast: Setup["worker"] = async ({ brief, gate, write }) => {
  if (brief.task.name === "last") await gate("last");
  write(brief.task.name === "last" ? "last.txt" : "a.txt", `${brief.task.name}\n`);
};

test("what they push is merged onto the trunk; what conflicts becomes a task, which begins with the conflict", async () => {
  const world = makeWorld({ files: { "a.txt": "start\n", "theirs.txt": "start\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan, note }) => {
      note(
        "tasks",
        brief.tasks.map(({ title, status }) => `${title} ${status}`),
      );
      const create = (name: string) => ({ type: "create_task", name, title: name });
      if (brief.tasks.length === 0) plan(create("mine"), create("last"));
      else plan();
    },
    worker: mineAndLast,
    arbiter: ({ brief, read, write, note, print }) => {
      note("arbiter", { brief, marked: read("a.txt") });
      write("a.txt", "mine and theirs\n");
      print({ status: "done", message: "Both", handoff: { done: "both" } });
    },
    acceptance: ["test -f last.txt"],
    publish: { remote: "origin", follow: "main" },
    limits: { mirrorMs: 50, mirrorMsMax: 100 },
  });
  const engine = await world.startRun();
  await engine.says(/"mine" landed/);
  const plain = push(world, "theirs.txt", "pushed\n");
  await engine.says(new RegExp(`what people pushed \\(${plain.slice(0, 10)}\\) landed as \\w+: 1 file`));
  const conflicting = push(world, "a.txt", "theirs\n");
  await engine.says(/Merge what people pushed \(\w+\)" landed/);
  await engine.says(new RegExp(`what people pushed \\(${conflicting.slice(0, 10)}\\) landed as \\w+: 0 files`));
  world.open("last");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const branch = `longhaul/${engine.run}`;
  expect([world.git("show", `${branch}:a.txt`), world.git("show", `${branch}:theirs.txt`)]).toEqual([
    "mine and theirs",
    "pushed",
  ]);
  // Theirs is an ancestor: to merge the run into main is a fast-forward.
  expect(
    execFileSync("git", ["-C", world.path("remote.git"), "merge-base", "main", branch], { encoding: "utf8" }),
  ).toBe(`${conflicting}\n`);
  const [{ brief, marked } = none] = world.notes<{ brief: ArbiterBrief; marked: string }>("arbiter");
  expect(brief).toMatchObject({ role: "arbiter", contested: { tries: 1 }, sentBack: { others: [{ title: "mine" }] } });
  expect(marked).toMatch(/<<<<<<< trunk\nmine\n[^]*theirs\n>>>>>>> yours/);
  // Its planner hears of it as of any task of its own.
  expect(world.notes<string[]>("tasks").at(-1)?.join()).toMatch(/Merge what people pushed \(\w+\) landed/);
});

test("what they push of a path that matters has workspaces prepared again", async () => {
  const world = makeWorld({ files: { lock: "1\n", ".gitignore": "deps\n" } });
  withRemote(world);
  world.configure({
    planner: async ({ brief, plan, gate }) => {
      await gate("turn");
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "work", title: "W" }] : []));
    },
    worker: ({ read, write }) => write("found", read("deps") ?? "nothing\n"),
    prepare: [{ name: "packages", command: "cp lock deps", when: ["lock"] }],
    acceptance: ["grep 2 found"],
    publish: { remote: "origin", follow: "main" },
    limits: { mirrorMs: 50, mirrorMsMax: 100 },
  });
  const engine = await world.startRun();
  await engine.says(/workspaces begin prepared/);
  push(world, "lock", "2\n");
  await engine.says(/workspaces begin prepared[^]*workspaces begin prepared/);
  world.open("turn");
  expect((await engine.ended).code).toBe(0);
});

const none = { brief: {} as ArbiterBrief, marked: "" };

test("an arbiter that finds nothing to do has to resolve the conflict all the same", async () => {
  const world = makeWorld({ files: { "a.txt": "start\n" } });
  withRemote(world);
  world.configure({
    planner: ({ brief, plan }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      if (brief.tasks.length === 0) plan(create("mine"), create("last"));
      else plan();
    },
    worker: mineAndLast,
    arbiter: ({ brief, write, note, print }) => {
      note("sentBack", brief.sentBack);
      // In the end it is resolved as the trunk has it.
      if (brief.sentBack?.kind === "refused") write("a.txt", "mine\n");
      print({ status: "nothing_to_do", handoff: { done: "nothing" } });
    },
    acceptance: ["test -f last.txt"],
    publish: { remote: "origin", follow: "main" },
    limits: { mirrorMs: 50, mirrorMsMax: 100 },
  });
  const engine = await world.startRun();
  await engine.says(/"mine" landed/);
  const theirs = push(world, "a.txt", "theirs\n");
  await engine.says(new RegExp(`what people pushed \\(${theirs.slice(0, 10)}\\) landed as \\w+: 0 files`));
  world.open("last");
  expect((await engine.ended).code).toBe(0);
  expect(world.notes("sentBack")).toMatchObject([
    { kind: "conflict" },
    { kind: "refused", reasons: [expect.stringMatching(/^a\.txt: conflict markers are left/)] },
  ]);
  expect(world.git("show", `longhaul/${engine.run}:a.txt`)).toBe("mine");
});
