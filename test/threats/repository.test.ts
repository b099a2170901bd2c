/** Threats 1 to 5 and 21 in whole runs: what a worker, or whoever wrote the repository, plants for the host's git. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { landings, makeWorld, type World } from "../e2e/world.ts";

/** What the user does with the result, with a git that knows nothing of our care. */
function lookAsUser(world: World, branch: string): void {
  world.git("log", "-p", "--stat", branch);
  world.git("diff", "HEAD", branch);
  world.git("worktree", "add", "--quiet", world.path("looked"), branch);
  execFileSync("git", ["status", "--short"], { cwd: world.path("looked"), env: world.environment });
}

// Without a sandbox, so that whatever is run can leave its mark.
test("nothing that a worker plants is ever run: filters, hooks, monitors, drivers, modules, borrowed objects", async () => {
  const world = makeWorld({ files: { "README.md": "# A project\n", "a.txt": "a\n", "b.txt": "b\n" } });
  const pwned = world.path("pwned");
  mkdirSync(world.path("elsewhere"));
  execFileSync("git", ["init", "--quiet", world.path("elsewhere")]);
  world.configure({
    planner: ({ brief, plan }) => {
      const task = (name: string) => ({ type: "create_task", name, title: name });
      plan(...(brief.tasks.length === 0 ? ["plant", "alternates", "folder"].map(task) : []));
    },
    worker: ({ brief, write, data }) => {
      const fs = process.getBuiltinModule("node:fs");
      const [mark = "", elsewhere = ""] = data.split("\n");
      const run = `touch ${mark}; cat`;
      const { name } = brief.task;
      write(`${name}.txt`, name);
      if (name === "alternates") {
        write(".git/objects/info/alternates", `${elsewhere}/.git/objects\n`);
        return write(".git/HEAD", "ref: refs/heads/../../../elsewhere\n");
      }
      if (name === "folder") {
        fs.rmSync(".git", { recursive: true });
        return fs.symlinkSync(`${elsewhere}/.git`, ".git");
      }
      write(
        ".git/config",
        `[core]\n\tfsmonitor = "${run}"\n\thooksPath = hooks\n\tsshCommand = "${run}"\n\tpager = "${run}"\n\teditor = "${run}"\n` +
          `[filter "x"]\n\tclean = "${run}"\n\tsmudge = "${run}"\n\tprocess = "${run}"\n\trequired\n` +
          `[diff "x"]\n\ttextconv = "${run}"\n\tcommand = "${run}"\n[diff]\n\texternal = "${run}"\n[merge "x"]\n\tdriver = "${run}"\n` +
          `[alias]\n\tstatus = "!${run}"\n[include]\n\tpath = ${elsewhere}/.git/config\n`,
      );
      for (const hook of ["post-checkout", "pre-commit", "post-index-change", "reference-transaction", "post-update"]) {
        for (const folder of [".git/hooks", "hooks", ".githooks"]) {
          write(`${folder}/${hook}`, `#!/bin/sh\n${run}\n`);
          fs.chmodSync(`${folder}/${hook}`, 0o755);
        }
      }
      write(".gitattributes", "* filter=x diff=x merge=x ident\n");
      write(
        ".gitmodules",
        `[submodule "sub"]\n\tpath = sub\n\turl = "ext::sh -c '${run}'"\n\tupdate = "!${run}"\n` +
          `[submodule "dash"]\n\tpath = --upload-pack=${mark}\n\turl = "-u./${mark}"\n`,
      );
      write(".lfsconfig", `[lfs]\n\turl = "ext::sh -c '${run}'"\n\tstandalonetransferagent = x\n`);
      write("a.txt", "planted\n");
    },
    judge: ({ print }) => print({ verdict: "achieved", summary: "Fine." }),
    data: `${pwned}\n${world.path("elsewhere")}`,
    acceptance: [
      "git status --short; git log -p --stat > /dev/null; test -e plant.txt -a -e alternates.txt -a -e folder.txt",
    ],
    checks: ["git diff HEAD~1 > /dev/null"],
  });
  const { code, run, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(landings(world, run)).toHaveLength(3);
  expect(world.git("show", `longhaul/${run}:.gitmodules`)).toContain("ext::sh");
  await world.longhaul("status");
  lookAsUser(world, `longhaul/${run}`);
  expect(existsSync(pwned)).toBe(false);
  expect(existsSync(world.path("elsewhere/.git/HEAD"))).toBe(true);
  expect(execFileSync("git", ["-C", world.path("elsewhere"), "count-objects"], { encoding: "utf8" })).toMatch(/^0 /);
});

/** A commit of anything at all, as only whoever writes objects by hand makes it. */
function commitOf(world: World, tree: string, message: string): void {
  const commit = world.git("commit-tree", tree, "-p", "HEAD", "-m", message);
  world.git("update-ref", "HEAD", commit);
}

function treeOf(world: World, entries: string): string {
  const options = { cwd: world.repository, env: world.environment, encoding: "utf8", input: entries } as const;
  return execFileSync("git", ["mktree", "--missing"], options).trim();
}

test.each([".git", ".GIT"])(
  "a repository whose tree holds %s is refused, and nothing of it is checked out",
  async (name) => {
    const world = makeWorld();
    const mark = world.path("pwned");
    writeFileSync(world.path("hook"), `#!/bin/sh\ntouch ${mark}\n`);
    const hook = world.git("hash-object", "-w", "--no-filters", world.path("hook"));
    const hooks = treeOf(world, `100755 blob ${hook}\tpost-checkout\n100755 blob ${hook}\tpost-index-change\n`);
    commitOf(world, treeOf(world, `040000 tree ${treeOf(world, `040000 tree ${hooks}\thooks\n`)}\t${name}\n`), "evil");
    world.configure({
      planner: ({ plan }) => plan(),
      worker: () => {},
      acceptance: ["true"],
      limits: { turnFailuresMax: 1 },
    });
    const { code, stderr } = await world.finishRun();
    expect(code).toBe(3);
    expect(stderr).toMatch(new RegExp(`invalid path '\\${name}/hooks`));
    expect(existsSync(mark)).toBe(false);
  },
);

test("a repository that leads elsewhere by modules, attributes and links is worked in, and followed nowhere", async () => {
  const world = makeWorld({
    files: {
      "README.md": "# A project\n",
      ".gitattributes": "* filter=x diff=x\n",
      ".gitmodules": '[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c "touch pwned"\n',
    },
  });
  const mark = world.path("pwned");
  world.write("secret/key", "SECRET\n");
  symlinkSync(world.path("secret"), join(world.repository, "out"));
  world.git("add", "out");
  world.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  world.git("commit", "--quiet", "--message", "links");
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "a", title: "a" }] : [])),
    worker: ({ write }) => {
      write("a.txt", "a\n");
      write("out/key", "changed\n"); // Through the link: a program without a sandbox can, a landing must not.
    },
    acceptance: ["test -e a.txt"],
  });
  const { code, run, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("diff", "--name-only", "HEAD", `longhaul/${run}`)).toBe("a.txt");
  expect(world.git("log", "-p", `longhaul/${run}`)).not.toMatch(/SECRET|changed/);
  expect(existsSync(mark) || existsSync(join(world.repository, "pwned"))).toBe(false);
});

const odd = ["-x", "--exec=touch pwned", "new\nline", "\u202ertl", "\u001b[2Jclear", "quote\"'`$(touch pwned)"];

test("odd names of branches and files are safe as arguments and on every screen", async () => {
  const world = makeWorld({ files: { "README.md": "# A project\n", "-x\u202e\nshared": "0\n" } });
  world.git("update-ref", "refs/heads/-x\u202etl", "HEAD");
  world.git("symbolic-ref", "HEAD", "refs/heads/-x\u202etl");
  world.configure({
    planner: ({ brief, plan, data }) => {
      const names = JSON.parse(data) as string[];
      const tasks = ["one", "two"].map((name) => ({ type: "create_task", name, title: `${name} ${names.join(" ")}` }));
      plan(...(brief.tasks.length === 0 ? tasks : []));
    },
    worker: async ({ brief, write, gate, data }) => {
      const { name } = brief.task;
      for (const each of JSON.parse(data) as string[]) write(`${name}/${each}`, "x\n");
      if (!brief.sentBack) await gate(name);
      write("-x\u202e\nshared", brief.sentBack ? "both\n" : `${name}\n`);
    },
    data: JSON.stringify(odd),
    acceptance: ["true"],
  });
  const { run, ended, stderr: said } = await world.startRun();
  await world.reached("one");
  await world.reached("two");
  world.open("one");
  world.open("two");
  const { code, stdout, stderr } = await ended;
  expect({ code, said: said() }).toMatchObject({ code: 0 });
  const landed = world.git("ls-tree", "-r", "-z", "--name-only", `longhaul/${run}`).split("\0");
  expect(landed).toEqual(
    expect.arrayContaining(["one", "two"].flatMap((task) => odd.map((name) => `${task}/${name}`))),
  );
  expect(stderr).toMatch(/conflicts in .*shared/);
  const screens = [stdout, stderr];
  for (const command of ["status", "tasks", "events"]) screens.push((await world.longhaul(command)).stdout);
  for (const screen of screens) expect(["\u202e", "\u001b[2J"].filter((bad) => screen.includes(bad))).toEqual([]);
  expect(existsSync(join(world.repository, "pwned"))).toBe(false);
});
