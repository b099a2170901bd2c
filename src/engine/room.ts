/**
 * Owns what is left of the machine for new sessions: what is free, without what running ones were promised and do not take
 * yet. Sessions for which there is no room wait in the queue, and the run's events say why.
 */
import { Admission, describeShortage, memoryFor, type Room } from "../domain/admission.ts";
import type { RunId } from "../domain/ids.ts";
import type { Desk } from "./desk.ts";
import type { Execution } from "./execute.ts";
import type { Transition } from "./store-port.ts";

export class MachineRoom {
  readonly #desk: Pick<Desk, "trunk" | "agents" | "machine" | "config" | "report">;
  readonly #run: RunId;
  #told: string | null = null;

  constructor(desk: Pick<Desk, "trunk" | "agents" | "machine" | "config" | "report">, run: RunId) {
    this.#desk = desk;
    this.#run = run;
  }

  async look(executions: Iterable<Execution>): Promise<Admission> {
    const { machine, config, report } = this.#desk;
    const diskBytes = await machine.freeDiskBytes().catch((error: unknown) => {
      report(error);
      return Infinity;
    });
    const left: Room = {
      diskBytes: diskBytes - config.limits.diskFreeBytesMin,
      memoryBytes: memoryFor(machine.freeMemoryBytes()),
    };
    let running = 0;
    for (const { claim, visible } of executions) {
      running++;
      const promised = this.needsOf(claim.agent);
      if (!visible.workspace) left.diskBytes -= promised.diskBytes;
      if (!visible.program) left.memoryBytes -= promised.memoryBytes;
    }
    return new Admission(left, running);
  }

  needsOf(agent: string): Room {
    const { trunk, agents } = this.#desk;
    return { diskBytes: trunk.workspaceBytes(this.#run), memoryBytes: agents.traits(agent).memoryBytes };
  }

  /** As an event, when it is no more what was told last. `preparing`: for what sessions wait, whatever room there is. */
  async tell(tx: Transition, { shortage }: Admission, preparing: string | null): Promise<void> {
    const what = preparing ?? shortage?.of ?? null;
    if (what === this.#told) return;
    this.#told = what;
    await tx.addEvent("engine.waits", {}, { detail: preparing ?? (shortage && describeShortage(shortage)) });
  }
}
