/** What sessions record, what is charged to whom, and what is known of credentials. */
import { expect, test } from "vitest";
import { decideSpend } from "../domain/budget.ts";
import type { PlannerId, SessionId } from "../domain/ids.ts";
import { freshCredential } from "../domain/rate.ts";
import type { Session } from "../domain/session.ts";
import type { Transition } from "../engine/store-port.ts";
import { base, me, run, type OpenStore } from "./open-store.testsuite.ts";

const atMost = { microUsd: 900, tokens: 90 };
const call = { credential: "anthropic", model: "anthropic/m", atMost };
const settled = {
  status: "answered",
  tokens: { input: 1, cached: 2, written: 3, output: 4 },
  microUsd: 500,
  priceSource: "known",
  detail: null,
} as const;

export function recordTests(w: OpenStore): void {
  const { change, cycleWithRoot, queue, claimNext } = w;

  /** A sub-planner's turn that is claimed. */
  async function runningTurn() {
    const at = await cycleWithRoot();
    const child = await change((tx) =>
      tx.insertPlanner({ ...at, parent: at.planner, depth: 1, name: "child", question: "c", paths: [], agent: null }),
    );
    await queue(at.cycle, { kind: "turn", planner: child });
    const claim = await claimNext("turn");
    if (!claim) throw new Error("nothing was claimable");
    const session = (tx: Transition) => held(tx, claim.session);
    return { at, child, claim, session };
  }

  test("steps come back as they were recorded, in order, NULs and all, and only the session's own", async () => {
    const { claim } = await runningTurn();
    const steps = [
      { kind: "opening", body: { text: "a\0b \\u0000 \ud83d\ude00", list: [1, null, true] } },
      { kind: "reply", body: "second" },
    ];
    expect(await change((tx) => tx.hasSteps(claim.session))).toBe(false);
    for (const step of steps) await change((tx) => tx.appendStep(claim.session, step, null));
    expect(await change((tx) => tx.steps(claim.session))).toEqual(steps);
    expect(await change((tx) => tx.steps((claim.session + 1) as SessionId))).toEqual([]);
    expect(await change((tx) => tx.hasSteps(claim.session))).toBe(true);
  });

  test("a session goes back into the queue as itself, and its next claim fences the last", async () => {
    const { claim, session } = await runningTurn();
    await change(async (tx) => {
      await tx.openSession(claim.session, { base, readUpTo: null }, null);
      await tx.appendStep(claim.session, { kind: "note", body: 1 }, "the workspace");
      await tx.requeueSession(claim.session, tx.now);
    });
    const again = await claimNext("turn");
    expect(again).toMatchObject({ session: claim.session, token: claim.token + 1, holder: me });
    expect(await change(session)).toMatchObject({ opening: { base, readUpTo: null }, workspace: "the workspace" });
    await change((tx) => tx.appendStep(claim.session, { kind: "note", body: 2 }, null));
    expect(await change(session)).toMatchObject({ workspace: "the workspace" });
  });

  test("agents that rest are passed over", async () => {
    const { at, claim } = await runningTurn();
    await change((tx) => tx.requeueSession(claim.session, tx.now));
    expect(await change((tx) => tx.claimable("turn", 5, ["a"]))).toEqual([]);
    expect(await change((tx) => tx.claimable("turn", 5, ["b"]))).toHaveLength(1);
    expect(at.planner).toBeGreaterThan(0);
  });

  test("an action's answer is kept, once", async () => {
    const { claim } = await runningTurn();
    expect(await change((tx) => tx.actionAnswer(claim.session, "call 1"))).toBeNull();
    await change((tx) => tx.insertActionAnswer(claim.session, "call 1", { ok: true, created: [] }));
    expect(await change((tx) => tx.actionAnswer(claim.session, "call 1"))).toEqual({ ok: true, created: [] });
    await expect(change((tx) => tx.insertActionAnswer(claim.session, "call 1", {}))).rejects.toThrow(/unique/i);
  });

  test("a call is charged to its session, its planner and those above, its cycle and its run", async () => {
    const { at, child, session } = await runningTurn();
    const id = await change(async (tx) => {
      const own = await session(tx);
      await tx.charge(own, { microUsd: 0, tokens: 0, reservedMicroUsd: 900, reservedTokens: 90 });
      return tx.insertCall(own, call);
    });
    expect(await change((tx) => tx.callsUnderWay("anthropic"))).toBe(1);
    expect(await change((tx) => tx.callsUnderWay("openai"))).toBe(0);
    expect(await change(async (tx) => tx.openCalls((await session(tx)).id))).toMatchObject([{ id, atMost }]);
    const reserved = { microUsd: 0, reservedMicroUsd: 900, tokens: 0, reservedTokens: 90 };
    expect(await spendOf(child, session)).toEqual([reserved, reserved, reserved, reserved]);
    await change(async (tx) => {
      await tx.settleCall(id, settled);
      await tx.charge(await session(tx), { microUsd: 500, tokens: 10, reservedMicroUsd: -900, reservedTokens: -90 });
    });
    const spent = { microUsd: 500, reservedMicroUsd: 0, tokens: 10, reservedTokens: 0 };
    expect(await spendOf(child, session)).toEqual([spent, spent, spent, spent]);
    expect((await w.views.run(run))?.spend).toEqual(spent);
    expect(await change((tx) => tx.callsUnderWay("anthropic"))).toBe(0);
    expect(await change((tx) => tx.call(id))).toBeNull();
    await change((tx) => tx.settleCall(id, { ...settled, status: "unknown" }));
    expect(await change((tx) => tx.call(id))).toMatchObject({ id, isOpen: false });
    expect(at.planner).not.toBe(child);
  });

  /** Of the run, the cycle, the sub-planner and the session, as `accounts` has them. */
  async function spendOf(child: PlannerId, session: (tx: Transition) => Promise<Session>) {
    const accounts = await change(async (tx) => tx.accounts(await session(tx)));
    expect(accounts.map((account) => account.of)).toEqual(["run", "cycle", "planner", "session"]);
    expect(accounts[2]).toMatchObject({ planner: child });
    expect(decideSpend(accounts, { microUsd: 1e12, tokens: 1e12 })).toEqual({ kind: "fits" });
    return accounts.map((account) => account.spend);
  }

  test("what a judgement costs is not held against its cycle's budget", async () => {
    const at = await cycleWithRoot();
    await queue(at.cycle, { kind: "judgement" });
    const claim = await claimNext("judgement");
    const accounts = await change(async (tx) => tx.accounts(await held(tx, claim?.session ?? (0 as SessionId))));
    expect(accounts.map((account) => account.of)).toEqual(["run", "session"]);
  });

  test("what an agent says that it used is in the ledger, and was never under way", async () => {
    const { session } = await runningTurn();
    await change(async (tx) => tx.insertUsage(await session(tx), { microUsd: 7, tokens: 8 }));
    expect(await change(async (tx) => tx.openCalls((await session(tx)).id))).toEqual([]);
    const rows: { [column: string]: unknown }[] = [];
    for await (const { table, row } of w.views.everything(run)) if (table === "calls") rows.push(row);
    expect(rows).toMatchObject([
      { status: "answered", micro_usd: 7, input_tokens: 8, price_source: "told", role: "planner", agent: "a" },
    ]);
  });

  test("a credential is fresh until something is known of it", async () => {
    expect(await change((tx) => tx.credential("anthropic"))).toEqual(freshCredential);
    const resting = { ...freshCredential, until: 5, why: "429", troubles: 1 };
    await change((tx) => tx.setCredential("anthropic", resting));
    await change((tx) => tx.setCredential("anthropic", { ...resting, troubles: 2 }));
    expect(await change((tx) => tx.credentials())).toEqual({ anthropic: { ...resting, troubles: 2 } });
  });

  test("a task is changed together with its queued attempt", async () => {
    const at = await cycleWithRoot();
    const task = await w.insertTask(at, "a");
    await queue(at.cycle, { kind: "attempt", task, planner: at.planner });
    await change((tx) => tx.updateTask(task, { title: "New", priority: 7 }, { agent: "strong", priority: 7 }));
    expect(await change((tx) => tx.task(task))).toMatchObject({ title: "New", priority: 7, instructions: "" });
    expect(await change((tx) => tx.claimable("attempt", 1, []))).toMatchObject([{ agent: "strong", priority: 7 }]);
  });
}

async function held(tx: Transition, id: SessionId): Promise<Session> {
  const session = await tx.session(id);
  if (!session) throw new Error(`no session ${id}`);
  return session;
}
