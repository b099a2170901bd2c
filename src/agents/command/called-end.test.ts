import { describe, expect, test } from "vitest";
import { limitDefaults } from "../../domain/limits.ts";
import type { Role } from "../../domain/session.ts";
import type { GroupEnd } from "../../engine/ports.ts";
import type { SessionEnd } from "../tools/tool.ts";
import { readAnswer } from "./answer.ts";
import { Stdout } from "./stdout.ts";

const exited = (exitCode: number): GroupEnd => ({ kind: "exited", exitCode });
const empty = { done: "", notes: [], concerns: [], deviations: [], findings: [], suggestions: [] };

/** What the program's answer is, when it called an end tool with `what`. */
function called(role: Role, text: string | object, end: GroupEnd, what: SessionEnd) {
  const stdout = new Stdout(limitDefaults.resultBytesMax);
  stdout.add(typeof text === "string" ? text : JSON.stringify(text));
  const ended = { program: "agent.sh", end, stdout: stdout.read(), lastWords: "words", called: what };
  return readAnswer(role, ended, limitDefaults).answer;
}

describe("an end tool that was called", () => {
  const handoff = { ...empty, done: "All" };
  const submitted: SessionEnd = { kind: "work", status: "partial", message: "Add a", handoff };
  const verdict = { verdict: "continue", summary: "Not yet", brief: "Do b" } as const;
  const judged: SessionEnd = { kind: "verdict", proposal: verdict };

  test("is the answer when the program ends with 0 and printed no JSON", () => {
    expect(called("worker", "", exited(0), submitted)).toMatchObject(submitted);
    expect(called("worker", "log\nlog\n", exited(0), submitted)).toMatchObject(submitted);
    expect(called("judge", "All is well", exited(0), judged)).toMatchObject(judged);
    expect(called("planner", "log", exited(0), { kind: "plan", actions: [] })).toMatchObject({ actions: [] });
    const gaveUp: SessionEnd = { kind: "failure", failure: { kind: "gave_up", reason: "cannot" } };
    expect(called("worker", "", exited(0), gaveUp)).toMatchObject(gaveUp);
  });

  test("is not when stdout is JSON, whole or broken", () => {
    const printed = { status: "done", message: "Add b" };
    expect(called("worker", printed, exited(0), submitted)).toMatchObject({ status: "done", message: "Add b" });
    const plan = { actions: [{ type: "create_task", name: "a", title: "a" }] };
    expect(called("planner", plan, exited(0), { kind: "plan", actions: [] })).toMatchObject({
      actions: [{ name: "a" }],
    });
    expect(called("worker", "{", exited(0), submitted)).toMatchObject({ failure: { kind: "malformed" } });
  });

  test("is not when the program ends in another way", () => {
    expect(called("worker", "", exited(1), submitted)).toMatchObject({ failure: { kind: "crashed", exitCode: 1 } });
    expect(called("worker", "", { kind: "killed", signal: "SIGTERM" }, submitted)).toMatchObject({ kind: "failure" });
    expect(
      called("judge", "b is missing", exited(1), { ...judged, proposal: { ...verdict, verdict: "achieved" } }),
    ).toMatchObject({
      proposal: { verdict: "continue", brief: "b is missing" },
    });
  });

  test("is cut to the bounds", () => {
    const long = "x".repeat(4_000_000);
    const answers = [
      called("worker", "", exited(0), { ...submitted, message: long, handoff: { ...empty, notes: [long] } }),
      called("judge", "", exited(0), {
        kind: "verdict",
        proposal: { verdict: "continue", summary: long, brief: long },
      }),
      called("planner", "", exited(0), {
        kind: "plan",
        actions: [{ type: "finish_scope", handoff: { ...empty, done: long } }],
      }),
      called("worker", "", exited(0), { kind: "failure", failure: { kind: "gave_up", reason: long } }),
    ];
    for (const answer of answers) expect(JSON.stringify(answer).length).toBeLessThan(200_000);
  });
});
