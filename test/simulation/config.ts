/** What a simulated run is configured with: also by the dice. */
import { noBudget, noBudgets } from "../../src/domain/budget.ts";
import { limitDefaults, type Limits } from "../../src/domain/limits.ts";
import { checkPolicies, commandAgent, configDefaults, type RunConfig } from "../../src/domain/run-config.ts";
import { allRoles } from "../../src/domain/session.ts";
import { vendor } from "./mind.ts";
import type { Dice } from "./random.ts";

export const dayMs = 86_400_000;

export function configOf(dice: Dice): RunConfig {
  const limits: Limits = {
    ...limitDefaults,
    planDepthMax: dice.int(0, 3),
    cyclesMax: dice.int(1, 3),
    attemptsMax: dice.int(1, 3),
    landingTriesMax: dice.pick([1, 2, 8]),
    softDeadlineMs: 60_000,
    hardDeadlineMs: 100_000,
    stallMs: dice.pick([50_000, 200_000]),
    cycleMs: dice.pick([dayMs, dayMs, 600_000]),
    drainMs: dice.pick([1_000, 100_000]),
    retryBackoffMs: 1_000,
    pollMs: 20_000,
  };
  const money = { microUsd: dice.chance(0.2) ? 50_000 : null, tokens: null };
  return {
    ...configDefaults,
    agents: {
      sim: { ...commandAgent("sim"), costMicroUsd: dice.pick([0, 2_000]) },
      mind: {
        kind: "model",
        model: `${vendor}/m`,
        effort: null,
        outputTokensMax: 1_000,
        contextTokens: null,
        roles: allRoles,
        description: "",
      },
    },
    roles: {
      planner: dice.pick(["sim", "mind"]),
      worker: dice.pick(["sim", "mind"]),
      arbiter: dice.pick([null, "sim", "mind"]),
      judge: dice.chance(0.7) ? dice.pick(["sim", "mind"]) : null,
    },
    acceptance: [{ name: "test", command: "true", timeoutMs: null, protected: [] }],
    checks: dice.chance(0.5) ? [{ name: "check", command: "true", timeoutMs: null }] : [],
    checkPolicy: dice.pick(checkPolicies),
    budget: {
      ...noBudgets,
      ...money,
      cycle: dice.chance(0.1) ? { microUsd: 60_000, tokens: null } : noBudget,
      planner: dice.chance(0.1) ? { microUsd: 20_000, tokens: null } : noBudget,
      session: dice.chance(0.1) ? { microUsd: null, tokens: 400 } : noBudget,
    },
    parallel: { workers: dice.pick([1, 3, 16]), planners: dice.pick([1, 4]) },
    limits,
    directory: "/sim",
    identity: "Sim <sim@localhost>",
  };
}
