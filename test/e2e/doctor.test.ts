/** `longhaul doctor`: what it finds in good and bad surroundings, what it exits with, and that it leaves nothing behind. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/domain/finding.ts";
import { makeWorld, type World } from "./world.ts";

type Checkup = { canStart: boolean; findings: Finding[] };

const scripted = fileURLToPath(new URL("../agents/acp.fixture.ts", import.meta.url));
const canary = "canary-that-nobody-may-see";

/** Nobody is where an Ollama would be, and what agents would keep in the temporary folder stays in the world. */
function makeHealthyWorld(): World {
  const world = makeWorld();
  mkdirSync(world.path("tmp"));
  Object.assign(world.environment, { OLLAMA_HOST: "127.0.0.1:9", TMPDIR: world.path("tmp") });
  return world;
}

const programs = {
  roles: { planner: `echo '{ "version": 1, "actions": [] }'`, worker: "true" },
  acceptance: ["true"],
} as const;

function configure(world: World, config: object): void {
  world.write("repository/longhaul.config.json", JSON.stringify(config));
}

async function checkup(world: World, ...args: string[]) {
  const { code, stdout, stderr } = await world.longhaul("doctor", "--json", ...args);
  const { canStart, findings } = JSON.parse(stdout) as Checkup;
  const find = (group: string, name: string) => findings.find((each) => each.group === group && each.name === name);
  return { code, canStart, findings, find, stdout, stderr };
}

const lacking = (findings: Finding[]) =>
  findings.filter(({ state }) => state === "lacking").map(({ group, name }) => `${group}: ${name}`);

describe("a run can start", () => {
  test("with programs; all is said, nothing is made or changed, and a run agrees", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    const before = world.git("status", "--porcelain", "--ignored");
    const { code, stdout, stderr } = await world.longhaul("doctor");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { findings, canStart } = await checkup(world);
    expect(canStart).toBe(true);
    for (const { group, name, found } of findings) {
      expect(stdout).toContain(name);
      // What is free changes between two looks.
      if (group === "machine") continue;
      expect(stdout.replace(/\s+/g, "")).toContain(found.replace(/\s+/g, ""));
    }
    expect(stdout).toContain('A run can start: longhaul run "GOAL"');
    expect(existsSync(join(world.repository, ".longhaul"))).toBe(false);
    expect(world.git("status", "--porcelain", "--ignored")).toBe(before);
    expect((await world.longhaul("run", "Do it")).code).toBe(0);
    expect((await checkup(world)).find("storage", "runs")).toMatchObject({ state: "good" });
  });

  test("with nothing but a key, and in a repository without commits", async () => {
    const world = makeWorld({ commit: false });
    Object.assign(world.environment, { OPENAI_API_KEY: canary });
    const { code, find, stdout } = await checkup(world);
    expect(code).toBe(0);
    expect(find("configuration", "file")?.found).toContain("OPENAI_API_KEY is set");
    expect(find("configuration", "planner")?.found).toContain("openai/");
    expect(find("models", "openai")).toMatchObject({ state: "good", found: expect.stringContaining("used by") });
    expect(find("repository", "commit")?.found).toContain("empty tree");
    expect(stdout).not.toContain(canary);
  });

  test("whatever optional thing is missing", async () => {
    const world = makeHealthyWorld();
    configure(world, { ...programs, agents: { spare: { command: ["no-such-program"] } } });
    const { code, find } = await checkup(world);
    expect(code).toBe(0);
    expect(find("configuration", "on offer: spare")).toMatchObject({
      state: "doubtful",
      found: "no-such-program is not in PATH",
    });
    expect(find("coding agents", "codex")).toMatchObject({
      state: "absent",
      mend: expect.stringMatching(/^npm install/),
    });
  });
});

describe("no run can start", () => {
  test("in a folder without a repository", async () => {
    const world = makeHealthyWorld();
    mkdirSync(world.path("plain"));
    const { code, stdout } = await world.startIn(world.path("plain"), ["doctor", "--json"]).ended;
    expect(code).toBe(3);
    expect(lacking((JSON.parse(stdout) as Checkup).findings)).toEqual(["repository: folder", "configuration: file"]);
    expect(readdirSync(world.path("plain"))).toEqual([]);
  });

  test("without git: everything else is looked at all the same", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    const nowhere = { PATH: world.path("bin") };
    const { code, stdout } = await world.startIn(world.repository, ["doctor", "--json"], nowhere).ended;
    expect(code).toBe(3);
    const { findings } = JSON.parse(stdout) as Checkup;
    expect(lacking(findings)).toEqual(["tool chain: git"]);
    expect(findings.find(({ group, name }) => group === "configuration" && name === "planner")?.state).toBe("good");
  });

  test("with a git that is too old", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    world.write("bin/git", "#!/bin/sh\necho git version 2.30.1\n");
    chmodSync(world.path("bin/git"), 0o755);
    const { code, find } = await checkup(world);
    expect(code).toBe(3);
    expect(find("tool chain", "git")).toMatchObject({
      found: expect.stringContaining("2.30.1"),
      mend: expect.stringContaining("2.38"),
    });
  });

  test.each([
    [{ roles: { planer: "x" } }, /roles: .*planer/s],
    [{ ...programs, prompts: { worker: "none.md" } }, /prompts\.worker/],
  ])("with an invalid configuration: %j", async (config, said) => {
    const world = makeHealthyWorld();
    configure(world, config);
    const { code, find } = await checkup(world);
    expect(code).toBe(3);
    expect(find("configuration", "file")).toMatchObject({ state: "lacking", found: expect.stringMatching(said) });
  });

  test("with a file that is not there, named by --config", async () => {
    const { code, findings } = await checkup(makeHealthyWorld(), "--config", "none.json");
    expect([code, lacking(findings)]).toEqual([3, ["configuration: file"]]);
  });

  test("without the program or the key of an agent in a role", async () => {
    const world = makeHealthyWorld();
    const roles = {
      planner: { model: "anthropic/claude-opus-5" },
      worker: { acp: "codex" },
      judge: { command: ["/no/such"] },
    };
    configure(world, { roles });
    const { code, findings, find } = await checkup(world);
    expect(code).toBe(3);
    expect(lacking(findings)).toEqual(["configuration: planner", "configuration: worker", "configuration: judge"]);
    expect(find("configuration", "planner")?.mend).toBe("Set ANTHROPIC_API_KEY.");
    expect(find("configuration", "worker")?.mend).toContain("npm install");
    const run = await world.longhaul("run", "Do it");
    expect([run.code, run.stderr]).toEqual([3, expect.stringContaining("npm install")]);
  });

  test("without the database, whose password is not told", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    world.environment["DATABASE_URL"] = `postgres://ada:${canary}@127.0.0.1:9/runs?application_name=x`;
    const { code, find, stdout, stderr } = await checkup(world);
    expect(code).toBe(3);
    expect(find("storage", "runs")).toMatchObject({
      state: "lacking",
      found: expect.stringContaining("127.0.0.1:9/runs"),
    });
    const screen = await world.longhaul("doctor");
    expect(stdout + stderr + screen.stdout + screen.stderr).not.toContain(canary);
  });

  test("with a database that is no database, of which not a byte is changed", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    world.write("repository/.longhaul/longhaul.db", "this was a database once\n".repeat(400));
    const file = join(world.repository, ".longhaul/longhaul.db");
    const before = readFileSync(file);
    const { code, findings } = await checkup(world);
    expect([code, lacking(findings)]).toEqual([3, ["storage: runs"]]);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe("--agents", () => {
  const preset = (env: object, more: object = {}) => ({
    acp: { name: "Scripted", command: [process.execPath, scripted], env, memoryBytes: 1, ...more },
  });

  /** Nothing of a trial is left: no process, no folder. */
  function expectNothingLeft(world: World): void {
    expect(world.processes()).toEqual([]);
    expect(readdirSync(world.path("tmp")).filter((name) => name.startsWith("longhaul"))).toEqual([]);
    expect(existsSync(join(world.repository, ".longhaul"))).toBe(false);
  }

  test("an agent that works is ready and has seen the tools; those that are the same are tried once", async () => {
    const world = makeHealthyWorld();
    const agent = preset({ LISTS: "1" }, { listsToolsEarly: true, mode: "free" });
    configure(world, { roles: { planner: agent, worker: agent, judge: preset({}) } });
    const { code, find, findings } = await checkup(world, "--agents");
    expect(code).toBe(0);
    expect(find("trials", "planner, worker")?.found).toMatch(/^Scripted: ready in .* has seen our tools/);
    expect(find("trials", "judge")?.found).toMatch(/^Scripted: ready in .* sees our tools with its first task/);
    expect(findings.filter(({ group }) => group === "trials")).toHaveLength(2);
    expectNothingLeft(world);
  });

  test.each([
    ["not logged in", preset({ CANNOT: "login" }), /: not logged in$/, /Log in/],
    [
      "not logged in, but it would work with a model",
      preset({ CANNOT: "login" }, { metered: { wire: "openai-chat", env: { CANNOT: "" } } }),
      /: works with a model \(metered\), not logged in$/,
      /give it a model/,
    ],
    ["ends at once", preset({ CANNOT: "begin" }), /exit code 5/, /by hand/],
    ["takes no tools over HTTP", preset({ CANNOT: "http" }), /no MCP server over HTTP/, /by hand/],
    [
      "does not look at the tools",
      preset({}, { listsToolsEarly: true }),
      /has not looked at our tools/,
      /by hand/,
      "10",
    ],
    ["never answers", preset({ CANNOT: "answer" }), /: not ready after/, /--within/, "1"],
  ])("an agent in a role that fails says why, and what to do: %s", async (_, agent, found, mend, within = "60") => {
    const world = makeHealthyWorld();
    configure(world, { roles: { planner: "true", worker: agent }, acceptance: ["true"] });
    const { code, findings, find } = await checkup(world, "--agents", "--within", within);
    expect([code, lacking(findings)]).toEqual([3, ["trials: worker"]]);
    expect(find("trials", "worker")).toMatchObject({
      found: expect.stringMatching(found),
      mend: expect.stringMatching(mend),
    });
    expectNothingLeft(world);
  });

  test("an agent that no role needs may fail", async () => {
    const world = makeHealthyWorld();
    configure(world, { ...programs, agents: { spare: preset({ CANNOT: "begin" }) } });
    const { code, find } = await checkup(world, "--agents");
    expect([code, find("trials", "spare")?.state]).toEqual([0, "doubtful"]);
  });

  test("an agent's last words are told without keys and without what steers a terminal", async () => {
    const world = makeHealthyWorld();
    world.environment["OPENAI_API_KEY"] = canary;
    const command = ["/bin/sh", "-c", `printf '\\033]0;owned\\007bad key %s\\n' "$OPENAI_API_KEY" >&2; exit 7`];
    const own = { passEnv: ["OPENAI_API_KEY"] };
    configure(world, {
      roles: { planner: "true", worker: { acp: { command, own, memoryBytes: 1 } } },
      acceptance: ["true"],
    });
    const { code, stdout, stderr } = await world.longhaul("doctor", "--agents");
    expect(code).toBe(3);
    expect(stdout).toMatch(/bad key\s+\*\*\*/);
    expect(stdout + stderr).not.toContain(canary);
    expect(stdout).not.toContain("\u001b");
  });

  test("Ctrl-C ends it, and nothing is left", async () => {
    const world = makeHealthyWorld();
    configure(world, { roles: { planner: "true", worker: preset({ CANNOT: "answer" }) }, acceptance: ["true"] });
    const running = world.start("doctor", "--agents");
    await running.says(/Starting Scripted/);
    running.interrupt();
    expect(await running.ended).toMatchObject({ code: 130, stdout: "" });
    expectNothingLeft(world);
  });
});

test("init takes the coding agent that is installed and logged in, and doctor agrees", async () => {
  const world = makeHealthyWorld();
  world.write("bin/codex-acp", `#!/bin/sh\nexec ${process.execPath} ${scripted}\n`);
  chmodSync(world.path("bin/codex-acp"), 0o755);
  world.write("home/.codex/auth.json", "{}");
  const { code, stdout } = await world.longhaul("init");
  expect(code).toBe(0);
  for (const part of ["Codex in every role", "logged in", "longhaul doctor --agents"]) expect(stdout).toContain(part);
  const after = await checkup(world);
  expect([after.code, after.find("coding agents", "codex")]).toEqual([
    0,
    expect.objectContaining({ state: "good", found: expect.stringContaining("auth.json") }),
  ]);
});
