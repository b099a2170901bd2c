/** The user's repository is theirs: a run adds two branches and one line in info/exclude, and changes nothing else. */
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { landings, makeWorld, type World } from "./world.ts";

test("a dirty working copy, the index, HEAD, branches, tags, stash and configuration stay as they are", async () => {
  const world = makeWorld({ files: { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n", ".gitignore": "ignored.txt\n" } });
  makeDirty(world);
  const before = picture(world);
  const readStatus = () =>
    world.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=all");
  const status = readStatus();
  const refs = world.git("for-each-ref");

  world.configure({
    planner: ({ brief, plan }) => {
      const tasks = ["a.txt", "b.txt", "new.txt"].map((name) => ({
        type: "create_task",
        name,
        title: `Write ${name}`,
      }));
      plan(...(brief.tasks.length === 0 ? tasks : []));
    },
    worker: ({ brief, write, note, read }) => {
      note("saw", [read("a.txt"), read("untracked.txt"), read("ignored.txt"), read("staged.txt")]);
      write(brief.task.name, "by a worker\n");
    },
    acceptance: ["test -f new.txt"],
    checks: ["test -f a.txt"],
  });
  const { code, run, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/\d uncommitted changes are not part of the run/);

  expect(readStatus()).toBe(status);
  expect(changes(before, picture(world))).toEqual([".git/info/exclude"]);
  const own = [`refs/heads/longhaul/${run}`, `refs/heads/longhaul/${run}-green`];
  const others = world
    .git("for-each-ref")
    .split("\n")
    .filter((line) => !own.some((ref) => line.endsWith(ref)));
  expect(others.join("\n")).toBe(refs);
  expect(world.git("for-each-ref", "--format=%(refname)", "refs/heads/longhaul").split("\n")).toEqual(own);

  // What the workers saw is the commit, not the dirt.
  expect(new Set(world.notes<(string | null)[]>("saw").map(String))).toEqual(
    new Set([String(["a\n", null, null, null])]),
  );
  const landed = landings(world, run);
  expect(landed.map(({ subject }) => subject).toSorted()).toEqual(["Write a.txt", "Write b.txt", "Write new.txt"]);
  for (const { trailers } of landed)
    expect(trailers).toEqual([
      `Longhaul-Run: ${run}`,
      "Longhaul-Cycle: 1",
      expect.stringMatching(/^Longhaul-Task: t[1-3]$/),
      expect.stringMatching(/^Longhaul-Session: s\d+$/),
    ]);
  expect(world.git("merge-base", "HEAD", `longhaul/${run}`)).toBe(world.git("rev-parse", "HEAD"));
  expect(world.git("rev-parse", `longhaul/${run}-green`)).toBe(world.git("rev-parse", `longhaul/${run}`));
  expect(world.notes("hook")).toEqual([]);
});

/** Staged, changed, deleted, untracked, ignored; a stash, a tag, a second branch; hooks that would tell; a stale index. */
function makeDirty(world: World): void {
  world.git("branch", "feature");
  world.git("tag", "v1");
  world.write("repository/a.txt", "stashed\n");
  world.git("stash");
  for (const hook of ["post-commit", "reference-transaction", "post-checkout", "pre-auto-gc", "update"]) {
    const path = `repository/.git/hooks/${hook}`;
    world.write(path, `#!/bin/sh\necho '"${hook}"' >> ${join(world.folder, "notes/hook")}\n`);
    chmodSync(join(world.folder, path), 0o755);
  }
  world.write("repository/staged.txt", "staged\n");
  world.git("add", "staged.txt");
  world.write("repository/staged.txt", "staged and changed\n");
  world.write("repository/a.txt", "changed\n");
  world.write("repository/untracked.txt", "untracked\n");
  world.write("repository/ignored.txt", "ignored\n");
  world.git("rm", "--quiet", "--cached", "b.txt");
  // A plain `git status` would write this into the index.
  utimesSync(join(world.repository, "c.txt"), 1_000_000_000, 1_000_000_000);
}

type Picture = Map<string, string>;

/** Every file with its bytes and mode, but for what a run may add: objects, its branches, its own folder. */
function picture(world: World): Picture {
  const found: Picture = new Map();
  for (const path of readdirSync(world.repository, { recursive: true, encoding: "utf8" })) {
    if (/^\.longhaul(\/|$)|^\.git\/(objects|refs\/heads\/longhaul|logs\/refs\/heads\/longhaul)(\/|$)/.test(path))
      continue;
    const full = join(world.repository, path);
    const stat = lstatSync(full);
    if (stat.isDirectory()) continue;
    const content = stat.isSymbolicLink() ? readlinkSync(full) : readFileSync(full).toString("latin1");
    found.set(path, `${stat.mode} ${stat.mtimeMs} ${content}`);
  }
  return found;
}

function changes(before: Picture, after: Picture): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}
