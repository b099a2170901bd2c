/**
 * The conformance suite of the `AgentSession` port: what the engine may rely on whatever kind of agent it runs.
 * A kind brings a world in which its agents behave as the scripts say.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handoffOf } from "../domain/handoff.ts";
import type { ArbiterBrief, Brief, JudgeBrief, PlannerBrief, WorkerBrief } from "../domain/brief.ts";
import type { RunId, SessionId } from "../domain/ids.ts";
import { nothingPutBack } from "../domain/protected.ts";
import { nothingWeakened } from "../domain/weakened-tests.ts";
import type { AgentSession, SessionOrder } from "../engine/ports.ts";
import { memoryHost } from "./memory-host.testsuite.ts";

/** What an agent does in one conversation. */
export type Behaviour =
  | { does: "plan"; tasks: { name: string; title: string }[] }
  | { does: "work"; file: string; text: string; done: string }
  | { does: "judge"; verdict: "continue" | "achieved" | "stop"; summary: string; brief: string }
  /** Ends regularly with something that is no answer. */
  | { does: "talk_nonsense" }
  | { does: "give_up"; reason: string }
  | { does: "crash" }
  /** Works until it is asked to hand off, then answers `partial`. */
  | { does: "wait_for_hand_off" }
  /** Ignores every request to end; has processes of its own, one of them in a session of its own. */
  | { does: "never_end" }
  /** Works, and leaves processes behind: in its group, and as a daemon. */
  | { does: "leave_processes" };

export type AgentWorld = {
  /** The n-th conversation of the session follows the n-th behaviour. */
  open(script: Behaviour[], order: Omit<SessionOrder, "agent">): AgentSession;
  /** Ids of living processes that the session started; the engine's own do not count. */
  living(order: Omit<SessionOrder, "agent">): number[];
  dispose(): Promise<void>;
};

const patience = { timeout: 20_000, interval: 10 };
let sessions = 0;

export function testAgent(name: string, createWorld: (folder: string) => AgentWorld): void {
  vi.setConfig({ testTimeout: 30_000 });

  describe(`agent: ${name}`, () => {
    let folder = "";
    let world: AgentWorld;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "longhaul-agent-"));
      world = createWorld(folder);
    });
    afterEach(async () => {
      await world.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    function open(...script: Behaviour[]) {
      const session = ++sessions as SessionId;
      const workspace = join(folder, `workspace-${session}`);
      mkdirSync(workspace);
      const printed: string[] = [];
      const run = `suite-${process.pid}` as RunId;
      const host = memoryHost();
      const order = { run, session, workspace, host, onOutput: (_: unknown, text: string) => void printed.push(text) };
      const agent = world.open(script, order);
      return {
        agent,
        workspace,
        printed,
        host,
        living: () => world.living(order),
        brief: briefs(run, session, workspace, agent.handOffFile),
      };
    }

    test("a planner answers with a plan, or has acted on it by then", async () => {
      const { agent, brief, host } = open({
        does: "plan",
        tasks: [
          { name: "a", title: "Do a" },
          { name: "b", title: "Do b" },
        ],
      });
      const answer = await agent.converse(brief.planner);
      expect(answer.kind).toBe("plan");
      const atTheEnd = answer.kind === "plan" ? answer.actions : [];
      expect([...[...host.actions.values()].flat(), ...atTheEnd]).toMatchObject([
        { type: "create_task", name: "a", title: "Do a" },
        { type: "create_task", name: "b" },
      ]);
      await agent.close();
    });

    test("a worker changes files and answers with a handoff", async () => {
      const { agent, brief, workspace } = open({ does: "work", file: "out.txt", text: "é\n", done: "Wrote out.txt" });
      const answer = await agent.converse(brief.worker);
      expect(answer).toMatchObject({ kind: "work", status: "done", handoff: { done: "Wrote out.txt" } });
      expect(readFileSync(join(workspace, "out.txt"), "utf8")).toBe("é\n");
      await agent.close();
    });

    test.each(["continue", "achieved", "stop"] as const)("a judge answers with the verdict %s", async (verdict) => {
      const { agent, brief } = open({ does: "judge", verdict, summary: "So it is", brief: "Do more" });
      expect(await agent.converse(brief.judge)).toMatchObject({
        kind: "verdict",
        proposal: { verdict, summary: "So it is", brief: "Do more" },
      });
      await agent.close();
    });

    test("no answer is a failure, and the detail says why", async () => {
      const { agent, brief } = open({ does: "talk_nonsense" });
      const answer = await agent.converse(brief.planner);
      expect(answer).toMatchObject({
        kind: "failure",
        failure: { kind: expect.stringMatching(/^(malformed|unfinished)$/), detail: expect.stringMatching(/\w+/) },
      });
      await agent.close();
    });

    test("giving up is an answer of its own", async () => {
      const { agent, brief } = open({ does: "give_up", reason: "It cannot be done" });
      expect(await agent.converse(brief.worker)).toMatchObject({
        kind: "failure",
        failure: { kind: "gave_up", reason: "It cannot be done" },
      });
      await agent.close();
    });

    test("a crash is an answer, not a rejection", async () => {
      const { agent, brief } = open({ does: "crash" });
      expect(await agent.converse(brief.worker)).toMatchObject({
        kind: "failure",
        failure: { kind: expect.stringMatching(/^(crashed|provider)$/) },
      });
      await agent.close();
    });

    test("every answer tells the usage", async () => {
      const { agent, brief } = open({ does: "crash" });
      const { usage } = await agent.converse(brief.worker);
      expect(usage.microUsd).toBeGreaterThanOrEqual(0);
      expect(usage.tokens).toBeGreaterThanOrEqual(0);
      await agent.close();
    });

    test("the soft deadline brings what there is", async () => {
      const { agent, brief, printed } = open({ does: "wait_for_hand_off" });
      const answer = agent.converse(brief.worker);
      await vi.waitFor(() => expect(printed.join("")).not.toBe(""), patience);
      agent.handOffNow();
      expect(await answer).toMatchObject({ kind: "work", status: "partial" });
      await agent.close();
    });

    test("the soft deadline may pass before the agent has begun, and again after its end", async () => {
      const { agent, brief } = open({ does: "wait_for_hand_off" });
      agent.handOffNow();
      expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work", status: "partial" });
      agent.handOffNow();
      await agent.close();
      agent.handOffNow();
    });

    test("close ends a running agent and all its processes; the conversation answers", async () => {
      const { agent, brief, living, printed } = open({ does: "never_end" });
      const answer = agent.converse(brief.worker);
      await vi.waitFor(() => expect(printed.join("")).toContain("up"), patience);
      await Promise.all([agent.close(), agent.close()]);
      expect(await answer).toMatchObject({ kind: "failure" });
      expect(living()).toEqual([]);
      const before = printed.length;
      await agent.close();
      expect(printed).toHaveLength(before);
    });

    test("close before the first conversation, and a conversation after close, do no harm", async () => {
      const { agent, brief, living } = open({ does: "never_end" });
      await agent.close();
      expect(await agent.converse(brief.worker)).toMatchObject({ kind: "failure" });
      expect(living()).toEqual([]);
    });

    test("close right after the start", async () => {
      const { agent, brief, living } = open({ does: "never_end" });
      const answer = agent.converse(brief.worker);
      await agent.close();
      expect(await answer).toMatchObject({ kind: "failure" });
      expect(living()).toEqual([]);
    });

    test("a session that was sent back converses again", async () => {
      const { agent, brief, workspace } = open(
        { does: "work", file: "out.txt", text: "first", done: "First" },
        { does: "work", file: "out.txt", text: "second", done: "Second" },
      );
      expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work", handoff: { done: "First" } });
      const sentBack = { kind: "refused" as const, reasons: ["too large"] };
      expect(await agent.converse({ ...brief.worker, sentBack })).toMatchObject({
        kind: "work",
        handoff: { done: "Second" },
      });
      expect(readFileSync(join(workspace, "out.txt"), "utf8")).toBe("second");
      await agent.close();
    });

    test("nothing lives on after the session: neither its group nor a daemon", async () => {
      const { agent, brief, living } = open({ does: "leave_processes" });
      expect(await agent.converse(brief.worker)).toMatchObject({ kind: "work" });
      await agent.close();
      expect(living()).toEqual([]);
    });

    test("sessions side by side do not touch each other", async () => {
      const all = Array.from({ length: 8 }, (_, i) =>
        open({ does: "work", file: "out.txt", text: `${i}`, done: `Did ${i}` }),
      );
      const answers = await Promise.all(all.map(({ agent, brief }) => agent.converse(brief.worker)));
      expect(answers.map((answer) => (answer.kind === "work" ? answer.handoff.done : answer.kind))).toEqual(
        all.map((_, i) => `Did ${i}`),
      );
      await Promise.all(all.map(({ agent }) => agent.close()));
    });
  });
}

/** Briefs of a small run. */
export function briefs(
  run: RunId,
  session: SessionId,
  workspace: string,
  handOffFile: string,
): { planner: PlannerBrief; worker: WorkerBrief; arbiter: ArbiterBrief; judge: JudgeBrief } {
  const head = {
    version: 1 as const,
    session: `s${session}`,
    run: { id: run, goal: "Reach the goal", acceptance: [], protected: [] },
    cycle: { number: 1, brief: "", history: [] },
    workspace,
    base: "0".repeat(40),
    sparse: null,
    deadline: { softAt: 0, hardAt: 0, handOffFile },
  };
  const planner = { id: "p1", parent: null, depth: 0, name: "root", question: "Reach the goal", paths: [] };
  const limits = { depthLeft: 4, tasksPerTurnMax: 200, dependenciesPerTaskMax: 100, openTasksLeft: 5_000 };
  const task = { id: "t1", name: "a", title: "Do a", instructions: "", paths: [], acceptance: "", attempt: 1 };
  return {
    planner: {
      ...head,
      role: "planner",
      planner,
      scratchpad: "",
      inbox: [],
      tasks: [],
      tasksOmitted: 0,
      planners: [],
      hotFiles: [],
      refusals: [],
      limits,
    },
    worker: { ...head, role: "worker", task, dependencies: [], earlier: [], sentBack: null },
    arbiter: {
      ...head,
      role: "arbiter",
      task,
      dependencies: [],
      earlier: [],
      sentBack: null,
      contested: { handoff: handoffOf("mine"), tries: 8 },
    },
    judge: {
      ...head,
      role: "judge",
      since: head.base,
      acceptance: [],
      putBack: nothingPutBack,
      tests: nothingWeakened,
      tasks: { landed: 0, failed: 0, cancelled: 0 },
      handoffs: [],
    },
  } satisfies Record<Brief["role"], Brief>;
}
