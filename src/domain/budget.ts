/** Hard budgets: what must be left before anything that costs money may begin. */
import type { PlannerId } from "./ids.ts";

export type Budget = { microUsd: number | null; tokens: number | null };
export const noBudget: Budget = { microUsd: null, tokens: null };

/** The run's own budget, and those of each of its cycles, of each sub-planner with all below it, and of each session. */
export type Budgets = Budget & { cycle: Budget; planner: Budget; session: Budget };
export const noBudgets: Budgets = { ...noBudget, cycle: noBudget, planner: noBudget, session: noBudget };

/** Money in millionths of a dollar, so that sums are exact. `reserved…`: for what is under way. */
export type Spend = { microUsd: number; reservedMicroUsd: number; tokens: number; reservedTokens: number };
export const noSpend: Spend = { microUsd: 0, reservedMicroUsd: 0, tokens: 0, reservedTokens: 0 };

export type Cost = { microUsd: number; tokens: number };

/** One of the accounts that something is charged to. `name` is for people: `run kx4m2p`, `cycle 2`. */
export type Account = { name: string; budget: Budget; spend: Spend } & (
  | { of: "run" | "cycle" | "session" }
  | { of: "planner"; planner: PlannerId }
);

export type SpendDecision =
  | { kind: "fits" }
  /** It may fit once what is under way has been settled. */
  | { kind: "wait"; account: Account; detail: string }
  | { kind: "exhausted"; account: Account; detail: string };

/**
 * May something begin that will cost at most `ask`? What is spent, what is reserved and this must fit together into
 * every account, so that what is under way cannot pass a budget together. An account that is exhausted counts before one
 * that is worth waiting for.
 */
export function decideSpend(accounts: readonly Account[], ask: Cost): SpendDecision {
  let wait: SpendDecision | null = null;
  for (const account of accounts) {
    const { name, budget, spend } = account;
    const money = fits(budget.microUsd, spend.microUsd, spend.reservedMicroUsd, ask.microUsd);
    const tokens = fits(budget.tokens, spend.tokens, spend.reservedTokens, ask.tokens);
    if (money === "fits" && tokens === "fits") continue;
    const detail =
      money === "fits"
        ? `tokens of ${name}: ${spend.tokens} of ${budget.tokens} used${also(ask.tokens, String)}`
        : `money of ${name}: ${usd(spend.microUsd)} of ${usd(budget.microUsd ?? 0)} spent${also(ask.microUsd, usd)}`;
    if (money === "exhausted" || tokens === "exhausted") return { kind: "exhausted", account, detail };
    wait ??= { kind: "wait", account, detail };
  }
  return wait ?? { kind: "fits" };
}

function fits(budget: number | null, spent: number, reserved: number, ask: number): "fits" | "wait" | "exhausted" {
  if (budget === null) return "fits";
  if (spent >= budget || (reserved === 0 && spent + ask > budget)) return "exhausted";
  return spent + reserved + ask > budget ? "wait" : "fits";
}

/** What is left has to do for the call at hand and, once its session has been told, for two more. */
const lastCalls = 3;

/** Whether so much of a budget is gone that it is time to come to an end. `ask`: what the next call may cost. */
export function isNearlySpent({ budget, spend }: Account, ask: Cost): boolean {
  const gone = (limit: number | null, spent: number, next: number) =>
    limit !== null && (spent > limit * 0.8 || spent + lastCalls * next > limit);
  return gone(budget.microUsd, spend.microUsd, ask.microUsd) || gone(budget.tokens, spend.tokens, ask.tokens);
}

const also = (ask: number, show: (amount: number) => string) =>
  ask === 0 ? "" : `, and what would come next may take up to ${show(ask)}`;

/** `1234567` → `"$1.23"`; less than a cent keeps its digits: `1234` → `"$0.0012"`. */
export function usd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(microUsd > 0 && microUsd < 10_000 ? 4 : 2)}`;
}
