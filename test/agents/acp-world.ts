/** ACP agents in a folder, without an engine: real programs, the real tool server and the real metering proxy. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Behaviour } from "../../src/agents/agent.testsuite.ts";
import { StartGate } from "../../src/agents/acp/start-gate.ts";
import { AcpSession, type AcpAgentHost } from "../../src/agents/acp/session.ts";
import { Meter } from "../../src/agents/meter/meter.ts";
import { loadPrompts } from "../../src/agents/prompts/prompts.ts";
import { ToolServer } from "../../src/agents/tool-server/server.ts";
import type { AcpPreset } from "../../src/domain/acp-preset.ts";
import { idText } from "../../src/domain/ids.ts";
import { acpLimits, limitDefaults } from "../../src/domain/limits.ts";
import type { AcpAgentConfig } from "../../src/domain/run-config.ts";
import type { SessionOrder } from "../../src/engine/ports.ts";
import { allowedEnvironment } from "../../src/processes/environment.ts";
import { livingWith } from "../../src/processes/living.fixture.ts";
import { openProcesses } from "../../src/processes/processes.ts";

const prompts = await loadPrompts();
const program = fileURLToPath(new URL("./acp.fixture.ts", import.meta.url));

export const scriptedPreset: AcpPreset = {
  name: "The scripted agent",
  command: [process.execPath, program],
  env: {},
  envAsRoot: {},
  sessionMeta: {},
  home: null,
  own: { env: {}, model: { args: [], env: {} }, passEnv: [], hosts: [], authenticate: {} },
  metered: null,
  mode: null,
  tools: "mcp",
  toolPrefix: "",
  listsToolsEarly: false,
  memoryBytes: 1,
  afterCancel: "goes_on",
  title: null,
  resume: "session/resume",
  usage: { tokens: "prompt", cost: "session" },
  install: "it is here",
  traps: [],
};

export function acpAgent(preset: Partial<AcpPreset>, more: Partial<AcpAgentConfig> = {}): AcpAgentConfig {
  return {
    kind: "acp",
    name: "own",
    preset: { ...scriptedPreset, ...preset },
    model: null,
    ownModel: null,
    env: {},
    passEnv: [],
    costMicroUsd: 0,
    ...more,
  };
}

export function openAcpWorld(folder: string, host: Partial<AcpAgentHost>, preset: Partial<AcpPreset> = {}) {
  const faults: unknown[] = [];
  const report = (error: unknown) => void faults.push(error);
  const processes = openProcesses();
  const tools = new ToolServer({ version: "1", report });
  const meter = new Meter({ report, prices: {}, timeouts: limitDefaults });
  return {
    tools,
    processes,
    open(script: Behaviour[], order: Omit<SessionOrder, "agent">, more: Partial<AcpAgentConfig> = {}) {
      const env = { SCRIPT: JSON.stringify(script), COUNTER: join(folder, `counter-${order.session}`), ...more.env };
      const whole: AcpAgentHost = {
        groups: processes.groups,
        environment: (passEnv) => allowedEnvironment({ PATH: "/usr/bin:/bin" }, passEnv),
        stateFolder: join(folder, "state"),
        configDirectory: folder,
        limits: { ...limitDefaults, killGraceMs: 100 },
        tools,
        longhaul: ["false"],
        prompts,
        agents: [],
        gate: new StartGate({ startsAtOnce: 4, freeMemoryBytes: () => Number.MAX_SAFE_INTEGER, waits: acpLimits }),
        waits: { ...acpLimits, lastWordsMs: 500, cancelMs: 500 },
        meter,
        providers: {},
        keyOf: () => null,
        version: "1",
        now: () => Date.now(),
        report,
        ...host,
      };
      return new AcpSession(whole, acpAgent(preset, { ...more, env }), { ...order, agent: "scripted" });
    },
    living: (order: Omit<SessionOrder, "agent">) =>
      livingWith(`LONGHAUL_SESSION=${idText("session", order.session)}`).filter((pid) =>
        livingWith(`LONGHAUL_RUN=${order.run}`).includes(pid),
      ),
    dispose: async () => {
      await tools.stop();
      await meter.stop();
      await processes.stop();
      if (faults.length > 0) throw new AggregateError(faults, "faults of ours");
    },
  };
}
