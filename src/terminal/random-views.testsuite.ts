/** Views at random, with every text as hostile as it gets. */
import { noBudgets, noSpend } from "../domain/budget.ts";
import * as fc from "fast-check";
import type { PlannerView, RunView, SessionView } from "../engine/views.ts";
import { publishDefaults } from "../domain/publish-config.ts";
import type { Run } from "../domain/run.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import { counts, cycle, planner, sampleRun, sampleView, session } from "./samples.testsuite.ts";
import { acceptance, now, verdict } from "./verdict-samples.testsuite.ts";

/** Each does harm to a screen that prints it as it is. */
const hostilePieces = [
  "\u001b[2J",
  "\u001b[31m",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\",
  "\u001b]52;c;aGk=\u0007",
  "\u001bc",
  "\u001b(0",
  "\u001b[?1049h",
  "\u001b",
  "\u009b2J",
  "\u009d0;x\u009c",
  "\u0090q\u009c",
  "\u0000",
  "\u0007",
  "\b\b\b",
  "\r",
  "\n",
  "\r\n",
  "\t",
  "\u007f",
  "\u0085",
  "\u2028",
  "\u202e",
  "\u202d",
  "\u2066",
  "\u2069",
  "\u200f",
  "\u061c",
  "\u200b",
  "\ufeff",
  "\u00ad",
  "\u{e0041}",
  "日本語",
  "한국어",
  "ﾊﾝｶｸ",
  "ＡＢＣ",
  "　",
  "e\u0301\u0301\u0301\u0301",
  "\u0301",
  "क्षत्रिय",
  "ไทยภาษา",
  "שלום",
  "مرحبا",
  "\u1100\u1161\u11a8",
  "\u115f",
  "\u0600",
  "👨‍👩‍👧‍👦",
  "🇩🇪",
  "1️⃣",
  "❤️",
  "👍🏽",
  "🔥",
  "\u{1f9ff}",
  "\ue000",
  "\ud800",
  "\udc00",
  "\u{10ffff}",
  "a",
  "word ",
  "  ",
] as const;

export const hostileText = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...hostilePieces), { maxLength: 30 }).map((pieces) => pieces.join("")),
  },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 200 }) },
);

const amount = fc.oneof(fc.nat(20), fc.nat(100_000));
const time = fc.integer({ min: now - 400 * 86_400_000, max: now + 60_000 });
const taskCounts = fc.record({
  blocked: amount,
  ready: amount,
  running: amount,
  landed: amount,
  failed: amount,
  cancelled: amount,
});

const planners: fc.Arbitrary<PlannerView[]> = fc
  .array(
    fc.record({
      name: hostileText,
      parent: fc.nat(60),
      status: fc.constantFrom("active", "done", "failed", "cancelled"),
      turn: fc.constantFrom("running", "queued", null),
      tasks: taskCounts,
      microUsd: amount,
    }),
    { maxLength: 60 },
  )
  .map((rows) =>
    rows.map(({ parent, microUsd, ...row }, i) =>
      planner(i + 1, parent === 0 ? null : parent, { ...row, spend: { ...noSpend, microUsd } }),
    ),
  );

const sessions: fc.Arbitrary<SessionView[]> = fc
  .array(
    fc.record({
      title: hostileText,
      agent: hostileText,
      kind: fc.constantFrom("turn", "attempt", "judgement"),
      startedAt: fc.option(time),
      microUsd: amount,
    }),
    { maxLength: 60 },
  )
  .map((rows) => rows.map(({ microUsd, ...row }, i) => session(i + 1, { ...row, spend: { ...noSpend, microUsd } })));

const verdicts = fc
  .array(
    fc.record({
      kind: fc.constantFrom("continue", "achieved", "stop"),
      summary: hostileText,
      remark: hostileText,
      results: fc.array(
        fc.record({ name: hostileText, passed: fc.boolean(), score: fc.option(fc.double()), ms: fc.nat() }),
        { maxLength: 6 },
      ),
    }),
    { maxLength: 25 },
  )
  .map((rows) =>
    rows.map(({ kind, summary, remark, results }, i) => {
      const made = verdict(
        i + 1,
        kind,
        summary,
        results.map(({ name, passed, score, ms }) => acceptance(name, passed, score, ms)),
      );
      made.evidence.remarks.push(remark);
      made.evidence.tests = { ...nothingWeakened, files: [{ kind: "deleted", path: remark, cases: i }] };
      return made;
    }),
  );

const state: fc.Arbitrary<Run["state"]> = fc.oneof(
  fc.constant({ status: "running" } as const),
  fc.record({
    status: fc.constant("paused" as const),
    reason: fc.constantFrom("operator", "interrupted", "budget", "judge"),
    detail: hostileText,
    cutAt: time,
  }),
  fc.record({ status: fc.constant("stopping" as const), reason: hostileText }),
  fc.record({
    status: fc.constant("ended" as const),
    outcome: fc.constantFrom("achieved", "stopped"),
    reason: hostileText,
    at: time,
  }),
);

export const anyView: fc.Arbitrary<RunView> = fc
  .record({
    goal: hostileText,
    state,
    driven: fc.boolean(),
    money: fc.nat(),
    budget: fc.option(fc.nat()),
    createdAt: time,
    planners,
    running: sessions,
    verdicts,
    tasks: taskCounts,
    queued: amount,
    aside: fc.option(fc.record({ sessions: amount, nextAt: time })),
    mirror: fc.option(fc.record({ at: time, faults: fc.array(hostileText, { maxLength: 3 }), nextAt: time })),
    waits: fc.option(hostileText),
    resting: fc.array(
      fc.record({ credential: hostileText, until: time, why: hostileText, running: amount, queued: amount }),
      { maxLength: 5 },
    ),
  })
  .map(({ goal, state: runState, driven, money, budget, createdAt, ...rest }) => {
    const run = sampleRun({
      goal,
      state: runState,
      createdAt,
      spend: { microUsd: money, reservedMicroUsd: money % 3, tokens: money, reservedTokens: money % 5 },
    });
    if (rest.mirror !== null)
      run.config = { ...run.config, publish: { ...publishDefaults, remote: goal, follow: null } };
    const cycleBudget = { microUsd: budget, tokens: null };
    run.config = { ...run.config, budget: { ...noBudgets, microUsd: budget, tokens: budget, cycle: cycleBudget } };
    if (!driven) run.engine = null;
    return sampleView({
      ...rest,
      run,
      tasksOfRun: counts(rest.tasks),
      cycle: rest.queued % 5 === 0 ? null : cycle(rest.verdicts.length + 1, { status: "working", deadlineAt: now }),
    });
  });
