/** Simulated agents: what they answer, how long they take and how they misbehave comes from the dice. */
import type { Brief, JudgeBrief, PlannerBrief } from "../../src/domain/brief.ts";
import { handoffOf } from "../../src/domain/handoff.ts";
import type { PlannerAction } from "../../src/domain/plan.ts";
import { noUsage } from "../../src/domain/session.ts";
import type { AgentAnswer, Agents, AgentSession } from "../../src/engine/ports.ts";
import type { VirtualClock } from "./clock.ts";
import { Mind, unfinished, vendor } from "./mind.ts";
import type { Dice } from "./random.ts";
import type { Edits } from "./trunk.ts";

const files = Array.from({ length: 10 }, (_, n) => `file-${n}`);
const usage = { microUsd: 1_000, tokens: 10 };

export class SimAgents {
  readonly #dice: Dice;
  readonly #clock: VirtualClock;
  readonly #edits: Edits;
  readonly #faults: number;
  /** Sessions whose agents are alive, with how to kill them. */
  readonly alive = new Map<string, () => void>();
  /** The messages that each turn's brief held, by the session's name. */
  readonly read = new Map<string, string[]>();
  #tasks = 0;

  constructor(dice: Dice, clock: VirtualClock, edits: Edits, faults: number) {
    this.#dice = dice;
    this.#clock = clock;
    this.#edits = edits;
    this.#faults = faults;
  }

  port(step: () => Promise<void>): Agents {
    const traits = (agent: string) =>
      agent === "mind"
        ? { keepsRecord: true, credential: vendor, memoryBytes: 0 }
        : { keepsRecord: false, credential: null, memoryBytes: 0 };
    return { traits, open: (order) => this.#open(step, order) };
  }

  killAll(): number {
    const killed = this.alive.size;
    for (const kill of this.alive.values()) kill();
    return killed;
  }

  #open(step: () => Promise<void>, order: Parameters<Agents["open"]>[0]): AgentSession {
    const name = order.workspace;
    let closed: (() => void) | null = null;
    return {
      handOffFile: `${name}.hand-off`,
      handOffNow: () => undefined,
      converse: async (brief) => {
        await step();
        const killed = new Promise<"killed">((resolve) => {
          closed = () => resolve("killed");
          this.alive.set(name, closed);
        });
        if (order.agent === "mind") {
          const answer = await this.#think(order, brief, killed);
          this.alive.delete(name);
          await step();
          return answer;
        }
        this.#reads(brief);
        const hangs = this.#dice.chance(this.#faults / 4);
        const durationMs = hangs ? 10_000_000_000 : this.#dice.int(10, 120_000);
        const talks = this.#dice.chance(0.5) ? this.#talk(order, durationMs) : () => undefined;
        const end = await Promise.race([this.#clock.wait(durationMs), killed]);
        talks();
        this.alive.delete(name);
        const answer: AgentAnswer =
          end === "killed"
            ? {
                kind: "failure",
                failure: { kind: "crashed", exitCode: null, signal: "SIGKILL", detail: "" },
                usage: { microUsd: 0, tokens: 0 },
              }
            : this.#answer(brief, name);
        await step();
        return answer;
      },
      close: async () => {
        await step();
        closed?.();
      },
    };
  }

  #reads(brief: Brief): void {
    if (brief.role !== "planner") return;
    const inbox = brief.inbox.map((message) => message.id);
    // One that was frozen thaws when another engine has begun the turn anew, with what has come since.
    if (inbox.length >= (this.read.get(brief.session)?.length ?? 0)) this.read.set(brief.session, inbox);
  }

  async #think(order: Parameters<Agents["open"]>[0], brief: Brief, killed: Promise<"killed">): Promise<AgentAnswer> {
    let dead = false;
    void killed.then(() => (dead = true));
    const mind = new Mind({ dice: this.#dice, clock: this.#clock, faults: this.#faults, host: order.host }, () => dead);
    const before = await mind.resume();
    if (!before) this.#reads(brief);
    const thought = await mind.think();
    if (!thought.ok) return unfinished(thought.failure);
    const answer = this.#answer(brief, order.workspace);
    if (answer.kind === "plan") {
      const [last] = answer.actions.slice(-1);
      const finish = last?.type === "finish_scope" ? [last] : [];
      await mind.act(answer.actions.filter((action) => action.type !== "finish_scope"));
      return { ...answer, actions: finish, usage: noUsage };
    }
    if (answer.kind === "work") await mind.note(true);
    return { ...answer, usage: noUsage };
  }

  /** Prints now and then, so that the stall detection has something to see. */
  #talk(order: Parameters<Agents["open"]>[0], durationMs: number): () => void {
    let cancel = () => {};
    const everyMs = Math.max(10_000, durationMs / 5);
    const again = () => {
      order.onOutput("stdout", "working\n");
      cancel = this.#clock.timer(everyMs, again);
    };
    cancel = this.#clock.timer(everyMs, again);
    return () => cancel();
  }

  #answer(brief: Brief, workspace: string): AgentAnswer {
    if (this.#dice.chance(this.#faults)) return this.#fault();
    switch (brief.role) {
      case "planner":
        return { kind: "plan", actions: this.#plan(brief), usage };
      case "worker":
      case "arbiter":
        return this.#work(workspace);
      case "judge":
        return { kind: "verdict", proposal: this.#verdict(brief), usage };
    }
  }

  #fault(): AgentAnswer {
    const failure = this.#dice.pick([
      { kind: "crashed", exitCode: 1, signal: null, detail: "boom" },
      { kind: "malformed", detail: "actions[0].name: expected string" },
      { kind: "environment", detail: "no such program" },
      { kind: "gave_up", reason: "too hard" },
    ] as const);
    return { kind: "failure", failure, usage };
  }

  #work(workspace: string): AgentAnswer {
    const status = this.#dice.chance(0.05) ? "nothing_to_do" : this.#dice.chance(0.1) ? "partial" : "done";
    const edits = this.#edits.get(workspace);
    if (status !== "nothing_to_do" && !this.#dice.chance(this.#faults))
      for (let n = this.#dice.int(1, 2); n > 0; n--) edits?.add(this.#dice.pick(files));
    return { kind: "work", status, message: null, handoff: handoffOf("edited"), usage };
  }

  #verdict(brief: JudgeBrief) {
    const verdict = this.#dice.pick(["continue", "achieved", "achieved", "stop"] as const);
    return { verdict, summary: `cycle ${brief.cycle.number}`, brief: "go on" };
  }

  #plan(brief: PlannerBrief): PlannerAction[] {
    const dice = this.#dice;
    const actions: PlannerAction[] = [{ type: "write_scratchpad", text: `turn ${brief.session}` }];
    const first = brief.scratchpad === "";
    if (first && brief.limits.depthLeft > 0)
      for (let n = dice.int(0, 2); n > 0; n--)
        actions.push({
          type: "spawn_planner",
          name: `p${n}`,
          question: `question ${brief.planner.id} ${n}`,
          paths: [],
          agent: null,
        });
    const names = brief.tasks
      .filter((task) => task.status !== "failed" && task.status !== "cancelled")
      .map((task) => task.name);
    for (let n = first ? dice.int(0, 6) : dice.int(-3, 2); n > 0 && this.#tasks < 60; n--) {
      const name = `task ${++this.#tasks}`;
      const dependsOn = names.length > 0 && dice.chance(0.5) ? [dice.pick(names), dice.pick(names)] : [];
      // Any planner's task may be waited for; one that is not of this cycle, or will never land, is refused.
      if (dice.chance(0.1)) dependsOn.push(`t${dice.int(1, this.#tasks)}`);
      actions.push({
        type: "create_task",
        name,
        title: name,
        instructions: "",
        paths: [],
        priority: dice.int(0, 3),
        acceptance: "",
        agent: null,
        dependsOn,
      });
      names.push(name);
    }
    const open = brief.tasks.filter((task) => ["blocked", "ready", "running"].includes(task.status));
    if (open.length > 0 && dice.chance(0.15))
      actions.push({ type: "cancel_task", task: dice.pick(open).id, reason: "changed my mind" });
    const waiting = open.filter((task) => task.status !== "running" && !actions.some((a) => a.type === "cancel_task"));
    if (waiting.length > 0 && dice.chance(0.2))
      actions.push({
        type: "update_task",
        task: dice.pick(waiting).id,
        change: dice.pick([{ agent: "sim" }, { agent: "mind" }, { agent: null }, { priority: 9 }, { title: "now" }]),
      });
    if (dice.chance(this.#faults)) actions.push(this.#nonsense(brief));
    else if (!first && open.length === 0 && dice.chance(0.5) && !actions.some((a) => a.type === "create_task"))
      this.#finish(brief, actions);
    return actions;
  }

  #finish(brief: PlannerBrief, actions: PlannerAction[]): void {
    if (brief.planners.every((planner) => planner.status !== "active"))
      actions.push({ type: "finish_scope", handoff: handoffOf("all done") });
  }

  #nonsense(brief: PlannerBrief): PlannerAction {
    const name = `bad ${brief.session}`;
    return this.#dice.pick<PlannerAction>([
      {
        type: "create_task",
        name,
        title: name,
        instructions: "",
        paths: [],
        priority: 0,
        acceptance: "",
        agent: null,
        dependsOn: [name],
      },
      {
        type: "create_task",
        name,
        title: name,
        instructions: "",
        paths: ["../outside"],
        priority: 0,
        acceptance: "",
        agent: null,
        dependsOn: [],
      },
      { type: "spawn_planner", name, question: brief.planner.question, paths: [], agent: null },
      { type: "cancel_task", task: "t999999", reason: "" },
    ]);
  }
}
