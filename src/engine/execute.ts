/**
 * Executes one claimed session from its workspace to its end. Whatever happens on the way, the session's row gets an
 * end in its own name, and its processes and its workspace are gone when `done` resolves.
 */
import { describeFailure, type Failure } from "../domain/failure.ts";
import { idText } from "../domain/ids.ts";
import { noUsage, type Claim } from "../domain/session.ts";
import { endAttemptFailed } from "./attempts.ts";
import { judgeBrief, plannerBrief } from "./briefs.ts";
import { converse, message, place, wrongAnswer, type Desk, type Ending, type Session } from "./desk.ts";
import { makeHost } from "./host.ts";
import { judge } from "./judge.ts";
import { endJudgementFailed } from "./judgements.ts";
import { remember } from "./opening-session.ts";
import { StaleClaimError } from "./session-end.ts";
import type { Transition } from "./store-port.ts";
import { Transcript } from "./transcript.ts";
import { endTurn, endTurnFailed } from "./turns.ts";
import { Watch } from "./watch.ts";
import { runArbitration, runAttempt } from "./work.ts";

export type Execution = { claim: Claim; watch: Watch; done: Promise<void>; visible: Visible };
/** What of the session can be seen on the machine by now; the rest was promised to it. */
export type Visible = { workspace: boolean; program: boolean };

/** Starts at once. `done` never rejects, unless the store itself can no longer be written. */
export function execute(desk: Desk, claim: Claim): Execution {
  const watch = new Watch(desk.clock, desk.config.limits, desk.report);
  const transcript = new Transcript(desk.store, desk.clock, claim, desk.config.limits.outputBytesMax, desk.report);
  const visible: Visible = { workspace: false, program: false };
  return { claim, watch, visible, done: run(desk, claim, watch, transcript, visible) };
}

async function run(desk: Desk, claim: Claim, watch: Watch, transcript: Transcript, visible: Visible): Promise<void> {
  let ending: Ending;
  try {
    ending = await inWorkspace(desk, claim, watch, transcript, visible);
  } catch (error) {
    // A claim that is lost is somebody else's to end; that is no fault.
    if (!(error instanceof StaleClaimError)) desk.report(error);
    ending = { failure: watch.cutBy ?? { kind: "environment", detail: message(error) }, usage: noUsage };
  } finally {
    watch.end();
    await transcript.end();
  }
  if (ending) await recordFailure(desk, claim, { ...ending, failure: await causeOf(desk, ending.failure) });
}

/** On a full disk everything fails in its own way; none of it is the agent's fault. */
async function causeOf({ machine, config, report }: Desk, failure: Failure): Promise<Failure> {
  if (["cut", "gave_up", "suspended", "over_budget"].includes(failure.kind)) return failure;
  const free = await machine.freeDiskBytes().catch((error: unknown) => {
    report(error);
    return Infinity;
  });
  if (free >= config.limits.diskFreeBytesMin) return failure;
  return {
    kind: "environment",
    detail: `the disk is full: ${Math.floor(free / 1_048_576)} MB are left (${describeFailure(failure)})`,
  };
}

async function inWorkspace(
  desk: Desk,
  claim: Claim,
  watch: Watch,
  transcript: Transcript,
  visible: Visible,
): Promise<Ending> {
  const name = idText("session", claim.session);
  const { opening, base, kept, contested, scope } = await desk.store.transition(claim.run, (tx) =>
    beginning(tx, claim),
  );
  const orLater = opening === null && claim.subject.kind !== "judgement";
  const workspace = await desk.trunk.openWorkspace(claim.run, name, base, { kept, orLater, scope });
  visible.workspace = true;
  const agent = desk.agents.open({
    run: claim.run,
    session: claim.session,
    agent: claim.agent,
    workspace: workspace.path,
    host: makeHost({ ...desk, claim, workspace, watch }),
    onOutput(stream, text) {
      // An empty text is no more than a sign of life: it may still wait to begin.
      if (text !== "") visible.program = true;
      watch.sawOutput();
      transcript.add(stream, text);
    },
  });
  const session: Session = { ...desk, claim, opening, watch, transcript, workspace, agent };
  try {
    switch (claim.subject.kind) {
      case "turn":
        return await runTurn(session, claim.subject.planner);
      case "attempt":
        return await runAttempt(session, claim.subject.task);
      case "arbitration":
        if (contested === null) throw new Error(`${idText("task", claim.subject.task)} is not contested`);
        return await runArbitration(session, claim.subject.task, contested);
      case "judgement":
        return await judge(session, (seen) =>
          desk.store.transition(claim.run, async (tx) => {
            await remember(tx, session, null);
            return judgeBrief(tx, name, claim.cycle, place(session), seen);
          }),
        );
    }
  } finally {
    desk.lane.left(claim.session);
    await agent.close();
    await workspace.remove();
  }
}

/** One that had recorded nothing yet begins anew: its agent knows nothing of the brief that was built for it. */
async function beginning(tx: Transition, { session, subject }: Claim) {
  const row = (await tx.hasSteps(session)) ? await tx.session(session) : null;
  const opening = row?.opening ?? null;
  const contested = subject.kind === "arbitration" ? ((await tx.task(subject.task))?.contested ?? null) : null;
  const kept = row?.workspace ?? contested?.kept ?? null;
  return { opening, base: opening?.base ?? tx.run.tip, kept, contested, scope: await scopeOf(tx, subject) };
}

/** What it is about. Who settles a conflict or judges looks at all of it. */
async function scopeOf(tx: Transition, subject: Claim["subject"]): Promise<readonly string[]> {
  switch (subject.kind) {
    case "turn":
      return (await tx.planner(subject.planner))?.paths ?? [];
    case "attempt":
      return (await tx.task(subject.task))?.paths ?? [];
    case "arbitration":
    case "judgement":
      return [];
  }
}

async function runTurn(
  session: Session,
  planner: Extract<Claim["subject"], { kind: "turn" }>["planner"],
): Promise<Ending> {
  const { store, claim } = session;
  session.watch.begin();
  const { brief, readUpTo } = await store.transition(claim.run, async (tx) => {
    const fresh = await plannerBrief(tx, idText("session", claim.session), planner, place(session));
    await remember(tx, session, fresh.readUpTo);
    // A session that is continued knows its first brief; what has come since wakes the next turn.
    return { ...fresh, readUpTo: session.opening ? session.opening.readUpTo : fresh.readUpTo };
  });
  const answer = await converse(session, brief);
  if (answer.kind === "failure") return answer;
  if (answer.kind !== "plan") return { failure: wrongAnswer(answer, "a plan"), usage: answer.usage };
  await store.transition(claim.run, (tx) =>
    endTurn(tx, claim, { actions: answer.actions, readUpTo, usage: answer.usage }),
  );
  return null;
}

async function recordFailure(desk: Desk, claim: Claim, ending: NonNullable<Ending>): Promise<void> {
  const { failure, usage, contested } = ending;
  await desk.store.transition(claim.run, (tx) => {
    switch (claim.subject.kind) {
      case "turn":
        return endTurnFailed(tx, claim, failure, usage);
      case "attempt":
      case "arbitration":
        return endAttemptFailed(tx, claim, failure, usage, contested ?? null);
      case "judgement":
        return endJudgementFailed(tx, claim, failure, usage);
    }
  });
}
