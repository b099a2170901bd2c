import { expect, test } from "vitest";
import { noBudgets } from "../domain/budget.ts";
import { estimateRun, type EstimatedAgent } from "../domain/estimate.ts";
import { openingLines, renderEstimate } from "./estimate.ts";

const model = (
  agent: string,
  name: string,
  some: Partial<EstimatedAgent & { kind: "model" }> = {},
): EstimatedAgent => ({
  kind: "model",
  agent,
  model: name,
  effort: null,
  price: { inputUsd: 5, cachedUsd: 0.5, writtenUsd: 6.25, outputUsd: 25 },
  priceSource: "known",
  contextTokens: 1_000_000,
  ...some,
});
const strong = model("planner", "anthropic/claude-opus-5", { effort: "high" });
const worker = model("worker", "openai/gpt-5.4");
const local = model("worker", "ollama/qwen3", {
  price: { inputUsd: 0, cachedUsd: 0, writtenUsd: 0, outputUsd: 0 },
  priceSource: "guessed",
  contextTokens: null,
});
const program: EstimatedAgent = { kind: "command", agent: "worker", costUsd: 0 };
const given = {
  repository: { files: 640, bytes: 1_400_000, textTokens: 380_000 },
  roles: { planner: strong, worker, judge: null },
  others: [{ role: "worker" as const, agent: model("strong", "anthropic/claude-opus-5") }],
  budget: { ...noBudgets, microUsd: 20_000_000 },
};
const render = (some: Partial<typeof given> = {}, width = 80) =>
  renderEstimate(estimateRun({ ...given, ...some }), { color: false, width });

test("repository, agents with their prices, the range of a run, the budget", () => {
  expect(render()).toMatchInlineSnapshot(`
    "repository 640 tracked files, 1.4MB, about 380k tokens of text

    agents     prices of a million tokens, and where they are from
      planner  anthropic/claude-opus-5 (effort high)  about $0.10–$2 a session
               $5 in, $0.50 cached, $25 out (known); context 1.0M tokens
      worker   openai/gpt-5.4                         about $0.40–$7 a session
               $5 in, $0.50 cached, $25 out (known); context 1.0M tokens
      strong   anthropic/claude-opus-5                about $0.40–$7 a session
               $5 in, $0.50 cached, $25 out (known); context 1.0M tokens

    run        16–160 tasks, 22–420 sessions: about $10–$900
    budget     $20.00: a hard stop

      The ranges rest on sessions of 5 to 50 calls that carry a growing context, and
      on one task for 4 to 40 files; what your goal asks for decides. Nothing was
      asked of a provider.
      Should the goal be a small one: on jobs of 15 files or fewer one agent alone
      has been measured to be 3–4 times cheaper and 4–13 times faster than a swarm."
  `);
});

test("a price that nobody knows is said to be guessed, and money that is none is not invented", () => {
  const screen = render({ roles: { ...given.roles, planner: local, worker: local }, others: [] });
  expect(screen).toContain("(guessed); context not known");
  expect(screen).toMatch(/sessions: no money$/m);
});

test("programs that do not say what they cost are left out, and that is said", () => {
  expect(render({ roles: { ...given.roles, worker: program }, others: [] })).toMatch(/without what programs\s+say/);
});

test("where nothing is known, no figure is made up", () => {
  const nothing = { files: 0, bytes: 0, textTokens: 0 };
  expect(render({ repository: nothing })).toContain("nothing is committed yet");
  const programs = { planner: program, worker: program, judge: null };
  expect(render({ roles: programs, others: [] })).toMatch(/sessions: what your programs spend is theirs to\s+say/);
});

test("the opening of a run: models, prices, a range, the budget; of programs alone nothing", () => {
  expect(openingLines(estimateRun(given))).toMatchInlineSnapshot(`
    [
      "planner: anthropic/claude-opus-5 (effort high), $5 in, $0.50 cached, $25 out (known) a million tokens, about $0.10–$2 a session",
      "worker: openai/gpt-5.4, $5 in, $0.50 cached, $25 out (known) a million tokens, about $0.40–$7 a session",
      "This repository (640 files) may take about $10–$900: longhaul estimate says why. The budget of $20.00 is a hard stop.",
    ]
  `);
  expect(openingLines(estimateRun({ ...given, budget: noBudgets })).join("\n")).toContain("No budget is set");
  expect(openingLines(estimateRun({ ...given, roles: { planner: program, worker: program, judge: null } }))).toEqual(
    [],
  );
});

test("on a small repository it says that one agent would do", () => {
  const small = { files: 9, bytes: 20_000, textTokens: 5_000 };
  expect(openingLines(estimateRun({ ...given, repository: small })).at(-1)).toMatch(
    /^Small: .*3–4 times cheaper and 4–13 times faster/,
  );
  const one = { files: 60, bytes: 90_000, textTokens: 25_000 };
  expect(openingLines(estimateRun({ ...given, repository: one })).at(-1)).toMatch(/^Small: /);
  expect(openingLines(estimateRun(given)).join("\n")).not.toContain("Small");
  expect(render({ repository: small })).toMatch(/One agent would do: there are only 9 files,/);
  expect(render({ repository: one })).toMatch(/One agent may do: the whole repository/);
});
