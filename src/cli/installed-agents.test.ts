import { expect, test } from "vitest";
import type { AcpPreset } from "../domain/acp-preset.ts";
import { acpPresets } from "../config/acp-presets.ts";
import { keyVariables, loginOf, rivalOf } from "./installed-agents.ts";

const codex = acpPresets["codex"]!;
const claude = acpPresets["claude-code"]!;
const nowhere = () => false;

test("a key is seen before a file, and an empty variable is no key", () => {
  const exists = (path: string) => path === "/h/ada/.codex/auth.json";
  const home = { HOME: "/h/ada" };
  expect(loginOf(codex, { ...home, OPENAI_API_KEY: "k" }, exists)).toEqual({ kind: "key", variable: "OPENAI_API_KEY" });
  expect(loginOf(codex, { ...home, OPENAI_API_KEY: " " }, exists)).toEqual({
    kind: "file",
    path: "/h/ada/.codex/auth.json",
  });
  expect(loginOf(codex, { ...home, CODEX_HOME: "/else" }, exists)).toEqual({ kind: "none" });
});

test("where a login is kept out of sight, nothing is claimed", () => {
  expect(loginOf(claude, { HOME: "/h/ada" }, nowhere)).toEqual({ kind: "hidden" });
  const silent: AcpPreset = { ...codex, home: null, own: { ...codex.own, passEnv: [], authenticate: {} } };
  expect(loginOf(silent, { OPENAI_API_KEY: "k" }, nowhere)).toEqual({ kind: "unsaid" });
});

test("settings that an agent is passed are no keys", () => {
  expect(keyVariables(claude)).toEqual(["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"]);
});

test("a program of the same name is known by the package that it lies in", () => {
  const other = acpPresets["codex-acp"]!;
  const path = "/usr/lib/node_modules/@zed-industries/codex-acp/bin/codex-acp.js";
  expect(rivalOf(other, path, acpPresets)).toBe("codex");
  expect(rivalOf(codex, path, acpPresets)).toBeNull();
  // Built by somebody, or by a package that nobody knows: it may be what was meant.
  for (const unknown of ["/usr/local/bin/codex-acp", "/usr/lib/node_modules/my-codex-acp/main.js"])
    expect(rivalOf(other, unknown, acpPresets)).toBeNull();
});
