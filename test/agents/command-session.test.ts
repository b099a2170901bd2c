import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RunId, SessionId } from "../../src/domain/ids.ts";
import { limitDefaults } from "../../src/domain/limits.ts";
import { allowedEnvironment } from "../../src/processes/environment.ts";
import { livingWith } from "../../src/processes/living.fixture.ts";
import { openProcesses } from "../../src/processes/processes.ts";
import { briefs } from "../../src/agents/agent.testsuite.ts";
import { createAgents } from "../../src/agents/agents.ts";
import { ToolServer } from "../../src/agents/tool-server/server.ts";
import { memoryHost } from "../../src/agents/memory-host.testsuite.ts";
import { commandAgent, type CommandAgentConfig } from "../../src/domain/run-config.ts";
import type { CommandAgentHost } from "../../src/agents/command/session.ts";

vi.setConfig({ testTimeout: 30_000 });
const processes = openProcesses();
const faults: unknown[] = [];
const tools = new ToolServer({ version: "1", report: (error) => faults.push(error) });
const bin = join(dirname(dirname(import.meta.dirname)), "bin", "longhaul.js");
const run = `session-test-${process.pid}` as RunId;
const host = { PATH: "/usr/bin:/bin", LC_ALL: "C", CANARY: "secret-4711", NAMED: "let through" };
let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "longhaul-session-"))));
afterAll(async () => {
  await tools.stop();
  await processes.stop();
  if (faults.length > 0) throw new AggregateError(faults, "faults of ours");
  rmSync(folder, { recursive: true, force: true });
});

/** Other test files have sessions of the same number. */
const livingIn = (session: number) => {
  const ofRun = livingWith(`LONGHAUL_RUN=${run}`);
  return livingWith(`LONGHAUL_SESSION=s${session}`).filter((pid) => ofRun.includes(pid));
};

let sessions = 0;
function open(config: Partial<CommandAgentConfig>, limits: Partial<CommandAgentHost["limits"]> = {}, name = "agent") {
  const session = ++sessions as SessionId;
  const workspace = join(folder, `workspace-${session}`);
  mkdirSync(workspace);
  const printed = { stdout: "", stderr: "", calls: 0 };
  const agents = createAgents({
    agents: { agent: { ...commandAgent("true"), ...config } },
    model: null,
    acp: null,
    command: {
      groups: processes.groups,
      environment: (passEnv) => allowedEnvironment(host, passEnv),
      stateFolder: join(folder, "state"),
      configDirectory: join(folder, "config"),
      limits: { ...limitDefaults, ...limits },
      tools,
      longhaul: [process.execPath, bin],
    },
  });
  const agent = agents.open({
    run,
    session,
    agent: name,
    workspace,
    host: memoryHost(),
    onOutput: (stream, text) => {
      printed.calls++;
      printed[stream] += text;
    },
  });
  return { agent, workspace, printed, session, brief: briefs(run, session, workspace, agent.handOffFile) };
}

describe("how a program is run", () => {
  test("in the workspace, with the brief on stdin and in the file", async () => {
    const { agent, brief, printed, workspace } = open({ command: 'pwd; cat; echo; cat "$LONGHAUL_BRIEF"' });
    await agent.converse(brief.worker);
    const [directory, stdin, , file] = printed.stdout.split("\n");
    expect(directory).toBe(workspace);
    expect(JSON.parse(stdin!)).toEqual(brief.worker);
    expect(file).toBe(stdin);
  });

  test("with exactly the environment of the docs", async () => {
    const { agent, brief, printed, session } = open({
      command: ["env"],
      env: { MINE: "1", LONGHAUL_ROLE: "forged" },
      passEnv: ["NAMED"],
    });
    await agent.converse(brief.planner);
    const environment = Object.fromEntries(
      printed.stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    );
    expect(environment).toEqual({
      PATH: `${join(folder, "state", "sessions", run, `s${session}`, "bin")}:${host.PATH}`,
      LONGHAUL_TOOLS_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      LONGHAUL_TOOLS_TOKEN: expect.stringMatching(/^[\w-]{43}$/),
      LC_ALL: "C",
      PWD: expect.any(String),
      NAMED: "let through",
      MINE: "1",
      LONGHAUL_BRIEF: join(folder, "state", "sessions", run, `s${session}`, "brief.json"),
      LONGHAUL_HANDOFF_FILE: brief.planner.deadline.handOffFile,
      LONGHAUL_ROLE: "planner",
      LONGHAUL_SESSION: `s${session}`,
      LONGHAUL_RUN: run,
      LONGHAUL_CONFIG_DIR: join(folder, "config"),
    });
  });

  test("the host's secrets are not in /proc either", async () => {
    const { agent, brief, session } = open({ command: 'while [ ! -e "$LONGHAUL_HANDOFF_FILE" ]; do sleep 0.01; done' });
    const answer = agent.converse(brief.worker);
    const pids = await vi.waitFor(() => {
      const living = livingIn(session);
      expect(living).not.toEqual([]);
      return living;
    });
    expect(readFileSync(`/proc/${pids[0]}/environ`, "utf8")).not.toContain("secret-4711");
    agent.handOffNow();
    expect(await answer).toMatchObject({ kind: "work" });
  });

  test("an argv without a shell, a text with one", async () => {
    const argv = open({ command: ["echo", "$HOME;", "*"] });
    await argv.agent.converse(argv.brief.worker);
    expect(argv.printed.stdout).toBe("$HOME; *\n");
    const text = open({ command: "echo a; echo b >&2" });
    await text.agent.converse(text.brief.worker);
    expect(text.printed).toMatchObject({ stdout: "a\n", stderr: "b\n" });
  });

  test("the hand-off file appears at the soft deadline, and not for one of an earlier engine", async () => {
    const { agent, brief } = open({ command: '[ -e "$LONGHAUL_HANDOFF_FILE" ] && exit 1; exit 0' });
    const file = brief.worker.deadline.handOffFile;
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "old");
    expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work" });
    agent.handOffNow();
    expect(existsSync(file)).toBe(true);
    // It stays for whatever the session is asked next.
    expect(await agent.converse(brief.worker)).toMatchObject({ failure: { kind: "crashed", exitCode: 1 } });
  });
});

describe("Longhaul's tools", () => {
  const input = (value: object) => JSON.stringify(value).replaceAll("'", "'\\''");
  const submission = input({ status: "partial", message: "Add a", handoff: { done: "Half" } });

  test("are in its PATH; the end that it called is the answer, and nobody sees the token", async () => {
    const { agent, brief, printed, workspace } = open({
      command: `set -e
        printf '%s' "$LONGHAUL_TOOLS_TOKEN" > token
        longhaul tool write_file --json '${input({ path: "a", content: "by a tool" })}'
        longhaul tool bash --json '${input({ command: "cat a; env | grep -c TOOLS_TOKEN; setsid sleep 1000 &" })}'
        longhaul tool submit --json '${submission}'
        longhaul tool write_file --json '${input({ path: "late", content: "" })}' || echo "refused: $?"`,
    });
    const answer = await agent.converse(brief.worker);
    expect(answer).toMatchObject({ kind: "work", status: "partial", message: "Add a", handoff: { done: "Half" } });
    expect(readFileSync(join(workspace, "a"), "utf8")).toBe("by a tool");
    expect(existsSync(join(workspace, "late"))).toBe(false);
    expect(printed.stdout).toContain("by a tool0\n[exit code 0");
    expect(printed.stdout).toContain("refused: 1");
    expect(printed.stderr).toContain("[submit] Submitted.");
    expect(printed.stdout + printed.stderr).not.toContain(readFileSync(join(workspace, "token"), "utf8"));
  });

  test("an end counts with exit code 0 alone", async () => {
    const command = `longhaul tool submit --json '${submission}'; exit 3`;
    const { agent, brief } = open({ command });
    expect(await agent.converse(brief.worker)).toMatchObject({ failure: { kind: "crashed", exitCode: 3 } });
  });

  test("JSON on stdout comes before it, and the transcript says so", async () => {
    const command = `longhaul tool submit --json '${submission}' >&2; echo '{"message": "Printed"}'`;
    const { agent, brief, printed } = open({ command });
    expect(await agent.converse(brief.worker)).toMatchObject({ status: "done", message: "Printed" });
    expect(printed.stderr).toContain("stdout begins with {");
  });

  test("each conversation has a token of its own, which ends with it", async () => {
    const { agent, brief, workspace } = open({
      command: `if [ -e token ]; then LONGHAUL_TOOLS_TOKEN=$(cat token) longhaul tool submit --json '${submission}'; echo $? > old
        else printf '%s' "$LONGHAUL_TOOLS_TOKEN" > token; longhaul tool submit --json '${submission}'; fi`,
    });
    expect(await agent.converse(brief.worker)).toMatchObject({ status: "partial" });
    expect(await agent.converse(brief.worker)).toMatchObject({ status: "done" });
    expect(readFileSync(join(workspace, "old"), "utf8")).toBe("3\n");
  });

  test("a session that is closed while it begins starts nothing", async () => {
    const { agent, brief, workspace } = open({ command: "touch begun" });
    const conversation = agent.converse(brief.worker);
    await agent.close();
    expect(await conversation).toMatchObject({ failure: { kind: "crashed" } });
    expect(existsSync(join(workspace, "begun"))).toBe(false);
  });

  test("a call that runs when its program ends is ended with it", async () => {
    const { agent, brief, session } = open({
      command: `longhaul tool bash --json '${input({ command: "touch up; exec sleep 1000" })}' & while [ ! -e up ]; do sleep 0.01; done`,
    });
    expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work" });
    expect(livingIn(session)).toEqual([]);
  });
});

describe("failures", () => {
  test("a crash tells the last words", async () => {
    const { agent, brief } = open({ command: "echo log; echo 'Error: no way' >&2; exit 9" });
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: { kind: "crashed", exitCode: 9, signal: null, detail: "Error: no way" },
    });
  });

  test("a program that is not there is named", async () => {
    const argv = open({ command: ["no-such-agent", "--fast"] });
    expect(await argv.agent.converse(argv.brief.worker)).toMatchObject({
      failure: { kind: "environment", detail: expect.stringContaining('"no-such-agent --fast"') },
    });
    const text = open({ command: "no-such-agent --fast" });
    expect(await text.agent.converse(text.brief.judge)).toMatchObject({
      failure: { kind: "environment", detail: expect.stringContaining("no-such-agent") },
    });
  });

  test("no workspace, no agent of that name, no place for the brief", async () => {
    const gone = open({ command: "true" });
    rmSync(gone.workspace, { recursive: true });
    expect(await gone.agent.converse(gone.brief.worker)).toMatchObject({
      failure: { kind: "environment", detail: expect.stringContaining("no such directory") },
    });
    const unknown = open({ command: "true" }, {}, "nobody");
    expect(await unknown.agent.converse(unknown.brief.worker)).toMatchObject({
      failure: { kind: "misconfigured", detail: 'no agent "nobody" in the configuration: the agents are agent' },
    });
    const blocked = open({ command: "true" });
    writeFileSync(join(folder, "state", "sessions", run, `s${blocked.session}`), "a file where the folder should be");
    expect(await blocked.agent.converse(blocked.brief.worker)).toMatchObject({
      failure: { kind: "environment", detail: expect.stringContaining("cannot prepare") },
    });
  });
});

describe("bounds", () => {
  test("a result that is too long is malformed", async () => {
    const { agent, brief } = open(
      { command: "printf '{\"actions\":\"'; head -c 100000 /dev/zero | tr '\\0' x" },
      { resultBytesMax: 50_000 },
    );
    expect(await agent.converse(brief.planner)).toMatchObject({
      failure: { kind: "malformed", detail: "the answer is longer than 50000 bytes (resultBytesMax)" },
    });
  });
});

describe("costs", () => {
  test("what the program says; otherwise what the config says, once a session", async () => {
    const says = open({ command: `echo '{"usage":{"usd":0.25,"tokens":7}}'`, costMicroUsd: 3_000_000 });
    expect((await says.agent.converse(says.brief.worker)).usage).toEqual({ microUsd: 250_000, tokens: 7 });
    const silent = open({ command: "exit 1", costMicroUsd: 3_000_000 });
    expect((await silent.agent.converse(silent.brief.worker)).usage).toEqual({ microUsd: 3_000_000, tokens: 0 });
    expect((await silent.agent.converse(silent.brief.worker)).usage).toEqual({ microUsd: 0, tokens: 0 });
  });
});
