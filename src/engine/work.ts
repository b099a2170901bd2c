/**
 * Work on a task: exchanges with one agent until its change has landed, or was sent back too often. An attempt begins with a
 * clean checkout; an arbitration with what an attempt lost with, and with the conflict in place.
 */
import type { OtherSide, SentBack } from "../domain/brief.ts";
import type { Failure } from "../domain/failure.ts";
import { handoffOf } from "../domain/handoff.ts";
import { idText, type Commit, type TaskId } from "../domain/ids.ts";
import { arbiterFor } from "../domain/run-config.ts";
import { noUsage, type Usage } from "../domain/session.ts";
import type { Contested } from "../domain/task.ts";
import { taskBrief } from "./briefs.ts";
import { converse, place, wrongAnswer, type Ending, type Session } from "./desk.ts";
import type { LaneAnswer } from "./group-landing.ts";
import type { Submission } from "./lane.ts";
import type { WorkStatus } from "./ports.ts";
import { begins, remember } from "./opening-session.ts";

export async function runAttempt(session: Session, task: TaskId): Promise<Ending> {
  session.watch.begin();
  return work(session, task, null, null);
}

/** The worker's change is tried once more as it is: what it lost against may have let it through, or have gone. */
export async function runArbitration(session: Session, task: TaskId, contested: Contested): Promise<Ending> {
  const { lane, claim, workspace, watch, opening } = session;
  watch.begin();
  // Its agent knows of the conflict, and the workspace is as it was kept.
  if (opening !== null) return work(session, task, contested, asKnown(opening.base, contested));
  const { handoff, message } = contested;
  const cycle = await session.store.transition(claim.run, async (tx) => (await tx.cycle())?.number ?? 0);
  const landed = await watch.standsStill(
    lane.land(claim, workspace, { handoff, message, cycle, usage: noUsage, cut: watch.cutSignal }),
  );
  if (landed.kind === "ended") return null;
  if (landed.kind === "cut") return { failure: cutOf(session), usage: noUsage };
  return work(session, task, contested, await sendBack(session, landed));
}

async function work(session: Session, task: TaskId, contested: Contested | null, first: Back | null): Promise<Ending> {
  const { claim, config, agents } = session;
  let usage = noUsage;
  let back = first;
  for (let tries = 1; tries <= config.limits.landingTriesMax; tries++) {
    const brief = await nextBrief(session, task, back);
    const answer = await converse(session, brief);
    usage = added(usage, answer.usage);
    if (answer.kind === "failure") return { failure: answer.failure, usage };
    if (answer.kind !== "work") return { failure: wrongAnswer(answer, "work"), usage };
    const submission = {
      handoff: answer.handoff,
      usage,
      message: answer.message ?? brief.task.title,
      cycle: brief.cycle.number,
      cut: session.watch.cutSignal,
    };
    const landed = await session.watch.standsStill(land(session, submission, answer.status, contested));
    if (landed.kind === "ended") return null;
    if (landed.kind === "cut") return { failure: cutOf(session), usage };
    if (landed.kind === "nothing_changed" && !agents.traits(claim.agent).keepsRecord)
      return { failure: { kind: "nothing_changed" }, usage };
    if (tries === config.limits.landingTriesMax) return lost(session, landed, tries, usage, submission);
    back = await sendBack(session, landed);
  }
  throw new Error("landingTriesMax is 0: nothing can be tried");
}

/**
 * What people pushed counts as merged from then on, so its conflict has to be resolved, also by an agent that finds nothing to do: markers
 * that are left send it back. To resolve it as the trunk has it is a resolution.
 */
async function land(
  { lane, claim, workspace }: Session,
  submission: Submission,
  status: WorkStatus,
  contested: Contested | null,
): Promise<LaneAnswer> {
  const isPeoples = contested !== null && contested.follows !== null;
  if (status === "nothing_to_do" && !isPeoples) return lane.nothingToDo(claim, submission);
  const landed = await lane.land(claim, workspace, submission);
  return landed.kind === "nothing_changed" && isPeoples ? lane.nothingToDo(claim, submission) : landed;
}

async function nextBrief(session: Session, task: TaskId, back: Back | null) {
  const { store, claim, trunk, workspace } = session;
  const keeps = back !== null && begins(session);
  const kept = keeps ? await trunk.keep(claim.run, workspace) : null;
  return store.transition(claim.run, async (tx) => {
    await remember(tx, session, null, kept?.ok ? kept.kept : null);
    const where = { ...place(session), base: back?.base ?? workspace.base };
    return taskBrief(tx, idText("session", claim.session), task, where, back?.sentBack ?? null);
  });
}

/** Sent back for the last time. What was in conflict goes on to an arbiter, if there is one. */
async function lost(
  session: Session,
  landed: SentBackAnswer,
  tries: number,
  usage: Usage,
  { handoff, message }: Submission,
): Promise<Ending> {
  if (landed.kind === "nothing_changed") return { failure: { kind: "nothing_changed" }, usage };
  if (landed.kind === "refused") return { failure: { kind: "refused", reasons: landed.reasons }, usage };
  const { files } = landed;
  const failure: Failure = { kind: "conflicts", tries, files };
  const { claim, config, store, trunk, workspace } = session;
  if (claim.subject.kind !== "attempt") return { failure, usage };
  const { task } = claim.subject;
  const row = await store.transition(claim.run, (tx) => tx.task(task));
  if (!row || arbiterFor(config, row.agent, row.paths) === null) return { failure, usage };
  const kept = await trunk.keep(claim.run, workspace);
  if (!kept.ok) return { failure, usage };
  return {
    failure,
    usage,
    contested: { kept: kept.kept, files, tries, handoff, message, follows: null },
  };
}

const added = (a: Usage, b: Usage): Usage => ({ microUsd: a.microUsd + b.microUsd, tokens: a.tokens + b.tokens });

function cutOf({ watch }: Session): Failure {
  if (watch.cutBy === null) throw new Error("the session was not cut");
  return watch.cutBy;
}

/** What a session is told that was sent back, and where its workspace stands now. */
type Back = { sentBack: SentBack; base: Commit };
type SentBackAnswer = Exclude<LaneAnswer, { kind: "ended" | "cut" }>;

/** To an agent that goes on in its own conversation this is never said. */
function asKnown(tip: Commit, { files }: Contested): Back {
  const unknown = files.map((path) => ({ path, base: null, trunk: null, yours: null }));
  return { sentBack: { kind: "conflict", tip, files: unknown, others: [] }, base: tip };
}

/** The trunk did not take it: what the session is told, and the workspace as it goes on with it. */
async function sendBack(session: Session, landed: SentBackAnswer): Promise<Back> {
  const { trunk, workspace, transcript } = session;
  const { base } = workspace;
  switch (landed.kind) {
    case "nothing_changed": // Whoever is still there can be asked.
      transcript.add("note", "refused: no file is changed");
      return {
        sentBack: { kind: "refused", reasons: ["no file is changed: if nothing has to be, submit nothing_to_do"] },
        base,
      };
    case "refused":
      transcript.add("note", `refused: ${landed.reasons.join("; ")}`);
      return { sentBack: landed, base };
    case "conflict": {
      const others = await otherSides(session, base, landed.files);
      const placed = await trunk.placeConflict(workspace, landed.tip);
      transcript.add("note", `sent back: conflicts in ${landed.files.join(", ")}`);
      return { sentBack: { kind: "conflict", tip: landed.tip, files: placed.files, others }, base: placed.base };
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
    return landings.map(({ task, commit }): OtherSide => {
      const title = tasks.find(({ id }) => id === task)?.title ?? "";
      const handoff = handoffs.findLast((each) => each.task === task)?.handoff ?? handoffOf("");
      return { task: idText("task", task), title, commit, handoff };
    });
  });
}
