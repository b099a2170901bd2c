/** `longhaul doctor --agents`: coding agents that work and that do not, started as a run would start them. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { canary, checkup, configure, lacking, makeHealthyWorld, programs, type Checkup } from "./checkup.ts";
import type { World } from "./world.ts";

const scripted = fileURLToPath(new URL("../agents/acp.fixture.ts", import.meta.url));

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

  test("an agent is confined as a run would confine it, and none is started where that cannot be", async () => {
    const world = makeHealthyWorld();
    world.write("secret", canary);
    const command = ["/bin/sh", "-c", "cat ~/../secret >&2; exit 7"];
    const config = { roles: { planner: "true", worker: { acp: { command, memoryBytes: 1 } } }, acceptance: ["true"] };
    configure(world, config);
    const { find, stdout } = await checkup(world, "--agents");
    expect(find("trials", "worker")?.found).toMatch(/exit code 7: .*cat: .*: No such file or directory$/);
    expect(stdout).not.toContain(canary);
    expectNothingLeft(world);
    const git = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
    symlinkSync(git, world.path("bin/git"));
    const nowhere = { PATH: world.path("bin") };
    const unconfined = await world.startIn(world.repository, ["doctor", "--agents", "--json"], nowhere).ended;
    expect(unconfined).toMatchObject({ code: 3, stderr: "" });
    const { findings } = JSON.parse(unconfined.stdout) as Checkup;
    expect(lacking(findings)).toEqual(["machine: sandbox"]);
    expect(findings.filter(({ group }) => group === "trials")).toMatchObject([
      { found: expect.stringContaining("none was started") },
    ]);
    configure(world, { ...config, sandbox: "none" });
    expect((await checkup(world, "--agents")).find("trials", "worker")?.found).toContain(canary);
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
