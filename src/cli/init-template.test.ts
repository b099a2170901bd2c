import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";
import { configTemplate } from "./init-template.ts";

async function loaded(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-init-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "longhaul.config.ts");
  await writeFile(path, text);
  return (await loadConfig(path)).config;
}

const chosen = { strong: "anthropic/claude-opus-5", worker: "anthropic/claude-sonnet-5", because: "a key is set" };

test("with a key models stand in the roles, and money has a bound", async () => {
  const config = await loaded(configTemplate(chosen));
  expect(config.agents).toMatchObject({
    planner: { kind: "model", model: chosen.strong },
    worker: { kind: "model", model: chosen.worker },
    judge: { kind: "model", model: chosen.strong },
  });
  expect(config.budget.microUsd).toBe(20_000_000);
});

test("what is commented out loads as well", async () => {
  const open = configTemplate(chosen).replace(/^( +)\/\/ (?=strong:|codemod:|\{ paths|vllm:|"vllm|perCycle)/gm, "$1");
  const config = await loaded(open);
  expect(Object.keys(config.agents)).toEqual(["strong", "codemod", "planner", "worker", "judge"]);
  expect(config.areas).toMatchObject([{ worker: "strong" }]);
  expect(config.providers["vllm"]).toMatchObject({ kind: "openai-compatible", keyEnv: null });
  expect(config.prices).toHaveProperty(["vllm/NAME"]);
  expect(config.budget.session.microUsd).toBe(2_000_000);
});

test("without a key programs do, and models are shown", async () => {
  const text = configTemplate(null);
  expect((await loaded(text)).agents).toMatchObject({ plan: { kind: "command" }, work: { kind: "command" } });
  const roles = text.replace(/^ {2}roles: .*$/m, "").replace(/^( +)\/\/ (?=roles|  |\},)/gm, "$1");
  expect((await loaded(roles)).roles).toEqual({ planner: "planner", worker: "worker", judge: "judge" });
});
