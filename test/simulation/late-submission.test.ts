/** What an engine that was frozen says of a session that went on elsewhere does not touch what the session has submitted since. */
import { expect, test } from "vitest";
import type { EngineId } from "../../src/domain/ids.ts";
import { handoffOf } from "../../src/domain/handoff.ts";
import { noUsage } from "../../src/domain/session.ts";
import { loseSession } from "../../src/engine/advance.ts";
import { submit } from "../../src/engine/attempts.ts";
import { cancelTask } from "../../src/engine/closing.ts";
import { Checks } from "../../src/engine/checks.ts";
import { Lane } from "../../src/engine/lane.ts";
import type { TakenIn } from "../../src/engine/ports.ts";
import { base, oneCycle, run } from "./one-cycle.ts";
import { SimTrunk } from "./trunk.ts";

/** An attempt that may go on as itself, and has submitted; the trunk looks into what it changed until `answer` is called. */
async function submitted() {
  const { change, claim, clock, root, store, task } = await oneCycle();
  const id = await task(root, "one");
  const held = (await claim({ worker: 1 }))[0]!;
  await change((tx) => tx.openSession(held.session, { base, readUpTo: null }, null));
  let answer: (taken: TakenIn) => void = () => {};
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const step = () => Promise.resolve();
  const trunk = {
    ...new SimTrunk(step, () => false).port(step, step),
    takeIn: () => new Promise<TakenIn>((resolve) => ((answer = resolve), asked())),
  };
  const { config } = await change(async (tx) => tx.run);
  const report = (error: unknown) => expect.unreachable(String(error));
  const commands = { run: () => Promise.reject(new Error("no check is configured")) };
  const checks = new Checks({ store, trunk, commands, clock, run, config, report });
  const lane = new Lane({ store, trunk, clock, run, checks, config, report });
  const workspace = await trunk.openWorkspace(run, "s1", base);
  const submission = { handoff: handoffOf("done"), usage: noUsage, message: "m", cycle: 1 };
  const landed = lane.land(held, workspace, { ...submission, cut: new AbortController().signal });
  await isAsked;
  return { change, held, id, landed, say: (taken: TakenIn) => answer(taken) };
}

test("that nothing was changed", async () => {
  const { change, held, id, landed, say } = await submitted();
  await change(async (tx) => {
    await loseSession(tx, (await tx.session(held.session))!);
    const again = await tx.claim((await tx.session(held.session))!, "other" as EngineId, tx.now + 1_000);
    await tx.setTask(id, { state: { status: "running", session: again.session } });
    await submit(tx, again, handoffOf("done elsewhere"), noUsage);
  });
  say({ kind: "unchanged" });
  expect(await landed).toEqual({ kind: "ended" });
  expect(await change((tx) => tx.openLanding(held.session))).toMatchObject({ handoff: { done: "done elsewhere" } });
});

test("nobody goes on with a task that was cancelled while its work was looked into, and had changed nothing", async () => {
  const { change, id, landed, say } = await submitted();
  await change((tx) => cancelTask(tx, id, "no more", "cancelled", new Set()));
  say({ kind: "unchanged" });
  expect(await landed).toEqual({ kind: "ended" });
  expect(await change((tx) => tx.task(id))).toMatchObject({ state: { status: "cancelled" } });
});
