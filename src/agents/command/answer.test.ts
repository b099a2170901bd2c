import { describe, expect, test } from "vitest";
import { limitDefaults } from "../../domain/limits.ts";
import type { Role } from "../../domain/session.ts";
import type { GroupEnd } from "../../engine/ports.ts";
import { readAnswer } from "./answer.ts";
import { Stdout } from "./stdout.ts";

const exited = (exitCode: number): GroupEnd => ({ kind: "exited", exitCode });
function read(role: Role, text: string | object, end: GroupEnd = exited(0), lastWords = "") {
  const stdout = new Stdout(limitDefaults.resultBytesMax);
  stdout.add(typeof text === "string" ? text : JSON.stringify(text));
  return readAnswer(role, { program: "agent.sh", end, stdout: stdout.read(), lastWords, called: null }, limitDefaults)
    .answer;
}
const detailOf = (role: Role, text: string | object) => {
  const answer = read(role, text);
  return answer.kind === "failure" && answer.failure.kind === "malformed"
    ? answer.failure.detail
    : `not malformed: ${JSON.stringify(answer)}`;
};
const empty = { done: "", notes: [], concerns: [], deviations: [], findings: [], suggestions: [] };

describe("planner", () => {
  test("the example of the docs", () => {
    const answer = read("planner", {
      version: 1,
      actions: [
        {
          type: "create_task",
          name: "a",
          title: "Convert a.js",
          instructions: "…",
          paths: ["a.js"],
          dependsOn: ["b", "t17"],
          priority: 0,
          acceptance: "…",
          agent: "codemod",
        },
        { type: "spawn_planner", name: "fp", question: "How does fp/ become ESM?", paths: ["fp/"] },
        { type: "cancel_task", task: "a", reason: "…" },
        { type: "write_scratchpad", text: "…" },
        {
          type: "finish_scope",
          handoff: { done: "…", notes: [], concerns: [], deviations: [], findings: [], suggestions: [] },
        },
      ],
    });
    expect(answer).toMatchObject({
      kind: "plan",
      actions: [{ agent: "codemod" }, { agent: null }, {}, {}, { handoff: { ...empty, done: "…" } }],
    });
  });

  test("only name and title, name and question are needed", () => {
    const actions = [
      { type: "create_task", name: "a", title: "A" },
      { type: "spawn_planner", name: "p", question: "Q" },
      { type: "finish_scope" },
    ];
    expect(read("planner", { actions })).toEqual({
      kind: "plan",
      actions: [
        {
          type: "create_task",
          name: "a",
          title: "A",
          instructions: "",
          paths: [],
          dependsOn: [],
          priority: 0,
          acceptance: "",
          agent: null,
        },
        { type: "spawn_planner", name: "p", question: "Q", paths: [], agent: null },
        { type: "finish_scope", handoff: empty },
      ],
      usage: { microUsd: 0, tokens: 0 },
    });
  });

  test.each([
    [
      { actions: [{}, {}, {}, { type: "create_task", name: "a", title: 3 }] },
      "actions[3].title: expected string, received number",
    ],
    [{ actions: [{ type: "create_task", name: "a" }] }, "actions[0].title: is missing (expected string)"],
    [
      { actions: [{ type: "create_tsk" }] },
      'actions[0].type: expected one of "create_task", "spawn_planner", "update_task", "cancel_task", "write_scratchpad", "finish_scope", received "create_tsk"',
    ],
    [
      { actions: [{ type: "create_task", name: "a\nb", title: "x" }] },
      "actions[0].name: control characters are not allowed here",
    ],
    [
      { actions: [{ type: "finish_scope", handoff: { notes: [1] } }] },
      "actions[0].handoff.notes[0]: expected string, received number",
    ],
    [{ version: 2, actions: [] }, "version: expected 1"],
    [{}, "actions: is missing (expected array)"],
    [{ actions: [], usage: { usd: -1 } }, "usage.usd"],
    ["", "it printed nothing"],
    ["  \n", "it printed nothing"],
    ["[]", 'it begins with "[]"'],
    ["Here is the plan:\n{}", 'it begins with "Here is the plan:"'],
    ['{"actions": [}', 'stdout is not JSON: line 1, column 14: expected a value or "]", found "}"'],
    ['{\n  "actions": [\n  ],\n}', 'line 4, column 1: expected a name in double quotes, found "}"'],
    ['{"actions": []', 'line 1, column 15: expected "," or "}", found the end'],
    [
      '{"actions": []}\nDone.',
      'line 2, column 1: expected nothing more after the JSON object (log belongs on stderr), found "Done."',
    ],
    ['{"actions": "a\nb"}', "line 1, column 13: a text in double quotes that does not end"],
    ["{'actions': []}", "line 1, column 2: expected a name in double quotes"],
  ])("malformed %j", (text, detail) => expect(detailOf("planner", text)).toContain(detail));

  test("many faults are named up to a bound", () => {
    const detail = detailOf("planner", { actions: Array.from({ length: 50 }, () => ({ type: "write_scratchpad" })) });
    expect(detail).toContain("actions[9].text: is missing");
    expect(detail).toMatch(/and 40 more$/);
  });

  test("another exit code than 0 is a crash, whatever it printed", () => {
    expect(read("planner", { actions: [] }, exited(1), "oh no")).toMatchObject({
      failure: { kind: "crashed", exitCode: 1, signal: null, detail: "oh no" },
    });
  });
});

describe("worker", () => {
  test("free text becomes the handoff: its last lines, without escape sequences", () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`).join("\r\n");
    const answer = read("worker", `${lines}\n\u001b[32mall\u001b[0m \u001b]0;title\u0007done\u0000\n\n`);
    expect(answer).toMatchObject({ kind: "work", status: "done", message: null });
    expect(answer.kind === "work" && answer.handoff.done).toMatch(/^line 81\n[^]*line 99\nall done$/);
  });

  test("a long line of free text is bounded, with whole characters", () => {
    const answer = read("worker", "€".repeat(1_000_000));
    const done = answer.kind === "work" ? answer.handoff.done : "";
    expect(done).toMatch(/^€+$/);
    expect(Buffer.byteLength(done)).toBeLessThanOrEqual(4_096);
  });

  test("silence is done, too", () =>
    expect(read("worker", "")).toMatchObject({
      kind: "work",
      status: "done",
      handoff: { done: expect.stringContaining("printed nothing") },
    }));

  test.each(["done", "partial", "nothing_to_do"] as const)("%s", (status) => {
    const answer = read("worker", {
      status,
      message: " Convert a.js \n",
      handoff: { done: "x", concerns: "one", notes: "  " },
    });
    expect(answer).toMatchObject({
      kind: "work",
      status,
      message: "Convert a.js",
      handoff: { done: "x", concerns: ["one"], notes: [] },
    });
  });

  test("failed is giving up, with the best reason there is", () => {
    expect(read("worker", { status: "failed", handoff: { done: "No." } })).toMatchObject({
      failure: { kind: "gave_up", reason: "No." },
    });
    expect(read("worker", { status: "failed", message: "Because" })).toMatchObject({
      failure: { kind: "gave_up", reason: "Because" },
    });
    expect(read("worker", { status: "failed" })).toMatchObject({
      failure: { kind: "gave_up", reason: "no reason given" },
    });
  });

  test("an unknown status is malformed", () => expect(detailOf("worker", { status: "dun" })).toContain("status: "));

  test("a handoff that is too long is cut, not refused", () => {
    const answer = read("worker", {
      handoff: {
        done: "d".repeat(100_000),
        notes: Array.from({ length: 5_000 }, (_, i) => `note ${i} ${"n".repeat(50)}`),
        concerns: ["keep me"],
      },
    });
    const handoff = answer.kind === "work" ? answer.handoff : null;
    expect(Buffer.byteLength(JSON.stringify(handoff))).toBeLessThanOrEqual(limitDefaults.handoffBytesMax);
    expect(handoff?.concerns).toEqual(["keep me"]);
    expect(handoff?.notes.at(-1)).toMatch(/handoffBytesMax/);
  });

  test("texts are plain: no escape sequences, no NUL, no lone surrogates", () => {
    const answer = read("worker", `{"handoff": {"done": "\\u001b[31mred\\u001b[0m\\u0000 \\ud800 a\\tb\\r\\nc"}}`);
    expect(answer).toMatchObject({ handoff: { done: "red \ufffd a\tb\nc" } });
  });

  test("126 and 127 name the program", () => {
    const answer = read("worker", "", exited(127), "sh: jscodeshift: not found");
    expect(answer).toMatchObject({
      failure: { kind: "environment", detail: expect.stringMatching(/"agent\.sh".*127.*jscodeshift: not found/) },
    });
    expect(read("worker", "", exited(126))).toMatchObject({ failure: { kind: "environment" } });
  });

  test("a signal is a crash; a program that could not be started is the environment's fault", () => {
    expect(read("worker", {}, { kind: "killed", signal: "SIGSEGV" })).toMatchObject({
      failure: { kind: "crashed", exitCode: null, signal: "SIGSEGV" },
    });
    expect(read("worker", "", { kind: "not_started", reason: "too many processes" })).toMatchObject({
      failure: { kind: "environment", detail: "too many processes" },
    });
  });
});

describe("judge", () => {
  test("exit code 0 is achieved, with or without text", () => {
    expect(read("judge", "")).toMatchObject({ kind: "verdict", proposal: { verdict: "achieved", brief: "" } });
    expect(read("judge", "checked\nall 12 pass\n")).toMatchObject({
      proposal: { verdict: "achieved", summary: "all 12 pass" },
    });
  });

  test("any other code is continue, and what it printed is the brief", () => {
    expect(read("judge", "a.js is left\nb.js is left\n", exited(1))).toMatchObject({
      proposal: { verdict: "continue", brief: "a.js is left\nb.js is left", summary: "b.js is left" },
    });
  });

  test("126, 127, a signal, or a code with nothing said are failed sessions", () => {
    for (const end of [exited(126), exited(127), exited(1), { kind: "killed", signal: "SIGKILL" } as const])
      expect(read("judge", "", end)).toMatchObject({ kind: "failure" });
  });

  test("a JSON object decides, whatever the exit code", () => {
    expect(read("judge", { verdict: "stop", summary: "Hopeless" }, exited(1))).toMatchObject({
      proposal: { verdict: "stop", summary: "Hopeless", brief: "" },
    });
    expect(read("judge", { verdict: "continue", summary: "More" })).toMatchObject({
      proposal: { verdict: "continue", summary: "More", brief: "More" },
    });
  });

  test("malformed objects", () => {
    expect(detailOf("judge", { verdict: "maybe" })).toContain("verdict: ");
    expect(detailOf("judge", { verdict: "continue" })).toContain("brief: is missing");
    expect(detailOf("judge", "{")).toContain("line 1, column 2");
  });
});

describe("usage", () => {
  test("in micro-dollars", () =>
    expect(read("worker", { usage: { usd: 0.12, tokens: 4500 } }).usage).toEqual({ microUsd: 120_000, tokens: 4500 }));
  test("counts in failures too: the money is spent", () => {
    expect(read("planner", { usage: { usd: 1 } }).usage).toEqual({ microUsd: 1_000_000, tokens: 0 });
    expect(read("worker", { usage: { usd: 1 } }, exited(1)).usage).toEqual({ microUsd: 1_000_000, tokens: 0 });
  });
});
