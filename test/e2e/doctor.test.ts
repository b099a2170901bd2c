/** `longhaul doctor`: what it finds in good and bad surroundings, what it exits with, and that it leaves nothing behind. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canary, checkup, configure, lacking, makeHealthyWorld, programs, type Checkup } from "./checkup.ts";
import { makeWorld } from "./world.ts";

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

describe("the sandbox", () => {
  test("what is let through, and tools that do not start inside until what they are made of can be read", async () => {
    const world = makeHealthyWorld();
    configure(world, programs);
    const tool = (path: string, text: string) => {
      world.write(path, text);
      chmodSync(world.path(path), 0o755);
    };
    tool("bin/cargo", `#!/bin/sh\nexec ${world.path("home/.rust/cargo")} "$@"\n`);
    tool("home/.rust/cargo", "#!/bin/sh\necho cargo 1.0\n");
    tool("bin/rustc", "#!/bin/sh\necho rustc 1.0\n");
    const closed = await checkup(world);
    expect(closed.find("machine", "let through")?.found).toContain("no host");
    expect(closed.find("machine", "tools inside")).toMatchObject({
      state: "doubtful",
      found: expect.stringMatching(/^no start in a sandbox: .*cargo \(.*not found\)/),
      mend: expect.stringContaining("readable: ["),
    });
    const network = { worker: ["packages.example.org"] };
    const dev = { acp: "claude-code", roles: ["worker"] };
    configure(world, { ...programs, agents: { dev }, network, readable: [world.path("home/.rust")] });
    const opened = await checkup(world);
    const through = opened.find("machine", "let through")?.found;
    for (const part of ["workers reach packages.example.org", "dev reaches api.anthropic.com", "programs read"])
      expect(through).toContain(part);
    expect(opened.find("machine", "tools inside")?.found).not.toMatch(/cargo \(/);
    configure(world, { ...programs, readable: [world.path("home/.misspelt")] });
    expect((await checkup(world)).find("machine", "let through")).toMatchObject({
      state: "doubtful",
      found: expect.stringMatching(/nothing is at .*\.misspelt/),
    });
    configure(world, { ...programs, sandbox: "none" });
    const none = await checkup(world);
    expect([none.code, none.find("machine", "sandbox")?.state, none.find("machine", "tools inside")]).toEqual([
      0,
      "doubtful",
      undefined,
    ]);
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
    expect(lacking(findings)).toEqual(["tool chain: git", "machine: sandbox"]);
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
