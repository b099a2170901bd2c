/**
 * A session that dies after any of its steps and is continued by another: nothing that was recorded is done again, and
 * the end is the same.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { briefs } from "../../src/agents/agent.testsuite.ts";
import { memoryHost, type MemoryHost } from "../../src/agents/memory-host.testsuite.ts";
import { ModelSession } from "../../src/agents/model/session.ts";
import { loadPrompts } from "../../src/agents/prompts/prompts.ts";
import type { RunId, SessionId } from "../../src/domain/ids.ts";
import { limitDefaults } from "../../src/domain/limits.ts";
import type { Step } from "../../src/domain/session.ts";
import { openProcesses } from "../../src/processes/processes.ts";
import type { NamedBrain } from "../fake-model/brain.ts";
import { call, otherwise, sequence, text } from "../fake-model/brains.ts";
import { startFakeModel } from "../fake-model/server.ts";

const processes = openProcesses();
const prompts = await loadPrompts();
const run = `model-session-${process.pid}` as RunId;
let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "longhaul-model-session-"))));
afterAll(async () => {
  await processes.stop();
  rmSync(folder, { recursive: true, force: true });
});

let sessions = 0;
type Options = { host: MemoryHost; brains: NamedBrain[]; workspace?: string; contextTokens?: number };

async function open({ host, brains, workspace: given, contextTokens }: Options) {
  const session = ++sessions as SessionId;
  const workspace = given ?? join(folder, `workspace-${session}`);
  mkdirSync(workspace, { recursive: true });
  const model = await startFakeModel({ brains, credentials: { main: "key-main" } });
  onTestFinished(() => model.stop());
  const agent = new ModelSession(
    {
      groups: processes.groups,
      environment: () => ({ PATH: process.env["PATH"] ?? "" }),
      stateFolder: join(folder, "state"),
      configDirectory: folder,
      limits: limitDefaults,
      providers: { anthropic: { kind: "anthropic", baseUrl: model.anthropicUrl, keyEnv: "KEY" } },
      keyOf: () => "key-main",
      prices: {},
      prompts,
      agents: [],
      now: () => Date.now(),
      report: (error) => {
        throw error;
      },
    },
    {
      kind: "model",
      model: "anthropic/claude-sonnet-5",
      effort: null,
      outputTokensMax: 1_000,
      contextTokens: contextTokens ?? null,
    },
    { run, session, agent: "model", workspace, host, onOutput: () => undefined },
  );
  return { agent, workspace, model, brief: briefs(run, session, workspace, "") };
}

/** Each of its calls leaves a line, so that a second time shows. */
const worker = (lines: string): NamedBrain =>
  otherwise(
    sequence(
      [call("list_files", {}), call("bash", { command: `echo one >> ${lines}; echo 1 > a.txt` })],
      [text("On we go."), call("write_file", { path: "b.txt", content: "b\n" }), call("read_file", { path: "a.txt" })],
      "I forgot what I wanted.",
      [call("edit_file", { path: "b.txt", edits: [{ old: "b", new: "c" }] })],
      [call("bash", { command: `echo two >> ${lines}` })],
      [call("submit", { status: "done", message: "Do it", handoff: { done: "Did it." } })],
    ),
  );

const filesOf = (workspace: string) =>
  Object.fromEntries(readdirSync(workspace).map((name) => [name, readFileSync(join(workspace, name), "utf8")]));

test("continued after any of its steps, a worker ends as if it had never died, and does nothing twice", async () => {
  const lines = join(folder, "lines");
  const whole = memoryHost();
  const first = await open({ host: whole, brains: [worker(lines)] });
  const answer = await first.agent.converse(first.brief.worker);
  expect(answer).toMatchObject({ kind: "work", status: "done", message: "Do it", handoff: { done: "Did it." } });
  expect(readFileSync(lines, "utf8")).toBe("one\ntwo\n");
  const files = filesOf(first.workspace);
  expect(files).toEqual({ "a.txt": "1\n", "b.txt": "c\n" });
  expect(whole.keeps).toBe(4);

  for (let kept = 1; kept <= whole.recorded.length; kept++) {
    const prefix = whole.recorded.slice(0, kept);
    const workspace = join(folder, `after-${kept}`);
    restore(workspace, prefix);
    const oneIsRecorded = recorded(prefix, "bash").length > 0;
    const twoIsRecorded = recorded(prefix, "bash").length > 1;
    writeFileSync(lines, `${oneIsRecorded ? "one\n" : ""}${twoIsRecorded ? "two\n" : ""}`);
    const next = await open({ host: memoryHost(structuredClone(prefix)), brains: [worker(lines)], workspace });
    expect(await next.agent.converse(next.brief.worker)).toEqual(answer);
    expect(readFileSync(lines, "utf8")).toBe("one\ntwo\n");
    expect(filesOf(workspace)).toEqual(files);
    await next.agent.close();
    rmSync(workspace, { recursive: true });
  }
});

type Results = { results: { name: string; ok: boolean }[] };
const recorded = (steps: Step[], name: string) =>
  steps.flatMap(({ kind, body }) =>
    kind === "results" ? (body as Results).results.filter((result) => result.name === name) : [],
  );

/** The workspace as the trunk would have kept it with the last step. */
function restore(workspace: string, steps: Step[]): void {
  mkdirSync(workspace);
  if (recorded(steps, "bash").length > 0) writeFileSync(join(workspace, "a.txt"), "1\n");
  if (recorded(steps, "write_file").length > 0) writeFileSync(join(workspace, "b.txt"), "b\n");
  if (recorded(steps, "edit_file").length > 0) writeFileSync(join(workspace, "b.txt"), "c\n");
}

test("a planner's actions under the same call are the same action", async () => {
  const host = memoryHost();
  const brains = [
    otherwise(
      sequence(
        [call("create_tasks", { tasks: [{ name: "a", title: "A", instructions: "Do a." }] })],
        [call("write_scratchpad", { text: "a is ordered" })],
        [call("end_turn", {})],
      ),
    ),
  ];
  // What had been done when each step was recorded: an engine may die just before that.
  const doneAt: MemoryHost["actions"][] = [];
  const { record, endCall } = host;
  host.record = (...step) => {
    doneAt[host.recorded.length] = new Map(host.actions);
    return record.apply(host, step);
  };
  host.endCall = (...end) => {
    doneAt[host.recorded.length] = new Map(host.actions);
    return endCall.apply(host, end);
  };
  const first = await open({ host, brains });
  expect(await first.agent.converse(first.brief.planner)).toMatchObject({ kind: "plan", actions: [] });
  expect([...host.actions.values()].flat()).toHaveLength(2);
  for (let kept = 1; kept <= host.recorded.length; kept++) {
    const done = doneAt[kept] ?? host.actions;
    const next = await open({ host: memoryHost(host.recorded.slice(0, kept), done), brains });
    expect(await next.agent.converse(next.brief.planner)).toMatchObject({ kind: "plan" });
    expect([...done.values()].flat().map(({ type }) => type)).toEqual(["create_task", "write_scratchpad"]);
  }
});

test("a conversation that outgrows the window goes on from its own summary", async () => {
  const host = memoryHost();
  const long = "seq 1 4000";
  const { agent, brief } = await open({
    host,
    contextTokens: 16_000,
    brains: [
      otherwise((view) => {
        if (/summary|summarise/i.test(view.lastUserText) && !view.lastUserText.includes("I have counted"))
          return { parts: [text("I have counted often enough.")] };
        if (view.lastUserText.includes("I have counted often enough"))
          return { parts: [call("submit", { status: "done", message: "", handoff: { done: "Counted." } })] };
        return { parts: [call("bash", { command: long })] };
      }),
    ],
  });
  expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work", handoff: { done: "Counted." } });
  const summary = host.recorded.find(({ kind }) => kind === "summary");
  expect(JSON.stringify(summary)).toContain("I have counted often enough.");
  expect(JSON.stringify(summary)).toContain("Your task: t1");
  expect(host.recorded.at(-1)).toMatchObject({ kind: "reply" });
});

test("an end in the same reply as a call that failed is no end", async () => {
  const host = memoryHost();
  const { agent, brief } = await open({
    host,
    brains: [
      otherwise(
        sequence(
          [
            call("write_file", { path: "../outside", content: "" }),
            call("submit", { status: "done", message: "", handoff: { done: "Too early." } }),
          ],
          [call("submit", { status: "nothing_to_do", message: "", handoff: { done: "Seen." } })],
        ),
      ),
    ],
  });
  expect(await agent.converse(brief.worker)).toMatchObject({ status: "nothing_to_do", handoff: { done: "Seen." } });
  expect(recorded(host.recorded, "submit")).toMatchObject([{ ok: false }]);
});

test("replies that call nothing are nudged so often and no more", async () => {
  const host = memoryHost();
  const { agent, brief } = await open({ host, brains: [otherwise("All done, I think.")] });
  expect(await agent.converse(brief.worker)).toMatchObject({ kind: "failure", failure: { kind: "unfinished" } });
  expect(host.recorded.filter(({ kind }) => kind === "asked")).toHaveLength(3);
  expect(host.calls).toHaveLength(4);
});

test("what commands of a session see holds no key", async () => {
  const { agent, brief, workspace } = await open({
    host: memoryHost(),
    brains: [
      otherwise(
        sequence(
          [call("bash", { command: "env > env.txt; cat /proc/self/environ >> env.txt" })],
          [call("submit", { status: "done", message: "", handoff: { done: "" } })],
        ),
      ),
    ],
  });
  await agent.converse(brief.worker);
  const seen = readFileSync(join(workspace, "env.txt"), "utf8");
  expect(seen).toContain("LONGHAUL_SESSION=");
  expect(seen).not.toMatch(/key-main|KEY/);
});
