/** What waits in the queue holds nothing that others need, and is not passed over for ever. */
import { expect, test } from "vitest";
import { noBudgets } from "../../src/domain/budget.ts";
import { acpPresets } from "../../src/config/acp-presets.ts";
import { commandAgent } from "../../src/domain/run-config.ts";
import { noUsage } from "../../src/domain/session.ts";
import { endAttemptFailed } from "../../src/engine/attempts.ts";
import { pause, resume, send } from "../../src/engine/control.ts";
import { endTurn } from "../../src/engine/turns.ts";
import { base, oneCycle, run } from "./one-cycle.ts";

const dear = { ...commandAgent("true"), costMicroUsd: 6 };

test("a session that a pause put aside does not wait for the money that it had reserved itself", async () => {
  const preset = Object.values(acpPresets).find(({ resume: can }) => can !== null)!;
  const a = { ...dear, kind: "acp", name: "x", preset, model: null, ownModel: null } as const;
  const { change, claim, root, task, store } = await oneCycle({
    agents: { a },
    budget: { ...noBudgets, microUsd: 10 },
  });
  await task(root, "one");
  const [first] = await claim({ worker: 1 });
  await change((tx) => tx.openSession(first!.session, { base, readUpTo: null }, null));
  await pause(store, run, "operator", 0);
  await change((tx) => endAttemptFailed(tx, first!, { kind: "cut", by: "pause" }, noUsage, null));
  expect(await change(async (tx) => tx.run.spend.reservedMicroUsd)).toBe(0);
  await resume(store, run, {});
  expect((await claim({ worker: 1 })).map(({ session }) => session)).toEqual([first!.session]);
});

test("a scope that waits for its money does not keep the others from working", async () => {
  const planner = { microUsd: 10, tokens: null };
  const { claim, spawn, task } = await oneCycle({ agents: { a: dear }, budget: { ...noBudgets, planner } });
  const [poor, other] = [await spawn("poor"), await spawn("other")];
  for (const name of ["1", "2", "3", "4"]) await task(poor, name, { priority: 1 });
  const [begun, last] = [await task(poor, "0", { priority: 2 }), await task(other, "last")];
  const claims = await claim({ worker: 2 });
  expect(claims.map(({ subject }) => "task" in subject && subject.task)).toEqual([begun, last]);
});

test("a turn is not passed over for those that are queued after it", async () => {
  const { change, claim, root, spawn } = await oneCycle();
  const child = await spawn("child");
  const turns = [];
  for (let turn = 0; turn < 3; turn++) {
    const [claimed] = await claim({ planner: 1 });
    turns.push("planner" in claimed!.subject && claimed!.subject.planner);
    // Something new comes for the one below all the time.
    await change(async (tx) => {
      await tx.insertMessage(child, { kind: "operator", text: "more" });
      await endTurn(tx, claimed!, { actions: [], readUpTo: null, usage: noUsage });
    });
  }
  expect(turns).toContain(root);
});

test("a cycle's time stands still while its run is paused", async () => {
  const { store, change, claim, clock, root, task } = await oneCycle();
  await task(root, "one");
  await pause(store, run, "operator", 1_000);
  clock.timer(3 * 86_400_000, () => undefined);
  clock.next();
  await resume(store, run, {});
  expect(await claim({ worker: 1 })).toHaveLength(1);
  expect(await change(async (tx) => (await tx.cycle())?.state.status)).toBe("working");
});

test("a message to a planner that was given up is refused, for nobody will read it", async () => {
  const { store, change, spawn } = await oneCycle();
  const gone = await spawn("gone");
  await change((tx) => tx.updatePlanner(gone, { status: "cancelled" }));
  expect(await send(store, run, gone, "hello")).toMatchObject({ ok: false });
});
