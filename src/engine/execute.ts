/**
 * Executes one claimed session from its workspace to its end. Whatever happens on the way, the session's row gets an
 * end in its own name, and its processes and its workspace are gone when `done` resolves.
 */
import type { OtherSide, SentBack } from "../domain/brief.ts";
import { describeFailure, type Failure } from "../domain/failure.ts";
import { idText, type Commit, type MessageId } from "../domain/ids.ts";
import { noUsage, type Claim } from "../domain/session.ts";
import { endAttemptFailed } from "./attempts.ts";
import { judgeBrief, plannerBrief, workerBrief } from "./briefs.ts";
import { converse, message, place, wrongAnswer, type Desk, type Ending, type Session } from "./desk.ts";
import type { LaneAnswer } from "./lane.ts";
import { makeHost } from "./host.ts";
import { judge } from "./judge.ts";
import { endJudgementFailed } from "./judgements.ts";
import { heldSession, StaleClaimError } from "./session-end.ts";
import type { Transition } from "./store-port.ts";
import { Transcript } from "./transcript.ts";
import { endTurn, endTurnFailed } from "./turns.ts";
import { Watch } from "./watch.ts";

export type Execution = { claim: Claim; watch: Watch; done: Promise<void> };

/** Starts at once. `done` never rejects, unless the store itself can no longer be written. */
export function execute(desk: Desk, claim: Claim): Execution {
  const watch = new Watch(desk.clock, desk.config.limits, desk.report);
  const transcript = new Transcript(desk.store, desk.clock, claim, desk.config.limits.outputBytesMax, desk.report);
  return { claim, watch, done: run(desk, claim, watch, transcript) };
}

async function run(desk: Desk, claim: Claim, watch: Watch, transcript: Transcript): Promise<void> {
  let ending: Ending;
  try {
    ending = await inWorkspace(desk, claim, watch, transcript);
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

async function inWorkspace(desk: Desk, claim: Claim, watch: Watch, transcript: Transcript): Promise<Ending> {
  const name = idText("session", claim.session);
  const { tip, row, begun } = await desk.store.transition(claim.run, async (tx) => ({
    tip: tx.run.tip,
    row: await tx.session(claim.session),
    begun: await tx.hasSteps(claim.session),
  }));
  // One that had recorded nothing yet begins anew: its agent knows nothing of the brief that was built for it.
  const opening = begun ? (row?.opening ?? null) : null;
  const workspace = await desk.trunk.openWorkspace(claim.run, name, opening?.base ?? tip, row?.workspace ?? null);
  const agent = desk.agents.open({
    run: claim.run,
    session: claim.session,
    agent: claim.agent,
    workspace: workspace.path,
    host: makeHost({ ...desk, claim, workspace, watch }),
    onOutput(stream, text) {
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
      case "judgement":
        return await judge(session, (acceptance) =>
          desk.store.transition(claim.run, async (tx) => {
            await remember(tx, session, null);
            return judgeBrief(tx, name, claim.cycle, place(session), acceptance);
          }),
        );
    }
  } finally {
    desk.lane.left(claim.session);
    await agent.close();
    await workspace.remove();
  }
}

/** From now on the session can be continued, if its agent keeps a record. */
async function remember(tx: Transition, session: Session, readUpTo: MessageId | null): Promise<void> {
  const { agents, claim, opening, workspace } = session;
  if (opening !== null || !agents.traits(claim.agent).keepsRecord) return;
  if (await heldSession(tx, claim)) await tx.openSession(claim.session, { base: workspace.base, readUpTo });
}

type TaskOf = Extract<Claim["subject"], { kind: "attempt" }>["task"];

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

async function runAttempt(session: Session, task: TaskOf): Promise<Ending> {
  const { store, claim, lane, workspace, config, agents } = session;
  session.watch.begin();
  let usage = noUsage;
  let base: Commit = workspace.base;
  let back: Back | null = null;
  for (let tries = 0; tries < config.limits.landingTriesMax; tries++) {
    const brief = await store.transition(claim.run, async (tx) => {
      await remember(tx, session, null);
      return workerBrief(
        tx,
        idText("session", claim.session),
        task,
        { ...place(session), base },
        back?.sentBack ?? null,
      );
    });
    const answer = await converse(session, brief);
    usage = { microUsd: usage.microUsd + answer.usage.microUsd, tokens: usage.tokens + answer.usage.tokens };
    if (answer.kind === "failure") return { failure: answer.failure, usage };
    if (answer.kind !== "work") return { failure: wrongAnswer(answer, "work"), usage };
    const submission = {
      handoff: answer.handoff,
      usage,
      message: answer.message ?? brief.task.title,
      cycle: brief.cycle.number,
      cut: session.watch.cutSignal,
    };
    const landed = await (answer.status === "nothing_to_do"
      ? lane.nothingToDo(claim, submission)
      : lane.land(claim, workspace, submission));
    if (landed.kind === "ended") return null;
    if (landed.kind === "cut") return { failure: cutOf(session), usage };
    if (landed.kind === "nothing_changed" && !agents.traits(claim.agent).keepsRecord)
      return { failure: { kind: "nothing_changed" }, usage };
    back = await sendBack(session, landed);
    base = back.base;
  }
  const last =
    back?.sentBack.kind === "refused"
      ? ({ kind: "refused", reasons: back.sentBack.reasons } as const)
      : ({ kind: "conflicts", tries: config.limits.landingTriesMax, files: back?.files ?? [] } as const);
  return { failure: last, usage };
}

function cutOf({ watch }: Session): Failure {
  if (watch.cutBy === null) throw new Error("the session was not cut");
  return watch.cutBy;
}

type Back = { sentBack: SentBack; files: string[]; base: Commit };

/** The trunk did not take it: what the session is told, and the workspace as it goes on with it. */
async function sendBack(session: Session, landed: Exclude<LaneAnswer, { kind: "ended" | "cut" }>): Promise<Back> {
  const { trunk, workspace, transcript } = session;
  const { base } = workspace;
  switch (landed.kind) {
    case "nothing_changed": // Whoever is still there can be asked.
      transcript.add("note", "refused: no file is changed");
      return {
        sentBack: { kind: "refused", reasons: ["no file is changed: if nothing has to be, submit nothing_to_do"] },
        files: [],
        base,
      };
    case "refused":
      transcript.add("note", `refused: ${landed.reasons.join("; ")}`);
      return { sentBack: landed, files: [], base };
    case "conflict": {
      const others = await otherSides(session, base, landed.files);
      const placed = await trunk.placeConflict(workspace, landed.tip);
      transcript.add("note", `sent back: conflicts in ${landed.files.join(", ")}`);
      const sentBack: SentBack = { kind: "conflict", tip: landed.tip, files: placed.files, others };
      return { sentBack, files: landed.files, base: placed.base };
    }
  }
}

/** Newest first. */
const otherSidesMax = 5;

/** What landed in these files since the workspace was made. */
async function otherSides({ trunk, store, claim }: Session, since: Commit, files: string[]): Promise<OtherSide[]> {
  const landings = (await trunk.landedSince(claim.run, since, files)).toReversed().slice(0, otherSidesMax);
  return store.transition(claim.run, async (tx) => {
    const ids = landings.map(({ task }) => task);
    const [tasks, handoffs] = [await tx.tasks(ids), await tx.handoffsOfTasks(ids)];
    return landings.flatMap(({ task, commit }): OtherSide[] => {
      const title = tasks.find(({ id }) => id === task)?.title;
      const handoff = handoffs.findLast((each) => each.task === task)?.handoff;
      return title === undefined || !handoff ? [] : [{ task: idText("task", task), title, commit, handoff }];
    });
  });
}

async function recordFailure(desk: Desk, claim: Claim, { failure, usage }: NonNullable<Ending>): Promise<void> {
  await desk.store.transition(claim.run, (tx) => {
    switch (claim.subject.kind) {
      case "turn":
        return endTurnFailed(tx, claim, failure, usage);
      case "attempt":
        return endAttemptFailed(tx, claim, failure, usage);
      case "judgement":
        return endJudgementFailed(tx, claim, failure, usage);
    }
  });
}
