/** What a session over ACP does beyond what every agent does, with real programs on the other side. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { briefs, type Behaviour } from "../../src/agents/agent.testsuite.ts";
import type { AcpAgentHost } from "../../src/agents/acp/session.ts";
import { StartGate } from "../../src/agents/acp/start-gate.ts";
import { memoryHost } from "../../src/agents/memory-host.testsuite.ts";
import type { AcpPreset } from "../../src/domain/acp-preset.ts";
import type { RunId, SessionId } from "../../src/domain/ids.ts";
import { acpLimits } from "../../src/domain/limits.ts";
import type { AcpAgentConfig } from "../../src/domain/run-config.ts";
import { openAcpWorld } from "./acp-world.ts";
import type { AcpBehaviour } from "./acp.fixture.ts";

vi.setConfig({ testTimeout: 30_000 });
const folder = mkdtempSync(join(tmpdir(), "longhaul-acp-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = `acp-test-${process.pid}` as RunId;
let sessions = 0;

type Setting = {
  preset?: Partial<AcpPreset>;
  config?: Partial<AcpAgentConfig>;
  host?: Partial<AcpAgentHost>;
};

function open(script: (Behaviour | AcpBehaviour)[], { preset, config, host }: Setting = {}) {
  const session = ++sessions as SessionId;
  const workspace = join(folder, `workspace-${session}`);
  mkdirSync(workspace);
  const printed = { stdout: "", stderr: "" };
  const order = {
    run,
    session,
    workspace,
    host: memoryHost(),
    onOutput: (stream: "stdout" | "stderr", text: string) => void (printed[stream] += text),
  };
  const world = openAcpWorld(folder, host ?? {}, preset);
  const agent = world.open(script as Behaviour[], order, config);
  onTestFinished(async () => {
    await agent.close();
    await world.dispose();
  });
  const brief = briefs(run, session, workspace, "");
  return { agent, printed, workspace, brief, world, living: () => world.living(order) };
}

const done = (text: string) => ({ kind: "work", status: "done", handoff: { done: text } });
const cannot = (what: string) => ({ config: { env: { CANNOT: what } } });

describe("the end of a session", () => {
  test("is its end tool: a turn that ends without one is reminded", async () => {
    const { agent, brief, printed } = open([{ does: "submit_when_nudged" }]);
    expect(await agent.converse(brief.worker)).toMatchObject(done("After a nudge"));
    expect(printed.stdout).toContain("I stop here.");
  });

  test("who never calls it has failed, with what it said last", async () => {
    const { agent, brief } = open([{ does: "talk_nonsense" }]);
    const answer = await agent.converse(brief.worker);
    expect(answer).toMatchObject({ kind: "failure", failure: { kind: "unfinished" } });
    expect(answer).toMatchObject({ failure: { detail: expect.stringContaining("I think that we are done here") } });
  });

  test("does not wait for a turn that goes on: that is cancelled", async () => {
    const { agent, brief } = open([{ does: "linger" }]);
    expect(await agent.converse(brief.worker)).toMatchObject(done("And another thing"));
  });

  test("leaves nothing that still changes the workspace, though the agent stays for a conflict", async () => {
    const { agent, brief, workspace, living } = open([
      { does: "leave_background" },
      { does: "work", file: "out.txt", text: "second", done: "Second" },
    ]);
    expect(await agent.converse(brief.worker)).toMatchObject(done("Left something in the background"));
    expect(living()).toHaveLength(1); // The agent itself.
    const [agentPid] = living();
    const late = join(workspace, "late.txt");
    const before = existsSync(late) ? readFileSync(late, "utf8") : "";
    const sentBack = { kind: "refused" as const, reasons: ["too large"] };
    expect(await agent.converse({ ...brief.worker, sentBack })).toMatchObject(done("Second"));
    expect(existsSync(late) ? readFileSync(late, "utf8") : "").toBe(before);
    expect(living()).toEqual([agentPid]);
  });
});

describe("a program that dies in the middle", () => {
  test("is started again and rejoins its session", async () => {
    const { agent, brief, printed } = open([{ does: "die_once" }]);
    const answer = await agent.converse(brief.worker);
    expect(answer).toMatchObject({ kind: "work", handoff: { done: expect.stringContaining("started again") } });
    expect(printed.stderr).toContain("ended in the middle; it is started again");
  });

  test("fails its session when it cannot be rejoined, and says how it ended", async () => {
    const { agent, brief } = open([{ does: "die_once" }], cannot("resume"));
    expect(await agent.converse(brief.worker)).toMatchObject({ failure: { kind: "crashed", signal: "SIGKILL" } });
  });

  test("is not started for ever", async () => {
    const { agent, brief, printed } = open([{ does: "crash" }]);
    expect(await agent.converse(brief.worker)).toMatchObject({ failure: { kind: "crashed", exitCode: 3 } });
    expect(printed.stderr.match(/it is started again/g)).toHaveLength(acpLimits.restartsMax);
  });
});

describe("what it is asked and told", () => {
  const allow = [
    { optionId: "no", name: "No", kind: "reject_once" as const },
    { optionId: "for-ever", name: "Always", kind: "allow_always" as const },
    { optionId: "now", name: "Yes", kind: "allow_once" as const },
  ];
  test.each([
    ["now", allow],
    ["for-ever", allow.slice(0, 2)],
    ["cancelled", allow.slice(0, 1)],
  ])("a question for permission is answered: %s", async (answer, options) => {
    const { agent, brief, printed } = open([{ does: "ask", options }]);
    expect(await agent.converse(brief.worker)).toMatchObject(done(answer));
    expect(printed.stderr).toContain('may it "Remove everything"?');
  });

  test("the mode of its preset is set; one that it does not have is said", async () => {
    const script: Behaviour[] = [{ does: "work", file: "a", text: "a", done: "A" }];
    const good = open(script, { preset: { mode: "free" } });
    await good.agent.converse(good.brief.worker);
    expect(good.printed.stderr).toContain("mode free");
    const none = open(script, { preset: { mode: "free" }, ...cannot("modes") });
    expect(await none.agent.converse(none.brief.worker)).toMatchObject(done("A"));
    const bad = open(script, { preset: { mode: "bold" } });
    expect(await bad.agent.converse(bad.brief.worker)).toMatchObject({
      failure: { kind: "misconfigured", detail: expect.stringContaining("its modes are ask, free") },
    });
  });

  test("an agent without MCP calls the tools as a command", async () => {
    const bin = join(import.meta.dirname, "..", "..", "bin", "longhaul.js");
    const { agent, brief } = open([{ does: "use_shell" }], {
      preset: { tools: "command" },
      host: { longhaul: [process.execPath, bin] },
      ...cannot("http"),
    });
    expect(await agent.converse(brief.worker)).toMatchObject(done("By the command"));
  });

  test("an agent that takes no MCP over HTTP is told apart before its first turn", async () => {
    const { agent, brief } = open([{ does: "talk_nonsense" }], cannot("http"));
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: { kind: "misconfigured", detail: expect.stringContaining('tools: "command"') },
    });
  });
});

describe("what goes wrong at the start is the operator's", () => {
  test.each([
    ["login", "misconfigured", "is not logged in"],
    ["begin", "environment", "cannot begin"],
    ["answer", "environment", "no session was ready after 1 s"],
  ])("%s", async (what, kind, detail) => {
    const waits = { ...acpLimits, readyMs: 1_000 };
    const { agent, brief, living } = open([{ does: "talk_nonsense" }], { ...cannot(what), host: { waits } });
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: { kind, detail: expect.stringContaining(detail) },
    });
    await agent.close();
    expect(living()).toEqual([]);
  });

  test.each([
    ["no such program", ["/no/such/agent"], "is not installed"],
    ["one that speaks no ACP", ["/bin/cat"], "cannot begin"],
    ["one that ends at once", ["/bin/sh", "-c", "echo no licence >&2; exit 3"], "no licence"],
  ])("%s", async (_, command, detail) => {
    const waits = { ...acpLimits, readyMs: 1_000 };
    const { agent, brief } = open([], { preset: { command, install: "npm install it" }, host: { waits } });
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: { kind: "environment", detail: expect.stringContaining(detail) },
    });
  });

  test("without memory it does not start, and its session is put aside", async () => {
    const gate = new StartGate({
      startsAtOnce: 1,
      freeMemoryBytes: () => acpLimits.freeBytesMin,
      waits: { roomMs: 20, roomPollMs: 5 },
    });
    const { agent, brief, living } = open([], { host: { gate }, preset: { memoryBytes: 104_857_600 } });
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: {
        kind: "suspended",
        detail: "The scripted agent needs 100 MB of memory, and 512 MB are free, of which 512 stay so",
      },
    });
    expect(living()).toEqual([]);
  });
});

describe("what it says", () => {
  test("noise on its stdout is kept as words, and does no harm", async () => {
    const error = vi.spyOn(console, "error");
    const { agent, brief, printed } = open([{ does: "print_noise" }]);
    expect(await agent.converse(brief.worker)).toMatchObject(done("Noise"));
    expect(printed.stderr).toContain("not a message\n");
    expect(error.mock.calls).toEqual([]);
  });

  test("who asks without end and reads no answer is ended", async () => {
    const { agent, brief } = open([{ does: "ask_without_end" }], cannot("resume"));
    expect(await agent.converse(brief.worker)).toMatchObject({ failure: { kind: "crashed", signal: "SIGKILL" } });
  });

  test("what it says that it cost counts; else its configuration does, once", async () => {
    const cost = open([{ does: "tell_cost", usd: 0.25, tokens: 1_000 }], { config: { costMicroUsd: 7 } });
    expect(await cost.agent.converse(cost.brief.worker)).toMatchObject({ usage: { microUsd: 250_000, tokens: 1_000 } });
    const script: Behaviour[] = [1, 2].map((n) => ({ does: "work", file: "a", text: "a", done: `${n}` }));
    const none = open(script, { config: { costMicroUsd: 7 } });
    expect(await none.agent.converse(none.brief.worker)).toMatchObject({ usage: { microUsd: 7, tokens: 0 } });
    expect(await none.agent.converse(none.brief.worker)).toMatchObject({ usage: { microUsd: 0, tokens: 0 } });
  });

  test("an error in the place of a turn fails the session, with its words", async () => {
    const { agent, brief } = open([{ does: "refuse", code: -32_603, message: "The model is on holiday" }]);
    expect(await agent.converse(brief.worker)).toMatchObject({
      failure: { kind: "provider", detail: expect.stringContaining("The model is on holiday") },
    });
  });
});
