/**
 * Coding agents that speak ACP, as data: how each is started, kept apart from the operator's own settings, pointed at our metering, and
 * given our tools. What is said here was seen with the real programs (docs/coding-agents.md).
 */
import { gemini, opencode, pi, qwen } from "./more-acp-presets.ts";
import type { AcpPreset, OperatorsFile } from "../domain/acp-preset.ts";

const mb = 1_048_576;

/** One `-c` for each setting, as Codex takes them. */
const settings = (...all: string[]): string[] => all.flatMap((each) => ["-c", each]);
/** With a key; with a ChatGPT login; where that is refreshed (openai/codex: `CHATGPT_CODEX_BASE_URL` and `DEFAULT_ISSUER`). */
const codexHosts = ["api.openai.com", "chatgpt.com", "auth.openai.com"];
const codexLogin: OperatorsFile = { variable: "CODEX_HOME", otherwise: ".codex", path: "auth.json" };

const codex: AcpPreset = {
  name: "Codex",
  memoryBytes: 110 * mb,
  envAsRoot: {},
  afterCancel: "goes_on",
  install: "npm install --global @zed-industries/codex-acp",
  command: ["codex-acp"],
  env: {},
  sessionMeta: {},
  home: { env: { CODEX_HOME: "{home}" }, whenOwn: true, links: { "auth.json": codexLogin }, files: {} },
  own: {
    env: {},
    model: { args: settings('model="{model}"'), env: {} },
    passEnv: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    hosts: codexHosts,
    authenticate: { CODEX_API_KEY: "codex-api-key", OPENAI_API_KEY: "openai-api-key" },
  },
  metered: {
    wire: "openai-responses",
    args: settings(
      'model_provider="longhaul"',
      'model_providers.longhaul.name="longhaul"',
      'model_providers.longhaul.base_url="{url}/v1"',
      'model_providers.longhaul.wire_api="responses"',
      'model_providers.longhaul.env_key="LONGHAUL_MODEL_TOKEN"',
      'model="{model}"',
      // Its commands run with its environment, but for this. A snapshot of the shell would bring the token back.
      'shell_environment_policy.exclude=["LONGHAUL_MODEL_TOKEN"]',
      "features.shell_snapshot=false",
    ),
    env: { LONGHAUL_MODEL_TOKEN: "{token}" },
    sessionMeta: {},
    files: {},
  },
  mode: "full-access",
  title: null,
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
  resume: "session/resume",
  usage: { tokens: "none", cost: "none" },
  traps: [
    "It writes the path of every workspace into config.toml of its home, whatever is set: give it a home of its own.",
    "With a key in the environment session/new fails until authenticate was called, and that writes auth.json into its home: never into one that links to the operator's login.",
    "With a model that it does not know each turn begins with a message about missing metadata, and there is no apply_patch tool.",
    "After 429 it gives up at once; 5xx and broken connections it repeats up to 30 times in 25 seconds.",
    "It does not end when its stdin is closed, and SIGTERM ends only its wrapper: kill its group. Its commands have groups of their own, which outlive it.",
  ],
};

const codexAcp: AcpPreset = {
  ...codex,
  name: "Codex (codex-acp)",
  memoryBytes: 240 * mb,
  install: "npm install --global @agentclientprotocol/codex-acp",
  env: { INITIAL_AGENT_MODE: "agent-full-access", NO_BROWSER: "1" },
  home: {
    env: { CODEX_HOME: "{home}" },
    whenOwn: true,
    links: { "auth.json": codexLogin },
    // What is given by environment comes too late: by then it has asked three hosts for plugins and news.
    files: {
      "config.toml": [
        "check_for_update_on_startup = false",
        "[analytics]\nenabled = false",
        "[features]\nshell_snapshot = false\nplugins = false\nremote_plugin = false\napps = false",
        "plugin_discovery_prefetch = false\ntool_suggest = false",
        '[shell_environment_policy]\nexclude = ["LONGHAUL_MODEL_TOKEN"]',
      ].join("\n"),
    },
  },
  own: {
    env: {},
    model: { args: [], env: { CODEX_CONFIG: '{"model":"{model}"}' } },
    passEnv: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    hosts: codexHosts,
    authenticate: { CODEX_API_KEY: "api-key", OPENAI_API_KEY: "api-key" },
  },
  metered: {
    wire: "openai-responses",
    args: [],
    env: {
      LONGHAUL_MODEL_TOKEN: "{token}",
      MODEL_PROVIDER: "longhaul",
      CODEX_CONFIG: JSON.stringify({
        model: "{model}",
        model_provider: "longhaul",
        model_providers: {
          longhaul: {
            name: "longhaul",
            base_url: "{url}/v1",
            wire_api: "responses",
            env_key: "LONGHAUL_MODEL_TOKEN",
          },
        },
      }),
    },
    sessionMeta: {},
    files: {},
  },
  mode: null,
  title: "session/set_title",
  usage: { tokens: "prompt", cost: "none" },
  traps: [
    "It trusts every workspace: MCP servers of a .codex/config.toml in the repository are started, whatever is set.",
    "When the model cannot be reached it says end_turn, without usage.",
    "Without a title it asks gpt-5.6-luna for one after the first prompt, in a session of its own; a title that is set saves that.",
    "Models that it knows as new get their tools as JavaScript to write (one tool, exec); others get them one by one.",
    "INITIAL_AGENT_MODE=agent-full-access, else every call of our tools is reviewed.",
  ],
};

const claudeCode: AcpPreset = {
  name: "Claude Code",
  memoryBytes: 300 * mb,
  envAsRoot: { IS_SANDBOX: "1" },
  afterCancel: "goes_on",
  install: "npm install --global @agentclientprotocol/claude-agent-acp",
  command: ["claude-agent-acp"],
  env: {
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: "false",
    CLAUDE_CODE_MCP_TOOL_IDLE_TIMEOUT: "0",
  },
  // Else hooks, helpers and servers that some worker has landed would run in the next session, the judge's too.
  sessionMeta: { claudeCode: { options: { settingSources: ["user"], strictMcpConfig: true } } },
  home: {
    env: { CLAUDE_CONFIG_DIR: "{home}" },
    // Unconfined it would put a new file in place of a link to its login; and on macOS its login belongs to the operator's home.
    whenOwn: false,
    links: {
      ".credentials.json": { variable: "CLAUDE_CONFIG_DIR", otherwise: ".claude", path: ".credentials.json" },
    },
    files: {},
  },
  own: {
    env: {},
    model: { args: [], env: { ANTHROPIC_MODEL: "{model}" } },
    passEnv: [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "ANTHROPIC_BASE_URL",
      "CLAUDE_CODE_OAUTH_TOKEN",
      "CLAUDE_CONFIG_DIR",
    ],
    // code.claude.com/docs/en/network-config: the API, and where the tokens of a login are made.
    hosts: ["api.anthropic.com", "platform.claude.com", "$ANTHROPIC_BASE_URL"],
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
    files: {},
  },
  mode: "bypassPermissions",
  title: null,
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
  resume: "session/resume",
  usage: { tokens: "prompt", cost: "session" },
  traps: [
    "As root it refuses bypassPermissions unless IS_SANDBOX=1.",
    "A .claude/settings.json of the repository may run hooks and servers, and send its model calls, with the login, to another address: settingSources and strictMcpConfig of session/new keep them out, and CLAUDE.md too.",
    "It asks for a title beside the first prompt, and with session/resume and session/load for one token, to try the model.",
    "Its commands see ANTHROPIC_AUTH_TOKEN, and have process groups of their own, which outlive it.",
    "It repeats 5xx with longer and longer waits for more than 45 seconds; CLAUDE_CODE_MAX_RETRIES lowers that.",
    "Every session of a process is a program of its own beside the adapter.",
  ],
};

export const acpPresets: { readonly [name: string]: AcpPreset } = {
  "claude-code": claudeCode,
  codex,
  "codex-acp": codexAcp,
  opencode,
  gemini,
  qwen,
  pi,
};

export const presetNames = Object.keys(acpPresets);
