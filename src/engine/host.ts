/** The engine's side of a session (`SessionHost`): each method is one transition that proves the claim. */
import { cutEnd } from "../domain/text.ts";
import { parseId, type CallId } from "../domain/ids.ts";
import { judgePlan, type PlannerAction } from "../domain/plan.ts";
import type { Planner } from "../domain/planner.ts";
import type { Claim, Session, Step } from "../domain/session.ts";
import type { Calls } from "./calls.ts";
import { applyPlan, viewFor } from "./planning.ts";
import { aborted } from "./aborted.ts";
import type {
  ActAnswer,
  CallOutcome,
  CallPermit,
  KeptWorkspace,
  PlannedCall,
  SessionHost,
  Trunk,
  Workspace,
} from "./ports.ts";
import { StaleClaimError, heldSession } from "./session-end.ts";
import type { Store, Transition } from "./store-port.ts";
import type { Watch } from "./watch.ts";

export type HostParts = {
  store: Store;
  trunk: Trunk;
  calls: Calls;
  claim: Claim;
  workspace: Workspace;
  watch: Watch;
  report(error: unknown): void;
};

const cutPermit: CallPermit = { ok: false, failure: { kind: "provider", detail: "the session was cut" } };

export function makeHost(parts: HostParts): SessionHost {
  const { store, trunk, calls, claim, workspace, watch, report } = parts;
  const held: Held = (change) =>
    store.transition(claim.run, async (tx) => {
      const session = await heldSession(tx, claim);
      if (!session) throw new StaleClaimError(claim);
      return change(tx, session);
    });
  const cut = aborted(watch.cutSignal).then((): "cut" => {
    calls.wake();
    return "cut";
  });
  return {
    steps: () => held((tx, session) => tx.steps(session.id)),

    async record(step: Step, keep: { workspace: boolean }): Promise<KeptWorkspace> {
      const kept = keep.workspace ? await trunk.keep(claim.run, workspace) : null;
      await held((tx, session) => tx.appendStep(session.id, step, kept?.ok ? kept.kept : null));
      return kept?.ok === false ? { ok: false, lost: kept.reasons } : { ok: true };
    },

    async beginCall(call: PlannedCall) {
      const waited = watch.waits();
      try {
        const begun = calls.begin(claim, call, () => watch.cutBy);
        const permit = await Promise.race([begun, cut]);
        // Others may stand in line for long; whoever is cut does not wait with them.
        if (permit === "cut") void withdrawLate(begun, calls).catch(report);
        return permit === "cut" || permit === null ? cutPermit : permit;
      } finally {
        waited();
      }
    },

    endCall: (call: CallId, end: CallOutcome, step: Step | null) => calls.end(claim, call, end, step),

    ...plannerSide(held),
  };
}

type Held = <T>(change: (tx: Transition, session: Session) => Promise<T>) => Promise<T>;

/** What only a planner's turn may do. */
function plannerSide(held: Held): Pick<SessionHost, "act" | "consider" | "handoff"> {
  const ofPlanner = <T>(change: (tx: Transition, session: Session, planner: Planner) => Promise<T>): Promise<T> =>
    held(async (tx, session) => {
      const planner = session.subject.kind === "turn" ? await tx.planner(session.subject.planner) : null;
      if (!planner) throw new Error(`session ${session.id} is no planner's turn`);
      return change(tx, session, planner);
    });
  return {
    act: (key, actions) =>
      ofPlanner(async (tx, session, planner) => {
        const before = (await tx.actionAnswer(session.id, key)) as ActAnswer | null;
        if (before) return before;
        const answer = await take(tx, session, planner, actions);
        await tx.insertActionAnswer(session.id, key, answer);
        return answer;
      }),

    consider: (actions) =>
      ofPlanner(async (tx, _session, planner) => {
        const judgement = judgePlan(await viewFor(tx, planner, actions), actions, tx.run.config.limits);
        return {
          errors: judgement.ok ? [] : judgement.errors,
          open: await tx.openChildren(planner.id),
          unread: await tx.countUnread(planner.id),
        };
      }),

    handoff: (of) => ofPlanner((tx, _session, planner) => findHandoff(tx, planner, of)),
  };
}

async function withdrawLate(begun: Promise<CallPermit | null>, calls: Calls): Promise<void> {
  try {
    const late = await begun;
    if (late?.ok) await calls.withdraw(late.call);
  } catch (error) {
    if (!(error instanceof StaleClaimError)) throw error; // Then nothing was let begin.
  }
}

async function take(tx: Transition, session: Session, planner: Planner, actions: PlannerAction[]): Promise<ActAnswer> {
  const cycle = await tx.cycle();
  if (cycle?.id !== planner.cycle || cycle.state.status !== "working")
    return { ok: false, errors: ["the cycle comes to its end: nothing new can begin; end this turn"] };
  const view = await viewFor(tx, planner, actions);
  const judgement = judgePlan(view, actions, tx.run.config.limits);
  if (judgement.ok) return { ok: true, created: await applyPlan(tx, planner, judgement.plan, view) };
  await tx.addEvent("planner.refused", { planner: planner.id, session: session.id }, { errors: judgement.errors });
  return { ok: false, errors: judgement.errors };
}

async function findHandoff(tx: Transition, planner: Planner, of: string) {
  const childId = parseId("planner", of);
  const child = childId === undefined ? null : await tx.planner(childId);
  if (child?.cycle === planner.cycle) {
    const found = await tx.handoffOfPlanner(child.id);
    return found && { title: child.name, ...found };
  }
  const taskId = parseId("task", of);
  const [task] = taskId === undefined ? await tx.tasksNamed(planner.id, [of]) : await tx.tasks([taskId]);
  if (!task || task.cycle !== planner.cycle) return null;
  const last = (await tx.handoffsOfTasks([task.id])).at(-1);
  return last ? { title: cutEnd(task.title, 200), status: task.state.status, handoff: last.handoff } : null;
}
