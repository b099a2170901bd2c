/**
 * Every preset's agent, for real, in a whole run: two in the usual test, all seven with LONGHAUL_TEST_AGENTS=all. Each one plans,
 * works through a conflict, and has its calls metered where it can.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { acpPresets } from "../../src/config/acp-presets.ts";
import { codingAgent, codingAgentMs, codingAgentsTested } from "../coding-agents.ts";
import { codingPlanner, codingWorker } from "./coding-brains.ts";
import { makeCodingWorld } from "./coding-world.ts";
import { ledgerFaults } from "./model-ledger.ts";
import { stored } from "./model-world.ts";

const models = {
  anthropic: "anthropic/claude-sonnet-5",
  "openai-responses": "openai/gpt-5.4",
  "openai-chat": "local/qwen3-coder",
};

describe.each(codingAgentsTested)("%s", (name) => {
  let folder = "";
  beforeAll(async () => void (folder = await codingAgent(name)), codingAgentMs);

  test("plans, works, resolves a conflict", async () => {
    const { metered, tools } = acpPresets[name]!;
    const { world, model } = await makeCodingWorld(
      [folder],
      () => [
        codingPlanner(["a", "b"], tools),
        codingWorker((task) => `echo ${task} > ${task}.txt; echo ${task} >> shared.txt`, tools),
      ],
      ({ model: { googleUrl } }) => {
        const agent = metered
          ? { acp: name, model: models[metered.wire] }
          : { acp: name, ownModel: "gemini-2.5-pro", env: { GOOGLE_GEMINI_BASE_URL: new URL(googleUrl).origin } };
        return { roles: { planner: agent, worker: agent }, parallel: { workers: 2, planners: 1 } };
      },
    );
    world.environment["GEMINI_API_KEY"] = world.environment["KEY_GOOGLE"];
    const { run, code, stderr } = await world.finishRun();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(world.git("show", `longhaul/${run}:shared.txt`).split("\n").toSorted()).toEqual(["a", "b"]);
    const rows = await stored(world);
    expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(2);
    expect(metered ? ledgerFaults(rows("calls"), model.ledger.entries()) : []).toEqual([]);
  });
});
