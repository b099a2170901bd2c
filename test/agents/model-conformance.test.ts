/** The model agent, through the real SDK, against the fake model server, behaves as every agent has to. */
import { join } from "node:path";
import type { Behaviour } from "../../src/agents/agent.testsuite.ts";
import { testAgent } from "../../src/agents/agent.testsuite.ts";
import { createAgents } from "../../src/agents/agents.ts";
import { ToolServer } from "../../src/agents/tool-server/server.ts";
import { loadPrompts } from "../../src/agents/prompts/prompts.ts";
import { idText } from "../../src/domain/ids.ts";
import { limitDefaults } from "../../src/domain/limits.ts";
import { allRoles } from "../../src/domain/session.ts";
import { allowedEnvironment } from "../../src/processes/environment.ts";
import { livingWith } from "../../src/processes/living.fixture.ts";
import { openProcesses } from "../../src/processes/processes.ts";
import type { Reply, RequestView } from "../fake-model/brain.ts";
import { call, text } from "../fake-model/brains.ts";
import { startFakeModel } from "../fake-model/server.ts";

const prompts = await loadPrompts();
const scripts = new Map<string, Behaviour[]>();
const model = await startFakeModel({
  brains: [{ name: "scripted", reply: (view) => behave(view) }],
  credentials: { main: "key-main" },
});

/** How many conversations have ended before: each ends with a call of `submit` that was answered. */
function behave(view: RequestView): Reply {
  const before = view.toolResults.filter(({ name }) => name === "submit").length;
  const behaviour = scripts.get(view.session ?? "")?.[before];
  if (!behaviour) throw new Error(`no behaviour for conversation ${before + 1} of ${view.session}`);
  const submit = (status: string, done: string) => call("submit", { status, message: "", handoff: { done } });
  const last = view.newToolResults.at(-1)?.name;
  switch (behaviour.does) {
    case "plan":
      return {
        parts: [
          last === undefined ? call("create_tasks", { tasks: behaviour.tasks.map(complete) }) : call("end_turn", {}),
        ],
      };
    case "work":
      return {
        parts: [
          last === "write_file"
            ? submit("done", behaviour.done)
            : call("write_file", { path: behaviour.file, content: behaviour.text }),
        ],
      };
    case "judge": {
      const { does: _, ...verdict } = behaviour;
      return { parts: [call("submit_verdict", verdict)] };
    }
    case "talk_nonsense":
      return { parts: [text("I think that we are done here.")] };
    case "give_up":
      return { parts: [call("give_up", { reason: behaviour.reason })] };
    case "crash":
      return { parts: [], stop: "content-filter" };
    case "wait_for_hand_off":
      return {
        parts: [
          view.lastUserText.includes("The time of this session is nearly over")
            ? submit("partial", "Half of it")
            : call("bash", { command: "echo up" }),
        ],
      };
    case "never_end":
      return {
        parts: [
          call("bash", {
            command: "trap '' TERM; sleep 1000 & setsid sleep 1000 & echo up; while :; do sleep 1; done",
          }),
        ],
      };
    case "leave_processes":
      return {
        parts: [
          last === "bash"
            ? submit("done", "Left some")
            : call("bash", { command: "sleep 1000 & (setsid sleep 1000 >/dev/null 2>&1 &); echo started" }),
        ],
      };
  }
}

const complete = (task: { name: string; title: string }) => ({ ...task, instructions: task.title });

testAgent("model", (folder) => {
  const processes = openProcesses();
  const agents = createAgents({
    agents: {
      model: {
        kind: "model",
        model: "anthropic/claude-sonnet-5",
        effort: null,
        outputTokensMax: 4_096,
        contextTokens: null,
        roles: allRoles,
        description: "",
      },
    },
    acp: null,
    command: {
      groups: processes.groups,
      environment: (passEnv) => allowedEnvironment({ PATH: "/usr/bin:/bin" }, passEnv),
      stateFolder: join(folder, "state"),
      configDirectory: folder,
      limits: limitDefaults,
      tools: new ToolServer({ version: "1", report: () => {} }), // Nobody asks for it.
      longhaul: [],
    },
    model: {
      groups: processes.groups,
      environment: () => allowedEnvironment({ PATH: "/usr/bin:/bin" }),
      stateFolder: join(folder, "state"),
      configDirectory: folder,
      limits: { ...limitDefaults, killGraceMs: 100 },
      providers: { anthropic: { kind: "anthropic", baseUrl: model.anthropicUrl, keyEnv: "KEY" } },
      keyOf: () => "key-main",
      prices: {},
      prompts,
      agents: [],
      now: () => Date.now(),
      report: (error) => {
        throw error;
      },
    },
  });
  return {
    open(script, order) {
      scripts.set(idText("session", order.session), script);
      return agents.open({ ...order, agent: "model" });
    },
    living: (order) =>
      livingWith(`LONGHAUL_SESSION=${idText("session", order.session)}`).filter((pid) =>
        livingWith(`LONGHAUL_RUN=${order.run}`).includes(pid),
      ),
    dispose: () => processes.stop(),
  };
});
