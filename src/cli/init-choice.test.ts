import { expect, test } from "vitest";
import { acpPresets } from "../config/acp-presets.ts";
import { chooseAgents, type NamedAgent } from "./init-choice.ts";
import type { Login } from "./installed-agents.ts";

function agent(name: string, login: Login["kind"], installed = true): NamedAgent {
  const preset = acpPresets[name];
  if (!preset) throw new Error(`no preset ${name}`);
  const logins = {
    key: { kind: "key", variable: "A_KEY" },
    file: { kind: "file", path: "/h/ada/auth.json" },
    none: { kind: "none" },
    hidden: { kind: "hidden" },
    unsaid: { kind: "unsaid" },
  } as const;
  const program = installed
    ? ({ kind: "found", path: `/bin/${name}` } as const)
    : ({ kind: "missing", lookedFor: name, problem: `${name} is not in PATH` } as const);
  return { name, preset, program, rival: null, login: logins[login] };
}

const kinds: { [provider: string]: string } = { anthropic: "anthropic", openai: "openai", ollama: "openai-compatible" };
const kindOf = (provider: string) => kinds[provider] ?? null;
const models = (provider: string) => ({
  strong: `${provider}/strong`,
  worker: `${provider}/worker`,
  because: "a key is set",
});

test("a key decides for models, and each installed agent is offered as its wire allows", () => {
  const agents = [agent("claude-code", "hidden"), agent("codex", "file")];
  expect(chooseAgents(models("anthropic"), agents, kindOf)).toMatchObject({
    roles: { kind: "models" },
    because: "a key is set",
    others: [
      { name: "claude-code", model: "anthropic/worker" },
      { name: "codex", model: null },
    ],
  });
  expect(chooseAgents(models("openai"), agents, kindOf).others).toEqual([
    { name: "claude-code", model: null },
    { name: "codex", model: "openai/worker" },
  ]);
  // It may not speak the newer of OpenAI's languages.
  expect(chooseAgents(models("ollama"), agents, kindOf).others.every(({ model }) => model === null)).toBe(true);
});

test("without a key, who is seen to be logged in comes before who may be", () => {
  const choice = chooseAgents(null, [agent("claude-code", "hidden"), agent("codex", "file")], kindOf);
  expect(choice).toEqual({
    roles: { kind: "coding_agent", name: "codex", title: "Codex" },
    because: "Codex is installed and logged in",
    others: [{ name: "claude-code", model: null }],
  });
});

test("who may be logged in comes before nobody, and it is said", () => {
  const choice = chooseAgents(null, [agent("claude-code", "hidden"), agent("codex", "none")], kindOf);
  expect(choice.roles).toMatchObject({ name: "claude-code" });
  expect(choice.because).toContain("does not show");
});

test("with nobody who could begin, programs do", () => {
  const choice = chooseAgents(null, [agent("claude-code", "key", false), agent("codex", "none")], kindOf);
  expect(choice).toEqual({ roles: { kind: "programs" }, because: null, others: [{ name: "codex", model: null }] });
});
