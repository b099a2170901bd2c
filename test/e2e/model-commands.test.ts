/** What an operator of a run with models sees: costs, prompts, estimates, logs, and a provider that has had enough. */
import { expect, onTestFinished, test } from "vitest";
import type { Costs } from "../../src/engine/views.ts";
import { call, role, sequence } from "../fake-model/brains.ts";
import type { NamedBrain } from "../fake-model/brain.ts";
import { startFakeModel, type FakeModel } from "../fake-model/server.ts";
import { until } from "./until.ts";
import { makeWorld, type World } from "./world.ts";

const planner = role(
  "planner",
  /You are a planner of Longhaul/,
  sequence(
    (view) =>
      view.lastUserText.includes("None yet.")
        ? {
            parts: [
              call("create_tasks", {
                tasks: [{ name: "a", title: "Write a.txt", instructions: "Write \u001b[2Ja.txt." }],
              }),
            ],
          }
        : { parts: [call("finish_scope", { handoff: { done: "All is there." } })] },
    [call("end_turn", {})],
  ),
);
const worker = role(
  "worker",
  /You are a worker of Longhaul/,
  sequence(
    [call("write_file", { path: "a.txt", content: "a\n" })],
    [call("submit", { status: "done", message: "Write a.txt", handoff: { done: "Written." } })],
  ),
);
const judge = role("judge", /You are the judge|You are a judge/, [
  call("submit_verdict", { verdict: "achieved", summary: "a.txt is there." }),
]);

async function modelWorld(
  brains: NamedBrain[] = [planner, worker, judge],
): Promise<{ world: World; model: FakeModel }> {
  const world = makeWorld();
  const model = await startFakeModel({ brains, credentials: { a: "key-a", b: "key-b" } });
  onTestFinished(() => model.stop());
  world.write(
    "longhaul.config.json",
    JSON.stringify({
      providers: {
        anthropic: { kind: "anthropic", baseUrl: model.anthropicUrl, keyEnv: "KEY_A" },
        own: { baseUrl: model.openaiUrl, keyEnv: "KEY_B" },
      },
      roles: {
        planner: { model: "anthropic/claude-opus-5", effort: "high" },
        worker: { model: "own/house-model" },
        judge: { model: "anthropic/claude-opus-5" },
      },
      budget: { usd: 50, perCycle: { usd: 40 } },
      limits: { pollMs: 200, killGraceMs: 300, leaseMs: 6_000 },
    }),
  );
  Object.assign(world.environment, { KEY_A: "key-a", KEY_B: "key-b" });
  return { world, model };
}

type CostsJson = { spend: { microUsd: number; tokens: number }; total: Costs; groups: { by: string; rows: Costs[] }[] };

test("after a run: what it cost and on what, what each session was told, a log to read", async () => {
  const { world } = await modelWorld();
  const { code, stderr, run } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/^planner: anthropic\/claude-opus-5 \(effort high\), \$5 in, /m);
  expect(stderr).toMatch(/^worker: own\/house-model, .* \(guessed\)/m);
  expect(stderr).toMatch(/The budget of \$50\.00 is a hard stop\.$/m);

  const costs = await world.json<CostsJson>("costs");
  const { input, cached, written, output } = costs.total.tokens;
  expect(costs.total.microUsd).toBe(costs.spend.microUsd);
  expect(input + cached + written + output).toBe(costs.spend.tokens);
  for (const { rows } of costs.groups)
    expect(rows.reduce((sum, row) => sum + row.microUsd, 0)).toBe(costs.total.microUsd);
  for (const by of ["session", "task", "planner", "role", "model", "cycle"])
    expect((await world.longhaul("costs", "--by", by)).stdout).toContain(`by ${by}`);
  expect(await world.longhaul("costs", "--by", "weather")).toMatchObject({ code: 2 });
  expect((await world.longhaul("costs", "--by", "model")).stdout).toMatch(/own\/house-model .*\$/);

  const told = await world.json<{ session: string; hash: string; system: string; message: string; tools: unknown[] }>(
    "prompts",
    "show",
    "--session",
    "s2",
  );
  expect(told).toMatchObject({ session: "s2", role: "worker", model: "own/house-model" });
  expect(told.message).toContain("Your task: t1, Write a.txt");
  const again = await world.json<typeof told>("prompts", "show", "worker", "--task", "t1");
  expect(again).toMatchObject({ session: null, hash: told.hash, system: told.system });
  expect(again.tools).toEqual(told.tools);

  const logs = (await world.longhaul("logs", "s2")).stdout;
  expect(logs).toContain(`prompt     ${told.hash}`);
  expect(logs).toMatch(/^cost {7}\$\d/m);
  expect(logs).toMatch(/^agent {6}worker: own\/house-model$/m);
  expect(logs).toMatch(/^ {2}title: Write a\.txt$/m);
  expect(logs).toMatch(/^--- answer\nkind: work$/m);
  expect((await world.longhaul("status", "--run", run)).stdout).toMatch(/^ {2}cycle 1 {2}\$\d.* of \$40\.00 /m);
});

test("prompts: templates to save, and briefs of planners and judges that have not begun", async () => {
  const { world } = await modelWorld();
  const template = await world.longhaul("prompts", "show", "worker");
  expect(template).toMatchObject({ code: 0, stderr: "" });
  expect(template.stdout).toContain("{{task}}");
  expect(template.stdout).toContain("<!-- brief -->");
  const { run } = await world.finishRun();
  const root = await world.longhaul("prompts", "show", "planner", "--planner", "root");
  expect(root.stdout).toContain('You are p1 ("root"), the root planner.');
  expect(root.stdout).toMatch(/===== 14 tools =====\n\nlist_files: /);
  expect(root.stderr).toContain("no turn follows");
  expect((await world.longhaul("prompts", "show", "judge", "--run", run)).stdout).toContain("You are the judge");
  const wrong = [
    ["nobody"],
    ["worker", "--run", run],
    ["worker", "--task", "t99"],
    ["worker", "--task", "p1"],
    ["planner", "--planner", "p99"],
    ["nudge", "--run", run],
    ["--session", "s99"],
    [],
  ];
  const refused = await Promise.all(wrong.map((words) => world.longhaul("prompts", "show", ...words)));
  expect(refused.map(({ code, stdout }) => [code, stdout])).toEqual(wrong.map(() => [2, ""]));
});

test("an estimate needs neither a run nor a provider", async () => {
  const { world, model } = await modelWorld();
  const config = ["--config", world.path("longhaul.config.json")];
  const { code, stdout } = await world.longhaul("estimate", ...config);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^repository 1 tracked file, /m);
  expect(stdout).toContain("One agent would do");
  const estimate = await world.json<{ roles: { role: string }[]; run: { usd: { low: number; high: number } } }>(
    "estimate",
    ...config,
  );
  expect(estimate.roles.map(({ role: of }) => of)).toEqual(["planner", "worker", "judge"]);
  expect(estimate.run.usd.low).toBeGreaterThan(0);
  expect(model.ledger.entries({})).toEqual([]);
});

test("a provider that rests is said, with who waits, and the run goes on when it is back", async () => {
  const { world, model } = await modelWorld();
  const until429 = { kind: "rate-limit", retryAfter: { form: "seconds", ms: 3_000_000 } } as const;
  const rule = model.faults.add({ fault: until429, where: { brain: "worker" } });
  const { run, ended, stderr } = await world.startRun();
  const view = await until(
    "a session put aside",
    async () => {
      const status = await world.status();
      return status.aside ? status : null;
    },
    stderr,
  );
  expect(view.resting).toMatchObject([{ credential: "own", queued: 1, running: 0 }]);
  expect(view.aside).toMatchObject({ sessions: 1 });
  expect((await world.longhaul("status")).stdout).toMatch(
    / {2}own rests for another \d+m \d\ds; 1 session waits\n {4}own\/house-model: 429 .*/,
  );
  await until(
    "the events to say so",
    () => /provider own rests for \d+m \d\ds: own\/house-model: 429/.exec(stderr()),
    stderr,
  );
  expect(stderr()).toMatch(/attempt s2 of t1 "Write a\.txt" goes on in \d+m \d\ds: put aside/);
  // The operator knows better than to wait: a resumed run asks again at once.
  model.faults.remove(rule);
  await world.longhaul("resume", "--run", run);
  expect((await ended).code).toBe(0);
});
