/** The tree of planners: in which order it is printed, and which of 2,000 planners are shown in 20 rows. */
import type { PlannerId } from "../domain/ids.ts";
import type { PlannerView } from "../engine/views.ts";

export type Branch = { planner: PlannerView; depth: number; parent: Branch | null };

/** Depth first, siblings in the order given. Planners whose parent is not there count as roots, so none is lost. */
export function treeOrder(planners: readonly PlannerView[]): Branch[] {
  const known = new Set(planners.map(({ id }) => id));
  const children = new Map<PlannerId | null, PlannerView[]>();
  for (const planner of planners) {
    const parent = planner.parent !== null && known.has(planner.parent) ? planner.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(planner);
    else children.set(parent, [planner]);
  }
  const order: Branch[] = [];
  const seen = new Set<PlannerId>();
  const walk = (from: readonly PlannerView[]) => {
    const open: Branch[] = from.map((planner) => ({ planner, depth: 0, parent: null })).toReversed();
    for (let next = open.pop(); next; next = open.pop()) {
      if (seen.has(next.planner.id)) continue;
      seen.add(next.planner.id);
      order.push(next);
      for (const planner of (children.get(next.planner.id) ?? []).toReversed())
        open.push({ planner, depth: next.depth + 1, parent: next });
    }
  };
  walk(children.get(null) ?? []);
  // Only rows that lied about their parents can be left: a ring. They are shown all the same.
  walk(planners.filter(({ id }) => !seen.has(id)));
  return order;
}

/** Lower goes first, and among equals those nearer to the root: what is in motion, what waits, what went wrong, what is over. */
function rank({ status, turn, tasks }: PlannerView): number {
  if (status === "active") return turn !== null || tasks.running > 0 ? 0 : 1;
  return { failed: 2, done: 3, cancelled: 4 }[status];
}

/**
 * At most `rows` branches, in tree order. A planner is shown only together with those above it: without them it could
 * not be told whose it is. One that does not fit in with them makes room for a later one that does.
 */
export function chooseBranches(order: readonly Branch[], rows: number): Branch[] {
  if (order.length <= rows) return [...order];
  const ranked = order
    .map((branch, at) => ({ branch, at, rank: rank(branch.planner) }))
    .toSorted((a, b) => a.rank - b.rank || a.branch.depth - b.branch.depth || a.at - b.at);
  const chosen = new Set<Branch>();
  for (const { branch } of ranked) {
    if (chosen.size >= rows) break;
    const missing: Branch[] = [];
    for (let up: Branch | null = branch; up && !chosen.has(up); up = up.parent) missing.push(up);
    if (chosen.size + missing.length <= rows) for (const one of missing) chosen.add(one);
  }
  return order.filter((branch) => chosen.has(branch));
}
