/** A run that is pushed to a remote while it goes. */
import { execFileSync } from "node:child_process";
import { renameSync } from "node:fs";
import { expect, test } from "vitest";
import type { Finding } from "../../src/domain/finding.ts";
import type { PlannerTools, WorkerTools } from "./agent-tools.ts";
import { until } from "./until.ts";
import { makeWorld, type Setup, type World } from "./world.ts";

const setup: Setup = {
  planner: ({ brief, plan }: PlannerTools) => {
    const task = (name: string, dependsOn: string[] = []) => ({ type: "create_task", name, title: name, dependsOn });
    plan(...(brief.tasks.length === 0 ? [task("a"), task("b", ["a"])] : []));
  },
  worker: async ({ brief, gate, write }: WorkerTools) => {
    if (brief.task.name === "b") await gate("b");
    write(`${brief.task.name}.txt`, "done\n");
  },
  acceptance: ["test -f b.txt"],
  checks: ["true"],
  publish: { remote: "origin", follow: "main" },
  limits: { mirrorMs: 50, mirrorMsMax: 100 },
};

function withRemote(world: World): (...args: string[]) => string {
  execFileSync("git", ["clone", "-q", "--bare", world.repository, world.path("remote.git")]);
  world.git("remote", "add", "origin", "../remote.git");
  return (...args) => execFileSync("git", ["-C", world.path("remote.git"), ...args], { encoding: "utf8" }).trim();
}

test("what lands is there soon; a remote that is away is told of and stops nothing, and gets all when it is back", async () => {
  const world = makeWorld();
  const remote = withRemote(world);
  world.configure(setup);
  const engine = await world.startRun();
  const subjects = (branch: string) => {
    const found = remote("for-each-ref", "--format=%(refname:short)", `refs/heads/${branch}`);
    return found === "" ? [] : remote("log", "--format=%s", branch).split("\n");
  };
  await until("the first landing on the remote", () => subjects(`longhaul/${engine.run}-green`).includes("a"));
  renameSync(world.path("remote.git"), world.path("away.git"));
  await engine.says(/the remote: .*remote\.git.*; tried again in/);
  const view = await world.status();
  expect(view.mirror?.faults.join()).toContain("remote.git");
  expect((await world.longhaul("status")).stdout).toMatch(/the remote origin is behind; tried again/);
  renameSync(world.path("away.git"), world.path("remote.git"));
  await until("the remote to be reached again", async () => (await world.status()).mirror === null);
  await world.reached("b");
  world.open("b");
  expect((await engine.ended).code).toBe(0);
  expect(subjects(`longhaul/${engine.run}`)).toEqual(["b", "a", "Start"]);
  expect(remote("rev-parse", `longhaul/${engine.run}`)).toBe(world.git("rev-parse", `longhaul/${engine.run}`));
});

test("a remote that never answers does not keep a run from its end, nor its secret from being told", async () => {
  const world = makeWorld();
  world.git("remote", "add", "origin", "http://ada:canary@127.0.0.1:9/x.git");
  world.configure(setup);
  const engine = await world.startRun();
  await world.reached("b");
  world.open("b");
  const { code, stdout, stderr } = await engine.ended;
  expect(code).toBe(0);
  expect(world.git("log", "--format=%s", `longhaul/${engine.run}`)).toBe("b\na\nStart");
  const told = [
    stdout,
    stderr,
    (await world.longhaul("events", "--json")).stdout,
    (await world.longhaul("export")).stdout,
  ];
  expect(told.join("\n")).toContain("127.0.0.1:9/x.git");
  expect(told.join("\n")).not.toContain("canary");
  // Who looks only at how it ended is told as well, and not that somebody will try it again.
  expect(stdout).toMatch(/the remote origin is behind; to try again: longhaul resume --run/);
  expect(stderr.trim().split("\n").at(-1)).toMatch(/the remote: .*; not tried again before the run is resumed/);
});

test("doctor says whether it can be reached, and whether the branch that is followed is there", async () => {
  const world = makeWorld();
  withRemote(world);
  const found = async (publish: Setup["publish"]) => {
    world.configure({ ...setup, ...(publish && { publish }) });
    const config = ["--config", world.path("longhaul.config.json")];
    const { code, stdout } = await world.longhaul("doctor", "--json", ...config);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return { code, ...findings.find(({ name }) => name === "remote") };
  };
  expect(await found({ remote: "origin", follow: "main" })).toMatchObject({ code: 0, state: "good" });
  expect(await found({ remote: "origin", follow: "next" })).toMatchObject({
    code: 0,
    state: "doubtful",
    found: expect.stringMatching(/no branch next/),
  });
  expect(await found({ remote: "upstream" })).toMatchObject({
    code: 0,
    state: "doubtful",
    found: expect.stringMatching(/no remote of the name upstream/),
    mend: expect.stringMatching(/^git remote add upstream/),
  });
  const lost = await found({ remote: "http://ada@127.0.0.1:9/x.git" });
  expect(lost).toMatchObject({
    code: 0,
    state: "doubtful",
    found: expect.stringMatching(/127\.0\.0\.1:9\/x\.git cannot be reached/),
  });
});
