import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandAgent } from "../../src/domain/run-config.ts";
import { idText } from "../../src/domain/ids.ts";
import { limitDefaults } from "../../src/domain/limits.ts";
import { allowedEnvironment } from "../../src/processes/environment.ts";
import { livingWith } from "../../src/processes/living.fixture.ts";
import { openProcesses } from "../../src/processes/processes.ts";
import { testAgent } from "../../src/agents/agent.testsuite.ts";
import { createAgents } from "../../src/agents/agents.ts";
import { ToolServer } from "../../src/agents/tool-server/server.ts";

const program = fileURLToPath(new URL("./scripted.fixture.ts", import.meta.url));

testAgent("command", (folder) => {
  const faults: unknown[] = [];
  const processes = openProcesses();
  const tools = new ToolServer({ version: "1", report: (error) => faults.push(error) });
  return {
    open(script, order) {
      const env = { SCRIPT: JSON.stringify(script), COUNTER: join(folder, `counter-${order.session}`) };
      const agents = createAgents({
        agents: {
          scripted: { ...commandAgent([process.execPath, program]), env },
        },
        model: null,
        acp: null,
        command: {
          groups: processes.groups,
          environment: (passEnv) => allowedEnvironment({ PATH: "/usr/bin:/bin" }, passEnv),
          stateFolder: join(folder, "state"),
          configDirectory: folder,
          limits: { ...limitDefaults, killGraceMs: 100 },
          tools,
          longhaul: ["false"],
        },
      });
      return agents.open({ ...order, agent: "scripted" });
    },
    living: (order) =>
      livingWith(`LONGHAUL_SESSION=${idText("session", order.session)}`).filter((pid) =>
        livingWith(`LONGHAUL_RUN=${order.run}`).includes(pid),
      ),
    dispose: async () => {
      await tools.stop();
      await processes.stop();
      if (faults.length > 0) throw new AggregateError(faults, "faults of ours");
    },
  };
});
