/** The end of an attempt that the trunk did not take: an arbiter goes on with its work, unless something else was the matter. */
import { expect, onTestFinished, test } from "vitest";
import type { Commit, EngineId, RunId } from "../../src/domain/ids.ts";
import type { Failure } from "../../src/domain/failure.ts";
import { handoffOf } from "../../src/domain/handoff.ts";
import { commandAgent, configDefaults } from "../../src/domain/run-config.ts";
import { noUsage } from "../../src/domain/session.ts";
import { advance } from "../../src/engine/advance.ts";
import { endAttemptFailed } from "../../src/engine/attempts.ts";
import { queueAttempt, startCycle } from "../../src/engine/queueing.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { openStore } from "../../src/store/store.ts";

const run = "loses" as RunId;
const contested = { kept: "{}", files: ["a.txt"], tries: 3, handoff: handoffOf("done"), message: "T", follows: null };

/** A task whose only attempt has just failed so. */
async function afterwards(failure: Failure) {
  const store = await openStore(openSqlite(":memory:", Date));
  onTestFinished(() => store.close());
  const roles = { planner: "a", worker: "a", arbiter: "a", judge: null };
  const config = { ...configDefaults, agents: { a: commandAgent("true") }, roles, directory: "/" };
  await store.createRun({ id: run, repository: "/", goal: "g", config, base: "c" as Commit });
  const task = await store.transition(run, async (tx) => {
    await tx.updateRun({ state: { status: "running" } });
    await startCycle(tx, 1, "");
    const cycle = (await tx.cycle())!.id;
    const [planner] = await tx.activePlanners(cycle);
    const about = { cycle, planner: planner! };
    const spec = { name: "t", title: "T", instructions: "", paths: [], priority: 0, acceptance: "", agent: null };
    const id = await tx.insertTask({ ...about, spec, dependsOn: [], state: { status: "ready" } });
    await queueAttempt(tx, { ...spec, ...about, id, contested: null }, tx.now);
    return id;
  });
  const step = await store.transition(run, (tx) =>
    advance(tx, "e" as EngineId, { planner: 0, worker: 1, judge: 0 }, new Map(), {
      credentialOf: () => null,
      admit: () => true,
    }),
  );
  const claim = step.claims[0]!;
  return store.transition(run, async (tx) => {
    await endAttemptFailed(tx, claim, failure, noUsage, contested);
    const next = await tx.liveSession(claim.subject, claim.cycle);
    return { task: await tx.task(task), next, run: tx.run.state };
  });
}

test("who lost too often is followed by an arbiter", async () => {
  const { task, next, run: state } = await afterwards({ kind: "conflicts", tries: 3, files: ["a.txt"] });
  expect([task?.contested, next?.subject.kind, state.status]).toEqual([contested, "arbitration", "running"]);
});

test("a full disk is no conflict: the attempt is made again", async () => {
  const { task, next, run: state } = await afterwards({ kind: "environment", detail: "the disk is full" });
  expect([task?.contested, next?.subject.kind, state.status]).toEqual([null, "attempt", "running"]);
});
