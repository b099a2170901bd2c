/**
 * Threats 14 and 16 with the real coding agents: what a repository says of servers, hooks and permissions. Longhaul takes no external
 * MCP server at all, so there is none whose description could change after it was approved; here none of the tree's is started.
 */
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { acpPresets } from "../../src/config/acp-presets.ts";
import { codingAgent, codingAgentMs, codingAgentsTested } from "../coding-agents.ts";
import { codingPlanner, codingWorker } from "../e2e/coding-brains.ts";
import { makeCodingWorld } from "../e2e/coding-world.ts";
import { plantedSettings } from "./planted-settings.ts";

const models = {
  anthropic: "anthropic/claude-sonnet-5",
  "openai-responses": "openai/gpt-5.4",
  "openai-chat": "local/qwen3-coder",
};

/** What no setting of theirs prevents: it runs in the sandbox of the session. A new version that does better is to be noticed. */
const startedAnyway: { readonly [preset: string]: string[] } = {
  "codex-acp": ["codex"],
  opencode: ["opencode-plugin"],
};

describe.each(codingAgentsTested)("%s", (name) => {
  let folder = "";
  beforeAll(async () => void (folder = await codingAgent(name)), codingAgentMs);

  test("starts no server, hook or helper of the repository, and offers no tool of it", async () => {
    const { metered, tools } = acpPresets[name]!;
    const offered = new Set<string>();
    const { world } = await makeCodingWorld(
      [folder],
      () =>
        [codingPlanner(["a"], tools), codingWorker((task) => `echo ${task} > ${task}.txt`, tools)].map((brain) => ({
          ...brain,
          reply(view) {
            for (const tool of view.tools) offered.add(`${tool.namespace ?? ""} ${tool.name}`);
            return brain.reply(view);
          },
        })),
      ({ model: { googleUrl } }) => {
        const agent = metered
          ? { acp: name, model: models[metered.wire] }
          : { acp: name, ownModel: "gemini-2.5-pro", env: { GOOGLE_GEMINI_BASE_URL: new URL(googleUrl).origin } };
        return { sandbox: "none", roles: { planner: agent, worker: agent } };
      },
    );
    world.environment["GEMINI_API_KEY"] = world.environment["KEY_GOOGLE"];
    for (const [path, text] of Object.entries(plantedSettings(world.path("trace"))))
      world.write(`repository/${path}`, text);
    world.git("add", "--all", "--force");
    world.git("commit", "--quiet", "--message", "Settings");
    const { code, stderr } = await world.finishRun();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const trace = existsSync(world.path("trace")) ? readFileSync(world.path("trace"), "utf8") : "";
    expect([...new Set(trace.split("\n").filter(Boolean))]).toEqual(startedAnyway[name] ?? []);
    expect([...offered].filter((tool) => tool.includes("evil"))).toEqual([]);
    expect([...offered].some((tool) => /submit/.test(tool)) || tools === "command").toBe(true);
  });
});
