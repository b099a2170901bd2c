import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";
import { acpPresets } from "./acp-presets.ts";

async function load(worker: object, more: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-acp-config-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "longhaul.config.json");
  await writeFile(path, JSON.stringify({ roles: { planner: "plan", worker }, acceptance: ["true"], ...more }));
  return (await loadConfig(path)).config;
}

describe("an agent over ACP", () => {
  test("by the name of its preset, with a model of a provider: its key is not let through", async () => {
    const config = await load({ acp: "codex", model: "openai/gpt-5.4", costUsd: 0.5, env: { A: "b" } });
    expect(config.agents["worker"]).toMatchObject({
      kind: "acp",
      preset: acpPresets["codex"],
      model: "openai/gpt-5.4",
      ownModel: null,
      env: { A: "b" },
      passEnv: [],
      costMicroUsd: 500_000,
      roles: ["worker"],
    });
    expect(config.providers["openai"]).toMatchObject({ kind: "openai" });
  });

  test("a preset of one's own needs no more than a command", async () => {
    const config = await load({ acp: { command: ["my-agent", "--acp"] } });
    expect(config.agents["worker"]).toMatchObject({
      name: "own",
      preset: { name: "my-agent", tools: "mcp", metered: null, mode: null, resume: null },
    });
  });

  test("every preset can be written down and read again", async () => {
    for (const preset of Object.values(acpPresets)) {
      const config = await load({ acp: preset });
      expect(config.agents["worker"]).toMatchObject({ preset });
    }
  });

  test.each([
    [{ acp: "codecs" }, /worker\.acp: expected one of claude-code, codex, codex-acp/],
    [{ acp: { command: [] } }, /worker\.acp.*command/s],
    [{ acp: "codex", model: "gpt-5.4" }, /provider\/model/],
    [
      { acp: "codex", model: "anthropic/claude-sonnet-5" },
      /Codex speaks openai-responses, and the provider .* anthropic/,
    ],
    [{ acp: "gemini", model: "google/gemini-2.5-pro" }, /Gemini CLI cannot be given a model.*Leave model out/s],
    [{ acp: "codex", model: "nowhere/x" }, /there is no provider "nowhere"/],
    [{ acp: "codex", model: "openai/x", ownModel: "x" }, /ownModel is for its own login/],
    [{ acp: "codex", model: "openai/x", costUsd: 1, command: "x" }, /command/],
  ])("what is wrong in %j is said, with its mend", async (worker, words) => {
    await expect(load(worker)).rejects.toThrow(words);
  });
});
