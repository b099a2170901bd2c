/** Workspaces that hold what a task is about: its agent is told, brings more, meets conflicts elsewhere; the rest of the trunk stays. */
import { expect, test } from "vitest";
import { makeWorld } from "./world.ts";

const files = {
  "README.md": "# A project\n",
  "app/main.txt": "main\n",
  "app/ui/button.txt": "button\n",
  "lib/list.txt": "first\nlast\n",
  "docs/guide.txt": "guide\n",
};

test("workers see the part of their task, checks and acceptance commands all of it", async () => {
  const world = makeWorld({ files });
  world.configure({
    workspaces: "sparse",
    planner: ({ brief, note, plan, read }) => {
      note(brief.planner.name, [brief.sparse, read("docs/guide.txt")]);
      const task = (name: string, ...paths: string[]) => ({ type: "create_task", name, title: name, paths });
      const sub = { type: "spawn_planner", name: "sub", question: "What is in lib?", paths: ["lib"] };
      const isFirst = brief.planner.parent === null && brief.tasks.length === 0;
      plan(...(isFirst ? [sub, task("early", "lib/*.txt"), task("late", "app/ui")] : []));
    },
    judge: ({ brief, note, print, read }) => {
      note("judge", [brief.sparse, read("app/ui/new.txt"), read("lib/list.txt")]);
      print({ version: 1, verdict: "achieved" });
    },
    worker: async ({ brief, gate, note, read, remove, write }) => {
      const { name } = brief.task;
      const { execFileSync } = process.getBuiltinModule("node:child_process");
      const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" });
      const seen = ["README.md", "app/main.txt", "app/ui/button.txt", "lib/list.txt", "docs/guide.txt"].filter(
        (path) => read(path) !== null,
      );
      note(name, { sparse: brief.sparse, seen, status: git("status", "--porcelain") });
      if (brief.sentBack === null) await gate(name);
      if (brief.sentBack?.kind === "conflict") return write("lib/list.txt", "first\nearly\nlate\nlast\n");
      write("lib/list.txt", `first\n${name}\nlast\n`);
      if (name === "early") return;
      git("sparse-checkout", "add", "docs");
      remove("docs/guide.txt");
      write("app/ui/new.txt", "new\n");
    },
    acceptance: ["test -f app/main.txt && test -f lib/list.txt && test ! -e docs"],
    checks: ["test -f app/main.txt && test -f lib/list.txt"],
  });
  const { run, says, ended } = await world.startRun();
  await Promise.all(["early", "late"].map((name) => world.reached(name)));
  world.open("early");
  await says(/"early" landed as/);
  world.open("late");
  const end = await ended;
  expect([end.code, end.stderr]).toEqual([0, expect.anything()]);
  expect([world.notes("root")[0], world.notes("sub")[0]]).toEqual([
    [null, "guide\n"],
    [["lib"], null],
  ]);
  expect(world.notes("judge")).toEqual([[null, "new\n", "first\nearly\nlate\nlast\n"]]);
  expect(world.notes("early")).toEqual([{ sparse: ["lib"], seen: ["README.md", "lib/list.txt"], status: "" }]);
  expect(world.notes("late")).toEqual([
    { sparse: ["app/ui"], seen: ["README.md", "app/main.txt", "app/ui/button.txt"], status: "" },
    {
      sparse: ["app/ui", "docs", "lib"],
      seen: ["README.md", "app/main.txt", "app/ui/button.txt", "lib/list.txt"],
      status: "A  app/ui/new.txt\nD  docs/guide.txt\nM  lib/list.txt\n",
    },
  ]);
  expect(world.git("ls-tree", "-r", "--name-only", `longhaul/${run}`).split("\n")).toEqual([
    "README.md",
    "app/main.txt",
    "app/ui/button.txt",
    "app/ui/new.txt",
    "lib/list.txt",
  ]);
  expect(world.git("show", `longhaul/${run}:lib/list.txt`)).toBe("first\nearly\nlate\nlast");
});

test("checks of a worker's own tree need the whole of it: the configuration is refused, with the mend", async () => {
  const world = makeWorld({ files });
  world.configure({
    workspaces: "sparse",
    checkPolicy: "before",
    checks: ["true"],
    acceptance: ["true"],
    planner: ({ plan }) => plan(),
    worker: () => undefined,
  });
  const { code, stderr } = await world.longhaul("run", "Do it", "--config", world.path("longhaul.config.json"));
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(/checkPolicy is "before".*sparse[\s\S]*Use checkPolicy: "gate"/),
  ]);
});
