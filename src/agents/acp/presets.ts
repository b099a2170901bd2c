/**
 * Coding agents that speak ACP, as data: how each is started, kept apart from the operator's own settings, pointed at our metering,
 * and given our tools. What is said here was seen with the real programs (docs/coding-agents.md). A config may write the same shape.
 */

/** Values may hold `{model}`, `{url}` and `{token}` (of the metering), `{home}` (the folder that is its home) and `{workspace}`. */
export type Words = { [name: string]: string };
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export type AcpPreset = {
  /** How a person gets it. */
  install: string;
  /** An argv. */
  command: [string, ...string[]];
  /** Always set: what it must not do on its own. */
  env: Words;
  /** Sent as `_meta` with session/new, session/load and session/resume. */
  sessionMeta: { [name: string]: Json };
  home: AcpHome | null;
  /** With its own login or key. */
  own: {
    args: string[];
    /** What it needs of the operator's environment. */
    passEnv: string[];
    /** Variable → the method of `authenticate` that takes it: to be called before session/new when the variable is set and no login was linked. */
    authenticate: Words;
  };
  /** When its model calls go through our metering; null: cannot be. */
  metered: AcpMetering | null;
  /** Set after session/new, load and resume; null: none is needed. */
  mode: string | null;
  /** `mcp`: it takes our tools as a session's MCP server over HTTP; `command`: it needs `longhaul tool` in its PATH. */
  tools: "mcp" | "command";
  /** What stands before a tool's name where the model sees it. */
  toolPrefix: string;
  /** Whether it opens the MCP server and lists our tools before its first prompt. */
  listsToolsEarly: boolean;
  /** One process may hold so many sessions at once. */
  sessionsPerProcess: number;
  /** By which a session goes on in another process; null: not at all. */
  resume: "session/resume" | "session/load" | null;
  usage: AcpUsage;
  /** For docs and `doctor`: what surprises. */
  traps: string[];
};

/** The folder where it keeps settings, logins and sessions. What it writes there belongs to the session: without it nothing resumes. */
export type AcpHome = {
  variable: string;
  /** Whether it gets one of its own also with its own login; else only when metered. */
  own: boolean;
  /** Where the operator's is when the variable is not set, from the operator's HOME. */
  operators: string;
  /** Linked from the operator's into its own, where they exist: its login. */
  links: string[];
  /** Files that have to be there, by path. */
  files: Words;
};

export type AcpMetering = {
  wire: "anthropic" | "openai-responses" | "openai-chat" | "google";
  /** After the command. */
  args: string[];
  env: Words;
  /** Joined with `sessionMeta`. */
  sessionMeta: { [name: string]: Json };
  /** The header of its model calls that holds the ACP session's id; null: sessions of one process cannot be told apart. */
  sessionHeader: string | null;
};

export type AcpUsage = {
  /** `prompt`: each answer to session/prompt says what that prompt took; `context`: only how full the window is; `none`. */
  tokens: "prompt" | "context" | "none";
  /** `session`: usage_update says in dollars what the session cost so far, by its own price list. */
  cost: "session" | "none";
};

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
  install: "npm install --global @zed-industries/codex-acp",
  command: ["codex-acp"],
  env: {},
  sessionMeta: {},
  home: { variable: "CODEX_HOME", own: true, operators: ".codex", links: ["auth.json"], files: {} },
  own: {
    args: settings('model="{model}"'),
    passEnv: ["OPENAI_API_KEY", "CODEX_API_KEY"],
    authenticate: { CODEX_API_KEY: "codex-api-key", OPENAI_API_KEY: "openai-api-key" },
  },
  metered: {
    wire: "openai-responses",
    args: codexProvider,
    env: { LONGHAUL_MODEL_TOKEN: "{token}" },
    sessionMeta: {},
    sessionHeader: "session-id",
  },
  mode: "full-access",
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
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
  install: "npm install --global @agentclientprotocol/claude-agent-acp",
  command: ["claude-agent-acp"],
  env: {
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: "false",
  },
  sessionMeta: {},
  home: { variable: "CLAUDE_CONFIG_DIR", own: false, operators: ".claude", links: [], files: {} },
  own: {
    args: [],
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
