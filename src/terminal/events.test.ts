import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Event, EventType } from "../domain/event.ts";
import type { PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import { describeEvent, type Names } from "./events.ts";
import { hostileText } from "./random-views.testsuite.ts";

const event = (
  type: EventType,
  about: { session?: number; task?: number; planner?: number },
  data: Event["data"] = {},
): Event => ({
  seq: 1,
  run: "kx4m2p" as RunId,
  at: 0,
  type,
  session: (about.session ?? null) as SessionId | null,
  task: (about.task ?? null) as TaskId | null,
  planner: (about.planner ?? null) as PlannerId | null,
  data,
});
const noNames = (): Names => ({ tasks: new Map(), planners: new Map() });

test("a run told line by line", () => {
  const names = noNames();
  const story: [Event, string | null][] = [
    [event("run.created", {}), "run kx4m2p created"],
    [event("engine.started", {}, { lostSessions: 0 }), "engine started"],
    [
      event("engine.started", {}, { lostSessions: 2 }),
      "engine started; 2 sessions of an earlier engine lost, queued again",
    ],
    [event("cycle.started", {}, { cycle: 1 }), "cycle 1 started"],
    [
      event("mirror.pushed", {}, { pushed: [{ branch: "longhaul/kx4m2p", commit: "0123456789abcdef" }] }),
      "pushed to the remote: longhaul/kx4m2p at 0123456789",
    ],
    [event("mirror.pushed", {}, { pushed: [] }), "pushed to the remote: all is there again"],
    [
      event("mirror.failed", {}, { faults: ["it is away"], nextAt: 120_000 }),
      "the remote: it is away; tried again in 2m 00s",
    ],
    [event("planner.created", { planner: 1 }, { name: "root", depth: 0, parent: null }), 'p1 "root" created'],
    [event("planner.created", { planner: 3 }, { name: "pages", depth: 1, parent: 1 }), 'p3 "pages" created by p1'],
    [
      event("planner.refused", { planner: 3, session: 4 }, { errors: ["a", "b", "c", "d"] }),
      'p3 "pages": its plan was refused: a, b, c and 1 more',
    ],
    [
      event("task.created", { task: 17, planner: 3 }, { name: "cart", title: "Port the cart" }),
      't17 "Port the cart" created by p3',
    ],
    [event("task.ready", { task: 17 }), null],
    [event("session.started", { task: 17, session: 41 }, { kind: "attempt" }), null],
    [event("landing.submitted", { task: 17, session: 41 }), null],
    [
      event("landing.conflict", { task: 17, session: 41 }, { files: ["a.ts"] }),
      't17 "Port the cart" conflicts in a.ts, sent back (s41)',
    ],
    [
      event("landing.refused", { task: 17, session: 41 }, { reasons: ["too large"] }),
      't17 "Port the cart" refused by the trunk: too large (s41)',
    ],
    [
      event(
        "session.ended",
        { task: 17, session: 41, planner: 3 },
        { kind: "attempt", outcome: "failed", failure: "crashed", detail: "exit code 1", microUsd: 1_230_000 },
      ),
      'attempt s41 of t17 "Port the cart" failed: exit code 1 ($1.23)',
    ],
    [
      event(
        "session.ended",
        { planner: 3, session: 42 },
        { kind: "turn", outcome: "failed", failure: "cut", detail: "cut by a pause" },
      ),
      'turn s42 of p3 "pages" ended: cut by a pause',
    ],
    [
      event("credential.paused", { session: 44 }, { credential: "anthropic", until: 272_000, why: "429 too much" }),
      "provider anthropic rests for 4m 32s: 429 too much",
    ],
    [
      event(
        "session.requeued",
        { task: 17, session: 44 },
        { kind: "attempt", failure: "suspended", detail: "put aside: 429 too much", readyAt: 272_000 },
      ),
      'attempt s44 of t17 "Port the cart" goes on in 4m 32s: put aside: 429 too much',
    ],
    [
      event("session.requeued", { planner: 3, session: 45 }, { kind: "turn", failure: "lost", detail: "lost" }),
      'turn s45 of p3 "pages" is queued again: lost',
    ],
    [event("session.ended", { task: 17, session: 43 }, { kind: "attempt", outcome: "succeeded" }), null],
    [
      event("task.landed", { task: 17, session: 43 }, { commit: "0123456789abcdef", nothingToDo: false }),
      't17 "Port the cart" landed as 0123456789 (s43)',
    ],
    [event("task.landed", { task: 17 }, { commit: "0123", nothingToDo: true }), 't17 "Port the cart" needed no change'],
    [event("task.failed", { task: 17 }, { reason: "gave up" }), 't17 "Port the cart" failed: gave up'],
    [event("task.cancelled", { task: 18 }, { reason: "not needed" }), "t18 cancelled: not needed"],
    [event("message.sent", { planner: 3 }, { text: "hurry" }), 'message to p3 "pages": hurry'],
    [event("planner.reopened", { planner: 3 }, { by: "task_ended" }), 'p3 "pages" is active again (task ended)'],
    [event("planner.ended", { planner: 3 }, { status: "done" }), 'p3 "pages" done'],
    [
      event("planner.ended", { planner: 3 }, { status: "cancelled", reason: "stopped" }),
      'p3 "pages" cancelled: stopped',
    ],
    [
      event("checks.failed", {}, { commit: "0123456789abcdef", failed: ["unit", "lint"] }),
      "checks failed on 0123456789: unit, lint",
    ],
    [event("checks.passed", {}, { commit: "0123456789abcdef" }), "green: checks passed on 0123456789"],
    [
      event("cycle.draining", {}, { cycle: 1 }),
      "cycle 1 is at its bound: running sessions may finish, no new ones start",
    ],
    [event("cycle.judging", {}), "the cycle's work is over; it is being judged"],
    [
      event("cycle.ended", { session: 50 }, { cycle: 1, verdict: "continue", summary: "2 fail." }),
      "cycle 1 ended, verdict continue: 2 fail.",
    ],
    [
      event("tests.weakened", { session: 50 }, { cycle: 1, count: 7, findings: ["a was deleted", "b\u001b[2J"] }),
      "tests weakened in cycle 1, 7 findings: a was deleted, b",
    ],
    [event("engine.problem", { task: 17 }, { detail: "odd" }), 'problem with t17 "Port the cart": odd'],
    [event("run.paused", {}, { reason: "budget", detail: "money" }), "paused (budget): money"],
    [event("engine.waits", {}, { detail: "no memory" }), "sessions wait: no memory"],
    [
      event("workspaces.prepared", {}, { commit: "0123456789abcdef", ms: 5_000 }),
      "workspaces begin prepared, as of 0123456789; it took 5s",
    ],
    [event("engine.waits", {}, { detail: null }), "sessions wait no more"],
    [event("run.resumed", {}), "resumed"],
    [event("run.stopping", {}, { reason: "enough" }), "stopping: enough"],
    [event("run.ended", {}, { outcome: "achieved", reason: "All pass." }), "run ended: achieved: All pass."],
    [event("run.published", {}, { trunk: "longhaul/x", green: null }), "published longhaul/x"],
    [event("engine.stopped", {}), null],
  ];
  for (const [told, line] of story) expect(describeEvent(told, names)).toBe(line);
});

test("whatever an event carries, its line is one plain line of bounded length", () => {
  const types: EventType[] = [
    "run.paused",
    "planner.created",
    "planner.refused",
    "task.created",
    "task.failed",
    "landing.conflict",
    "session.ended",
    "cycle.ended",
    "tests.weakened",
    "engine.problem",
    "message.sent",
    "run.published",
    "checks.failed",
  ];
  const anything = fc.dictionary(
    fc.constantFrom(
      "name",
      "title",
      "reason",
      "detail",
      "files",
      "errors",
      "outcome",
      "kind",
      "commit",
      "text",
      "summary",
      "cycle",
      "parent",
      "microUsd",
    ),
    fc.oneof(hostileText, fc.anything(), fc.array(hostileText), fc.constant("failed")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.nat(3), anything, (type, id, data) => {
      const line = describeEvent(event(type, id > 0 ? { task: id, planner: id, session: id } : {}, data), noNames());
      if (line === null) return;
      expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(line.length).toBeLessThan(2_100);
    }),
  );
});
