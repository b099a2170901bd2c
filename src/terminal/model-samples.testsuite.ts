/** A made-up run of models, as the views would tell it. */
import { noSpend } from "../domain/budget.ts";
import type { RunView } from "../engine/views.ts";
import { cycle, middle, sampleRun } from "./samples.testsuite.ts";
import { now } from "./verdict-samples.testsuite.ts";

/** Models, budgets, and a provider that has had enough. */
export const restingRun: RunView = (() => {
  const view = middle(4, 3);
  const model = (name: string, effort: "high" | null = null) => ({
    kind: "model" as const,
    model: name,
    effort,
    outputTokensMax: 16_384,
    contextTokens: null,
    roles: ["planner" as const, "worker" as const],
    description: "",
  });
  const money = (microUsd: number) => ({ ...noSpend, microUsd, tokens: microUsd / 4 });
  const { config } = view.run;
  const run = sampleRun({
    config: {
      ...config,
      agents: {
        planner: model("anthropic/claude-opus-5", "high"),
        worker: model("openai/gpt-5.4"),
        strong: model("anthropic/claude-opus-5"),
      },
      budget: { ...config.budget, tokens: 20_000_000, cycle: { microUsd: 10_000_000, tokens: null } },
    },
    spend: { microUsd: 12_400_000, reservedMicroUsd: 1_200_000, tokens: 4_130_000, reservedTokens: 210_000 },
  });
  return {
    ...view,
    run,
    cycle: { ...cycle(4, { status: "working", deadlineAt: now + 60_000 }), spend: money(9_300_000) },
    planners: view.planners.map((one, i) => ({ ...one, spend: money(i === 0 ? 9_300_000 : 800_000 * i) })),
    running: view.running.map((one, i) => ({
      ...one,
      agent: ["worker", "strong", "worker"][i] ?? "worker",
      spend: money(42_000 * (i + 1)),
    })),
    aside: { sessions: 7, nextAt: now + 262_000 },
    resting: [
      {
        credential: "anthropic",
        until: now + 262_000,
        why: "anthropic/claude-opus-5: 429 rate_limit_error: Number of request tokens has exceeded your per-minute rate limit",
        running: 1,
        queued: 11,
      },
    ],
  };
})();
