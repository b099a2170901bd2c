/**
 * Coding agents that speak ACP, as data: how each is started, kept apart from the operator's own settings, pointed at our metering,
 * and given our tools. What is said here was seen with the real programs (docs/coding-agents.md). A config may write the same shape.
 */

import type { AcpPreset } from "./acp-preset.ts";

const mb = 1_048_576;

/** One `-c` for each setting, as Codex takes them. */
const settings = (...all: string[]): string[] => all.flatMap((each) => ["-c", each]);

const codexProvider = settings(
  'model_provider="longhaul"',
  'model_providers.longhaul.name="longhaul"',
  'model_providers.longhaul.base_url="{url}/v1"',
  'model_providers.longhaul.wire_api="responses"',
  'model_providers.longhaul.env_key="LONGHAUL_MODEL_TOKEN"',
  'model="{model}"',
  // Its commands run with its environment, but for this. A snapshot of the shell would bring the token back.
  'shell_environment_policy.exclude=["LONGHAUL_MODEL_TOKEN"]',
  "features.shell_snapshot=false",
);

const codex: AcpPreset = {
  title: "Codex",
  install: "npm install --global @zed-industries/codex-acp",
  command: ["codex-acp"],
  env: {},
  envAsRoot: {},
  sessionMeta: {},
  home: { variable: "CODEX_HOME", own: true, operators: ".codex", links: ["auth.json"], files: {} },
  own: {
    model: { args: settings('model="{model}"'), env: {} },
    passEnv: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    authenticate: { CODEX_API_KEY: "codex-api-key", OPENAI_API_KEY: "openai-api-key" },
  },
  metered: {
    wire: "responses",
    args: codexProvider,
    env: { LONGHAUL_MODEL_TOKEN: "{token}" },
    sessionMeta: {},
    sessionHeader: "session-id",
  },
  mode: "full-access",
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
  memoryBytes: 100 * mb,
  sessionsPerProcess: 32,
  resume: "session/resume",
  usage: { tokens: "context", cost: "none" },
  traps: [
    "It writes the path of every workspace into config.toml of its home: give it a home of its own.",
    "With a key, authenticate writes auth.json into its home: never into a home that links to the operator's login.",
    "A model that it does not know begins every turn with a message about missing metadata, and has no apply_patch tool.",
    "After 429 it gives up at once; 5xx and broken connections it repeats up to 30 times.",
    "It does not end when its stdin is closed, and its commands have process groups of their own.",
  ],
};

const claudeCode: AcpPreset = {
  title: "Claude Code",
  install: "npm install --global @agentclientprotocol/claude-agent-acp",
  command: ["claude-agent-acp"],
  env: {
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: "false",
  },
  envAsRoot: { IS_SANDBOX: "1" },
  sessionMeta: {},
  home: { variable: "CLAUDE_CONFIG_DIR", own: false, operators: ".claude", links: [], files: {} },
  own: {
    model: { args: [], env: { ANTHROPIC_MODEL: "{model}" } },
    passEnv: [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "CLAUDE_CODE_OAUTH_TOKEN",
      "ANTHROPIC_BASE_URL",
      "CLAUDE_CONFIG_DIR",
    ],
    authenticate: {},
  },
  metered: {
    wire: "anthropic",
    args: [],
    env: { ANTHROPIC_BASE_URL: "{url}", ANTHROPIC_AUTH_TOKEN: "{token}", ANTHROPIC_MODEL: "{model}" },
    // Settings of the repository are stronger than the environment; these are stronger than both.
    sessionMeta: {
      claudeCode: {
        options: {
          settings: { apiKeyHelper: "", env: { ANTHROPIC_BASE_URL: "{url}", ANTHROPIC_AUTH_TOKEN: "{token}" } },
        },
      },
    },
    sessionHeader: "x-claude-code-session-id",
  },
  mode: "bypassPermissions",
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
  memoryBytes: 320 * mb,
  sessionsPerProcess: 1,
  resume: "session/resume",
  usage: { tokens: "prompt", cost: "session" },
  traps: [
    "As root it refuses bypassPermissions unless IS_SANDBOX=1.",
    "A .claude/settings.json of the repository may send its model calls, with the login, to another address.",
    "It asks for a title beside the first prompt, and with session/resume or session/load for one token to test the model.",
    "Its commands see ANTHROPIC_AUTH_TOKEN, and have process groups of their own.",
    "It answers 500 with up to 11 tries and longer and longer waits; CLAUDE_CODE_MAX_RETRIES lowers that.",
  ],
};

export const acpPresets: { readonly [name: string]: AcpPreset } = { "claude-code": claudeCode, codex };

export const presetNames = Object.keys(acpPresets);
