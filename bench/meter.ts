/**
 * Measures the engine from outside: ports wrapped around the real ones, which note how long each call took. Nothing in
 * `src/` knows of it.
 */
import type { AgentSession, Agents, ProcessGroups, Trunk, Workspace } from "../src/engine/ports.ts";
import type { Store, Transition } from "../src/engine/store-port.ts";

/** The parts of a session that are timed, in the order in which they come. */
export const phases = [
  "workspace made",
  "workspace kept",
  "spawn call",
  "program ran",
  "marked processes searched",
  "waited for the lane",
  "trunk.takeIn",
  "trunk.stage",
  "trunk.moveTo",
  "workspace removed",
  "transaction: wait",
  "transaction: work",
  "transaction: commit",
  "request estimated",
  "call permitted",
  "call made",
  "call settled",
  "tools run",
  "step recorded",
] as const;
export type Phase = (typeof phases)[number];

export class Meter {
  readonly ms = Object.fromEntries(phases.map((phase) => [phase, []])) as unknown as { [P in Phase]: number[] };
  /** When the agent of an attempt answered, and when its workspace was gone; by session id, ms since 1970. */
  readonly answeredAt = new Map<number, number>();
  readonly removedAt = new Map<number, number>();

  /** Forgets what was noted so far. */
  clear(): void {
    for (const phase of phases) this.ms[phase].length = 0;
  }

  note(phase: Phase, ms: number): void {
    this.ms[phase].push(ms);
  }

  async time<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.note(phase, performance.now() - from);
    }
  }
}

export function meteredStore(meter: Meter, store: Store): Store {
  return {
    ...store,
    async transition(run, change) {
      const called = performance.now();
      let began = called;
      let worked = called;
      const measured = async (tx: Transition) => {
        began = performance.now();
        const result = await change(tx);
        worked = performance.now();
        return result;
      };
      const result = await store.transition(run, measured);
      meter.note("transaction: wait", began - called);
      meter.note("transaction: work", worked - began);
      meter.note("transaction: commit", performance.now() - worked);
      return result;
    },
  };
}

export function meteredTrunk(meter: Meter, trunk: Trunk): Trunk {
  return {
    begin: (run, base) => trunk.begin(run, base),
    takeOver: (run, engine) => trunk.takeOver(run, engine),
    tip: (run) => trunk.tip(run),
    prepare: (run, name, commit, work) => trunk.prepare(run, name, commit, work),
    workspaceBytes: (run) => trunk.workspaceBytes(run),
    async openWorkspace(run, name, commit, how) {
      const workspace = await meter.time("workspace made", () => trunk.openWorkspace(run, name, commit, how));
      return meteredWorkspace(meter, workspace);
    },
    async openProtected(run, name, commit, protect) {
      const opened = await meter.time("workspace made", () => trunk.openProtected(run, name, commit, protect));
      return { ...opened, workspace: meteredWorkspace(meter, opened.workspace) };
    },
    keep: (run, workspace) => meter.time("workspace kept", () => trunk.keep(run, workspace)),
    clearLeftovers: (run) => trunk.clearLeftovers(run),
    takeIn: (run, workspace) => meter.time("trunk.takeIn", () => trunk.takeIn(run, workspace)),
    stage: (run, onto, landings) => meter.time("trunk.stage", () => trunk.stage(run, onto, landings)),
    moveTo: (run, from, to) => meter.time("trunk.moveTo", () => trunk.moveTo(run, from, to)),
    tidy: (run) => trunk.tidy(run),
    storeSize: (run) => trunk.storeSize(run),
    maintain: (run, order) => trunk.maintain(run, order),
    placeConflict: (workspace, tip) => trunk.placeConflict(workspace, tip),
    stageFollowed: (run, onto, theirs, how) => trunk.stageFollowed(run, onto, theirs, how),
    landedSince: (run, since, paths) => trunk.landedSince(run, since, paths),
    changedFiles: (run, between, look) => trunk.changedFiles(run, between, look),
    publish: (run, green) => trunk.publish(run, green),
  };
}

function meteredWorkspace(meter: Meter, workspace: Workspace): Workspace {
  const { run, name, path, base, sparse } = workspace;
  return {
    run,
    name,
    path,
    base,
    sparse,
    async remove() {
      await meter.time("workspace removed", () => workspace.remove());
      meter.removedAt.set(Number(name.slice(1)), Date.now());
    },
  };
}

export function meteredGroups(meter: Meter, groups: ProcessGroups): ProcessGroups {
  return {
    spawn(order) {
      const from = performance.now();
      const group = groups.spawn(order);
      meter.note("spawn call", performance.now() - from);
      void group.ended.then(() => meter.note("program ran", performance.now() - from));
      return group;
    },
    confines: groups.confines,
    killMarked: (marks, spared) => meter.time("marked processes searched", () => groups.killMarked(marks, spared)),
    findMarked: (marks) => groups.findMarked(marks),
  };
}

export function meteredAgents(meter: Meter, agents: Agents): Agents {
  return {
    traits: (agent) => agents.traits(agent),
    open(order) {
      const session = agents.open(order);
      const metered: AgentSession = {
        handOffFile: session.handOffFile,
        async converse(brief) {
          const answer = await session.converse(brief);
          if (brief.role === "worker") meter.answeredAt.set(order.session, Date.now());
          return answer;
        },
        handOffNow: () => session.handOffNow(),
        close: () => session.close(),
      };
      return metered;
    },
  };
}
