/** The engine's side of a session in memory, for tests of agents without an engine: everything is allowed, everything is kept. */
import type { CallId } from "../domain/ids.ts";
import type { Step } from "../domain/session.ts";
import type { PlannerAction } from "../domain/plan.ts";
import type { CallOutcome, PlannedCall, SessionHost } from "../engine/ports.ts";
import { decideAgain } from "../domain/rate.ts";

export type MemoryHost = SessionHost & {
  /** What was recorded; a second host over the same is the session continued. */
  readonly recorded: Step[];
  readonly calls: { planned: PlannedCall; end: CallOutcome | null }[];
  readonly actions: Map<string, PlannerAction[]>;
  /** How often the workspace was kept. */
  keeps: number;
};

export function memoryHost(recorded: Step[] = [], actions = new Map<string, PlannerAction[]>()): MemoryHost {
  const calls: MemoryHost["calls"] = [];
  return {
    recorded,
    calls,
    actions,
    keeps: 0,
    steps: async () => structuredClone(recorded),
    async record(step, { workspace }) {
      recorded.push(structuredClone(step));
      if (workspace) this.keeps++;
      return { ok: true };
    },
    async beginCall(planned) {
      calls.push({ planned, end: null });
      return { ok: true, call: (calls.length - 1) as CallId, nearlySpent: false };
    },
    async endCall(call, end, step) {
      const made = calls[call];
      if (!made || made.end) throw new Error(`call ${call} is not under way`);
      made.end = end;
      if (step) recorded.push(structuredClone(step));
      return end.fault && decideAgain(end.fault, end.tries, 0);
    },
    async act(key, wanted) {
      if (!actions.has(key)) actions.set(key, wanted);
      const created = wanted.flatMap((action, at) =>
        action.type === "create_task" ? [{ name: action.name, id: `t${at + 1}` }] : [],
      );
      return { ok: true, created };
    },
    async consider() {
      const tasks = [...actions.values()].flat().filter((action) => action.type === "create_task").length;
      return { errors: [], open: { tasks, planners: 0 }, unread: 0 };
    },
    handoff: async () => null,
  };
}
