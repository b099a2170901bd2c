/** Made-up runs, as the views would tell them: for the tests, and to look at the screens with. */
import type { CycleState } from "../domain/cycle.ts";
import type { Commit, CycleId, EngineId, PlannerId, RunId, SessionId, TaskId } from "../domain/ids.ts";
import { noBudgets, noSpend } from "../domain/budget.ts";
import { configDefaults } from "../domain/run-config.ts";
import type { Run } from "../domain/run.ts";
import type { PlannerView, RunView, SessionView, TaskCounts } from "../engine/views.ts";
import { acceptance, now, verdict } from "./verdict-samples.testsuite.ts";

const minute = 60_000;

export const counts = (some: Partial<TaskCounts> = {}): TaskCounts => ({
  blocked: 0,
  ready: 0,
  running: 0,
  landed: 0,
  failed: 0,
  cancelled: 0,
  ...some,
});

export function sampleRun(some: Partial<Run> = {}): Run {
  return {
    id: "kx4m2p" as RunId,
    repository: "/home/user/shop",
    goal: "Migrate the shop from Vue 2 to React: every public URL keeps working, every test is ported\n\nDetails: …",
    config: {
      ...configDefaults,
      sandbox: "auto" as const,
      agents: {},
      roles: { planner: "planner", worker: "claude", arbiter: null, judge: null },
      budget: { ...noBudgets, microUsd: 50_000_000 },
      directory: "/home/user/shop",
    },
    base: "1f3c9aa0b2d4e6f8091a2b3c4d5e6f708192a3b4" as Commit,
    tip: "9b2d4e6f8091a2b3c4d5e6f708192a3b41f3c9aa" as Commit,
    green: null,
    state: { status: "running" },
    spend: { ...noSpend, microUsd: 12_400_000, reservedMicroUsd: 1_200_000, tokens: 4_130_000 },
    createdAt: now - 112 * minute,
    engine: { id: "e1" as EngineId, host: "laptop", pid: 4711, leaseUntil: now + 30_000 },
    ...some,
  };
}

export function sampleView(some: Partial<RunView> = {}): RunView {
  return {
    run: sampleRun(),
    now,
    cycle: cycle(1, { status: "working", deadlineAt: now + minute }),
    tasks: counts(),
    tasksOfRun: counts(),
    planners: [],
    running: [],
    queued: 0,
    aside: null,
    resting: [],
    waits: null,
    landings: { landed: 0, verified: 0, conflict: 0, refused: 0 },
    checks: null,
    mirror: null,
    verdicts: [],
    sessions: 0,
    ...some,
  };
}

export const cycle = (number: number, state: CycleState) => ({
  id: number as CycleId,
  number,
  brief: "",
  startedAt: now - 41 * minute,
  state,
  spend: noSpend,
});

export function planner(id: number, parent: number | null, some: Partial<PlannerView> = {}): PlannerView {
  return {
    id: id as PlannerId,
    parent: parent as PlannerId | null,
    depth: parent === null ? 0 : 1,
    name: `planner ${id}`,
    question: "",
    status: "active",
    turn: null,
    tasks: counts(),
    spend: noSpend,
    ...some,
  };
}

export function session(id: number, some: Partial<SessionView> = {}): SessionView {
  return {
    id: id as SessionId,
    kind: "attempt",
    planner: 1 as PlannerId,
    task: id as TaskId,
    title: `task ${id}`,
    agent: "claude",
    status: "running",
    startedAt: now - id * 7_000,
    endedAt: null,
    outcome: null,
    failure: null,
    spend: noSpend,
    ...some,
  };
}

const areas = [
  "account pages",
  "cart and checkout",
  "catalogue",
  "search",
  "payment forms",
  "mail templates",
  "admin",
  "design system",
  "state and stores",
  "router",
];
const verbs = ["Port", "Rewrite", "Split", "Type", "Test"];
const things = [
  "the order history page",
  "CartSummary.vue and its two mixins",
  "the price formatter",
  "useDebouncedSearch",
  "the address form with its validation rules and error messages",
];
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

function tree(size: number): PlannerView[] {
  return Array.from({ length: size }, (_, i) => {
    const id = i + 1;
    if (id === 1)
      return planner(1, null, { name: "root", turn: "running", tasks: counts({ landed: 4, running: 1, ready: 2 }) });
    const parent = id <= 11 ? 1 : 2 + (id % 10);
    const status = id % 7 === 0 ? "failed" : id % 3 === 0 ? "done" : "active";
    const tasks = counts({
      landed: (id * 5) % 13,
      running: status === "active" ? id % 4 : 0,
      ready: status === "active" ? 2 : 0,
      failed: status === "failed" ? 2 : 0,
    });
    return planner(id, parent, {
      name: `${pick(areas, id)}${id > 11 ? ` / part ${id}` : ""}`,
      depth: parent === 1 ? 1 : 2,
      status,
      tasks,
      turn: status === "active" && id % 5 === 0 ? "queued" : status === "active" && id % 8 === 2 ? "running" : null,
    });
  });
}

const sessions = (size: number) =>
  Array.from({ length: size }, (_, i) =>
    i % 9 === 4
      ? session(340 - i, {
          kind: "turn",
          task: null,
          title: pick(areas, i),
          agent: "opus-planner",
          startedAt: now - i * 31_000,
        })
      : session(340 - i, {
          title: `${pick(verbs, i)} ${pick(things, i)}`,
          agent: pick(["claude", "codex", "claude"], i),
          startedAt: now - i * 47_000,
        }),
  );

const history = [
  verdict(1, "continue", "3 of 4 acceptance commands fail: unit, e2e, types.", [
    acceptance("unit", false, 0.41),
    acceptance("e2e", false, 0.125),
    acceptance("types", false),
    acceptance("lint", true),
  ]),
  verdict(2, "continue", "2 of 4 acceptance commands fail: unit, e2e. The checkout is the rest.", [
    acceptance("unit", false, 0.87),
    acceptance("e2e", false, 0.55),
    acceptance("types", true),
    acceptance("lint", true),
  ]),
  verdict(3, "continue", "2 of 4 acceptance commands fail: unit, e2e.", [
    acceptance("unit", false, 0.93),
    acceptance("e2e", false, 0.55, 812_000),
    acceptance("types", true),
    acceptance("lint", true),
  ]),
];

export const samples = {
  start: sampleView({
    run: sampleRun({ createdAt: now - 4_000, spend: noSpend }),
    cycle: { ...cycle(1, { status: "working", deadlineAt: now }), startedAt: now - 3_000 },
    planners: [planner(1, null, { name: "root", turn: "running" })],
    running: [session(1, { kind: "turn", title: "root", task: null, agent: "planner", startedAt: now - 2_000 })],
    sessions: 1,
  }),
  middle: middle(30, 64),
  large: middle(2_000, 300),
  paused: sampleView({
    ...middle(30, 3),
    run: sampleRun({
      state: { status: "paused", reason: "budget", detail: "money: $49.90 of $50.00 spent", cutAt: now + 580_000 },
      spend: { ...noSpend, microUsd: 48_700_000, reservedMicroUsd: 1_200_000, tokens: 18_130_000 },
    }),
  }),
  achieved: sampleView({
    ...middle(30, 0),
    queued: 0,
    planners: tree(30).map((one) => ({ ...one, status: "done", turn: null })),
    run: sampleRun({
      state: { status: "ended", outcome: "achieved", reason: "All 4 acceptance commands pass.", at: now },
      green: "9b2d4e6f8091a2b3c4d5e6f708192a3b41f3c9aa" as Commit,
    }),
    cycle: cycle(4, { status: "ended", commit: "9b2d4e6f8091a2b3c4d5e6f708192a3b41f3c9aa" as Commit, at: now }),
    tasks: counts({ landed: 22, failed: 1 }),
    verdicts: [
      ...history,
      verdict(
        4,
        "achieved",
        "All 4 acceptance commands pass. The shop is React throughout; no Vue import is left, and the two flaky suites were rewritten.",
        [
          acceptance("unit", true, 1),
          acceptance("e2e", true, 1, 731_000),
          acceptance("types", true),
          acceptance("lint", true, null, 3_200),
        ],
      ),
    ],
  }),
  hostile: sampleView({
    ...middle(5, 0),
    run: sampleRun({
      goal: "\u001b]0;owned\u0007\u001b[2J日本語のテストを移植する \u202Egnp.exe\u202C \u0000 and more\nsecond line",
    }),
    planners: [
      "👨‍👩‍👧‍👦 family 🇩🇪 1️⃣ ❤️ 👍🏽",
      "\u001b[31mred\u001b[0m\r\n\tnext",
      "e\u0301\u0301\u0301\u0301\u0301\u0301 zalgo h̸̡̪̯ͨ͊̽̅̾̎",
      "שלום עולם مرحبا بالعالم",
      "한국어 제목이 아주 길어서 잘려야 하는 경우를 위한 텍스트입니다 한국어 제목이 아주 길어서",
      "हिन्दी क्षत्रिय ไทยภาษา",
    ].map((name, i) => planner(i + 1, i === 0 ? null : 1, { name })),
    running: [
      "\u009b2J\u0090dcs\u009c plain",
      "全角文字が続く題名全角文字が続く題名全角文字が続く題名全角文字が続く題名全角文字",
      "\u0301\u0301 leading marks",
      "a\u0000b\bc\u007fd",
      "\u2066isolated\u2069 \u200bzero\u200b width \ufeff",
      "🔥".repeat(60),
    ].map((title, i) => session(i + 1, { title, agent: i % 2 ? "клод" : "\u001b[5mblink" })),
  }),
} satisfies { [name: string]: RunView };

export function middle(planners: number, running: number): RunView {
  return sampleView({
    cycle: cycle(4, { status: "working", deadlineAt: now + minute }),
    tasks: counts({ landed: 31, running: running, ready: 12, blocked: 15, failed: 2, cancelled: 1 }),
    tasksOfRun: counts({ landed: 57, running: running, ready: 12, blocked: 15, failed: 4, cancelled: 3 }),
    planners: tree(planners),
    running: sessions(running),
    queued: 18,
    landings: { landed: 57, verified: 51, conflict: 9, refused: 1 },
    checks: { runs: 14, failed: 2, redSince: null },
    verdicts: history,
    sessions: 241,
  });
}
