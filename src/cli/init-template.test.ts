import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../config.ts";
import type { Choice } from "./init-choice.ts";
import { configTemplate } from "./init-template.ts";

async function loaded(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "longhaul-init-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "longhaul.config.ts");
  await writeFile(path, text);
  return (await loadConfig(path)).config;
}

const chosen = { strong: "anthropic/claude-opus-5", worker: "anthropic/claude-sonnet-5", because: "a key is set" };
const others = [
  { name: "claude-code", model: chosen.worker },
  { name: "codex", model: null },
];
const models: Choice = { roles: { kind: "models", chosen }, because: "a key is set", others };
const codingAgent: Choice = {
  roles: { kind: "coding_agent", name: "claude-code", title: "Claude Code" },
  because: "it is logged in",
  others: [{ name: "codex", model: null }],
};
const programs: Choice = { roles: { kind: "programs" }, because: null, others: [] };

const opened = (text: string) =>
  text.replace(/^( +)\/\/ (?=strong:|codemod:|\{ paths|vllm:|"vllm|perCycle|"claude-code"|"codex")/gm, "$1");

test("with a key models stand in the roles, and money has a bound", async () => {
  const config = await loaded(configTemplate(models));
  expect(config.agents).toMatchObject({
    planner: { kind: "model", model: chosen.strong },
    worker: { kind: "model", model: chosen.worker },
    judge: { kind: "model", model: chosen.strong },
  });
  expect(config.budget.microUsd).toBe(20_000_000);
});

test("what is commented out loads as well", async () => {
  const config = await loaded(opened(configTemplate(models)));
  expect(Object.keys(config.agents)).toEqual([
    "strong",
    "codemod",
    "claude-code",
    "codex",
    "planner",
    "worker",
    "judge",
  ]);
  expect(config.agents).toMatchObject({
    "claude-code": { kind: "acp", model: chosen.worker },
    codex: { kind: "acp", model: null },
  });
  expect(config.areas).toMatchObject([{ worker: "strong" }]);
  expect(config.providers["vllm"]).toMatchObject({ kind: "openai-compatible", keyEnv: null });
  expect(config.prices).toHaveProperty(["vllm/NAME"]);
  expect(config.budget.session.microUsd).toBe(2_000_000);
});

test("without a key a coding agent stands in every role, with its own login", async () => {
  const config = await loaded(configTemplate(codingAgent));
  const own = { kind: "acp", name: "claude-code", model: null };
  expect(config.agents).toEqual({
    planner: expect.objectContaining(own),
    worker: expect.objectContaining(own),
    judge: expect.objectContaining(own),
  });
});

test("what is commented out beside a coding agent loads as well", async () => {
  const config = await loaded(opened(configTemplate(codingAgent)));
  expect(Object.keys(config.agents)).toEqual(["codemod", "codex", "planner", "worker", "judge"]);
});

test("with neither programs do, and models are shown", async () => {
  const text = configTemplate(programs);
  expect((await loaded(text)).agents).toMatchObject({ plan: { kind: "command" }, work: { kind: "command" } });
  const roles = text.replace(/^ {2}roles: .*$/m, "").replace(/^( +)\/\/ (?=roles|  |\},)/gm, "$1");
  expect((await loaded(roles)).roles).toEqual({ planner: "planner", worker: "worker", arbiter: null, judge: "judge" });
});
