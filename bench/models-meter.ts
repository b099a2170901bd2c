/** Measures model sessions from outside: what the engine does for each of their steps, by wrapping their `SessionHost`. */
import type { AgentSession, Agents, SessionHost } from "../src/engine/ports.ts";
import type { Gauge } from "./models-gauge.ts";
import type { Meter } from "./meter.ts";

/** Conversations begin together, once `sessions` of them are there: what opens them is not of the steps. */
export function gaugedAgents(meter: Meter, gauge: Gauge, sessions: number, agents: Agents): Agents {
  let waiting = 0;
  let release = () => {};
  const all = new Promise<void>((resolve) => (release = resolve));
  return {
    traits: (agent) => agents.traits(agent),
    open(order) {
      if (!agents.traits(order.agent).keepsRecord) return agents.open(order);
      const session = agents.open({ ...order, host: meteredHost(meter, gauge, order.host) });
      const gauged: AgentSession = {
        handOffFile: session.handOffFile,
        async converse(brief) {
          if (++waiting === sessions) {
            gauge.begin();
            release();
          }
          await all;
          const answer = await session.converse(brief);
          if (answer.kind === "failure") throw new Error(`a session failed: ${JSON.stringify(answer.failure)}`);
          gauge.ended();
          return answer;
        },
        handOffNow: () => session.handOffNow(),
        close: () => session.close(),
      };
      return gauged;
    },
  };
}

/** Between two calls of the host the session works by itself: what it does then follows from which two they are. */
function meteredHost(meter: Meter, gauge: Gauge, host: SessionHost): SessionHost {
  let freeAt = performance.now();
  const timed = async <T>(before: Parameters<Meter["note"]>[0], phase: typeof before, work: () => Promise<T>) => {
    meter.note(before, performance.now() - freeAt);
    try {
      return await meter.time(phase, work);
    } finally {
      freeAt = performance.now();
    }
  };
  return {
    ...host,
    record: (step, keep) => timed("tools run", "step recorded", () => host.record(step, keep)),
    beginCall: (call) => timed("request estimated", "call permitted", () => host.beginCall(call)),
    async endCall(call, end, step) {
      const again = await timed("call made", "call settled", () => host.endCall(call, end, step));
      if (end.fault === null) gauge.answered();
      else gauge.failed(JSON.stringify(end.fault));
      return again;
    },
  };
}
