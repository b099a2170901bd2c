/** Hard budgets: what a claim must leave, and when a run has to pause. */

export type Budget = { microUsd: number | null; tokens: number | null };

/** Money in millionths of a dollar, so that sums are exact. */
export type Spend = { microUsd: number; reservedMicroUsd: number; tokens: number };

export type Exhaustion = { exhausted: false } | { exhausted: true; detail: string };

/**
 * May a session that will cost about `reserveMicroUsd` start? What is spent, what running sessions have reserved
 * and this reservation must fit together, so sessions in flight cannot pass the budget by their reservations.
 */
export function decideSpend(budget: Budget, spend: Spend, reserveMicroUsd: number): Exhaustion {
  if (budget.microUsd !== null) {
    const spoken = spend.microUsd + spend.reservedMicroUsd;
    if (spend.microUsd >= budget.microUsd || spoken + reserveMicroUsd > budget.microUsd) {
      return { exhausted: true, detail: `money: ${usd(spoken)} of ${usd(budget.microUsd)} spent or reserved` };
    }
  }
  if (budget.tokens !== null && spend.tokens >= budget.tokens) {
    return { exhausted: true, detail: `tokens: ${spend.tokens} of ${budget.tokens} used` };
  }
  return { exhausted: false };
}

/** `1234567` → `"$1.23"`. */
export function usd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`;
}
