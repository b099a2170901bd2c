/** From nothing to a first run, and everything that a newcomer gets wrong on the way. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { landings, makeWorld, type World } from "./world.ts";

const goalOnly = {
  planner: () => console.log('{ "version": 1, "actions": [] }'),
  worker: () => {},
  acceptance: ["true"],
};

/** Nothing was started: no state, no branch, no process. */
function expectUntouched(world: World): void {
  expect(existsSync(join(world.repository, ".longhaul"))).toBe(false);
  expect(world.git("branch", "--list", "longhaul/*")).toBe("");
  expect(world.processes()).toEqual([]);
}

test("init writes a configuration once, hides .longhaul, and says what comes next", async () => {
  const world = makeWorld();
  const first = await world.longhaul("init");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain('longhaul run "GOAL"');
  // Each with its name, when none is here.
  for (const [, name] of first.stdout.matchAll(/^ {2}(.*): npm install/gm)) expect(name).toMatch(/^[A-Z][^/]+$|^pi$/);
  const config = join(world.repository, "longhaul.config.ts");
  const written = readFileSync(config, "utf8");
  expect(readFileSync(join(world.repository, ".git/info/exclude"), "utf8")).toContain("/.longhaul/");

  const second = await world.longhaul("init", "--json");
  expect(second).toMatchObject({ code: 3, stdout: "" });
  expect(second.stderr).toContain(config);
  expect(readFileSync(config, "utf8")).toBe(written);
});

describe("nothing starts", () => {
  test("without a configuration: what was looked for is named", async () => {
    const world = makeWorld();
    const { code, stdout, stderr } = await world.longhaul("run", "Do it");
    expect([code, stdout]).toEqual([3, ""]);
    for (const part of [world.repository, "longhaul.config.ts", "longhaul.config.json", "longhaul init"])
      expect(stderr).toContain(part);
    expectUntouched(world);
  });

  test("without the agents' programs: role, agent and where it was looked for are named", async () => {
    const world = makeWorld();
    const agents = { p: { command: ["no-such-planner", "x"] }, w: { command: "/no/such/worker --fast" } };
    const config = { agents, roles: { planner: "p", worker: "w" }, acceptance: ["true"] };
    world.write("repository/longhaul.config.json", JSON.stringify(config));
    const { code, stdout, stderr } = await world.longhaul("run", "Do it");
    expect([code, stdout]).toEqual([3, ""]);
    for (const part of ["planner", '"p"', "no-such-planner", "PATH", "worker", '"w"', "/no/such/worker"])
      expect(stderr).toContain(part);
    expectUntouched(world);
  });

  test.each([
    ["longhaul.config.json", '{ "roles": { "planer": "x", "worker": "y" } }', [/roles: .*planer/]],
    ["longhaul.config.ts", "export default {\n  roles: {\n", [/node /]],
    ["longhaul.config.ts", "export const config = {};\n", [/no default export/]],
    [
      "longhaul.config.json",
      '{ "checks": [{ "name": "x", "cmd": "true" }], "prepare": [{ "name": "y", "command": "true", "when": "a" }] }',
      [/checks\.0: Unrecognized key: "cmd"/, /prepare\.0\.when: .*expected array/],
    ],
    [
      "longhaul.config.ts",
      'export default { roles: { planner: "true", worker: "true" }, acceptance: ["true"], limits: { pollMs: "soon" } };\n',
      [/limits\.pollMs/],
    ],
  ])("with a fault in %s: %s", async (name, text, wanted) => {
    const world = makeWorld({ files: { [name]: text } });
    const { code, stdout, stderr } = await world.longhaul("run", "Do it");
    expect([code, stdout]).toEqual([3, ""]);
    for (const part of [join(world.repository, name), ...wanted]) expect(stderr).toMatch(part);
    expect(stderr).not.toMatch(/^\s+at /m);
    expectUntouched(world);
  });

  test("with a fault in longhaul.config.json whose line is named", async () => {
    const world = makeWorld({ files: { "longhaul.config.json": '{ "agents": {},\n  "roles": }' } });
    const { code, stderr } = await world.longhaul("run", "Do it");
    expect(code).toBe(3);
    expect(stderr).toMatch(/line 2|:2\b/);
  });

  test("but the configuration at the repository's top is found from a folder below", async () => {
    const config = '{ "roles": { "planner": "/no/such/planner", "worker": "true" }, "acceptance": ["true"] }';
    const world = makeWorld({ files: { "longhaul.config.json": config, "src/a.txt": "a" } });
    const { stderr } = await world.startIn(join(world.repository, "src"), ["run", "Do it"]).ended;
    expect(stderr).toContain("/no/such/planner");
  });

  test("without a goal, with two, with a file that is not there", async () => {
    const world = makeWorld();
    world.configure(goalOnly);
    world.write("repository/empty.md", " \n");
    const wrong = [
      [],
      [""],
      ["  \n"],
      ["a", "--goal-file", "empty.md"],
      ["--goal-file", "empty.md"],
      ["--goal-file", "none.md"],
    ];
    const config = ["--config", join(world.folder, "longhaul.config.json")];
    const ends = await Promise.all(wrong.map((words) => world.longhaul("run", ...words, ...config)));
    for (const { code, stdout, stderr } of ends)
      expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(/goal/i)]);
    expectUntouched(world);
  });

  test("in a place that is no repository, or a bare one", async () => {
    const world = makeWorld();
    mkdirSync(join(world.folder, "plain"));
    world.git("init", "--quiet", "--bare", join(world.folder, "bare.git"));
    for (const name of ["longhaul.config.json", "plain/longhaul.config.json", "bare.git/longhaul.config.json"])
      world.write(name, '{ "roles": { "planner": "true", "worker": "true" }, "acceptance": ["true"] }');
    const plain = await world.startIn(join(world.folder, "plain"), ["run", "Do it"]).ended;
    expect(plain).toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/plain: not a git repository.*git init/s),
    });
    const bare = await world.startIn(join(world.folder, "bare.git"), ["run", "Do it"]).ended;
    expect(bare).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("bare repository") });
    expect(existsSync(join(world.folder, "plain/.longhaul"))).toBe(false);
    expect(existsSync(join(world.folder, "bare.git/.longhaul"))).toBe(false);
  });
});

test("words that make no sense are a usage error, and say where help is", async () => {
  const world = makeWorld();
  world.configure(goalOnly);
  expect((await world.longhaul("status")).code).toBe(3);
  expect((await world.finishRun()).code).toBe(0);
  const wrong = [
    ["walk"],
    ["run", "Do it", "--fast"],
    ["status", "--run", "zzzzzz"],
    ["logs", "17"],
    ["logs", "s999"],
    ["tasks", "--status", "asleep"],
    ["send", "bob", "hello"],
    ["pause", "--grace", "soon"],
    ["resume", "--budget-usd", "much"],
  ];
  const ends = await Promise.all(wrong.map((words) => world.longhaul(...words)));
  expect(ends.map(({ code, stdout }, i) => [wrong[i], code, stdout])).toEqual(wrong.map((words) => [words, 2, ""]));
  for (const { stderr } of ends) expect(stderr.trim()).not.toMatch(/^\s+at /m);
  const plain = await Promise.all(
    [["--help"], ["--version"], ["status", "--help"]].map((words) => world.longhaul(...words)),
  );
  for (const { code, stdout, stderr } of plain) expect([code, stdout === "", stderr]).toEqual([0, false, ""]);
});

test("a repository without commits is built from scratch, with a goal from a file", async () => {
  const world = makeWorld({ files: {}, commit: false });
  world.write("goal.md", "Build it.\n");
  world.configure({
    planner: ({ brief, plan, note }) => {
      note("goal", brief.run.goal);
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "a", title: "Begin" }] : []));
    },
    worker: ({ write }) => write("src/main.txt", "hello\n"),
    acceptance: ["test -f src/main.txt"],
  });
  const config = join(world.folder, "longhaul.config.json");
  const { code, stderr } = await world.longhaul("run", "--goal-file", "../goal.md", "--config", config);
  expect(stderr).toContain("an empty tree");
  expect(code).toBe(0);
  expect(new Set(world.notes("goal"))).toEqual(new Set(["Build it.\n"]));
  const { run } = await world.status();
  expect(landings(world, run.id).map(({ subject }) => subject)).toEqual(["Begin"]);
  expect(world.git("show", `longhaul/${run.id}:src/main.txt`)).toBe("hello");
  expect(world.git("status", "--porcelain", "--branch")).toBe("## No commits yet on main");
  const started = (await world.events()).find(({ type }) => type === "engine.started");
  expect(started?.data).toMatchObject({ lostSessions: 0, killedProcesses: 0 });
});

test("a resume tells what happens from then on", async () => {
  const world = makeWorld();
  world.configure(goalOnly);
  expect((await world.finishRun()).code).toBe(0);
  const { code, stderr } = await world.longhaul("resume");
  expect(code).toBe(0);
  expect(stderr).not.toContain("cycle 1 started");
});

test("a corrupt database is named, and not a byte of it is changed", async () => {
  const world = makeWorld();
  world.configure(goalOnly);
  await world.finishRun();
  const file = join(world.repository, ".longhaul/longhaul.db");
  for (const bytes of [Buffer.from("this was a database once\n".repeat(400)), readFileSync(file).fill(7, 100, 9_000)]) {
    writeFileSync(file, bytes);
    for (const words of [["status"], ["resume"], ["run", "Do it", "--config", "../longhaul.config.json"]]) {
      const { code, stdout, stderr } = await world.longhaul(...words);
      expect([words, code, stdout]).toEqual([words, 3, ""]);
      expect(stderr).toContain(file);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(readFileSync(file).equals(bytes)).toBe(true);
  }
});
