/** Presets of the agents that are tested on request (`LONGHAUL_TEST_AGENTS=all`). */
import type { AcpPreset } from "../domain/acp-preset.ts";

const mb = 1_048_576;

const opencodeQuiet = {
  permission: "allow",
  autoupdate: false,
  share: "disabled",
  agent: { title: { disable: true } },
  experimental: { mcp_timeout: 86_400_000 },
} as const;

export const opencode: AcpPreset = {
  name: "OpenCode",
  memoryBytes: 500 * mb,
  envAsRoot: {},
  afterCancel: "goes_on",
  install: "npm install --global opencode-ai",
  command: ["opencode", "acp", "--pure"],
  env: {
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    // Else servers and plugins of the repository run, and it could send a key elsewhere; the price is that its AGENTS.md is not read.
    OPENCODE_DISABLE_PROJECT_CONFIG: "1",
    OPENCODE_CONFIG_CONTENT: JSON.stringify(opencodeQuiet),
  },
  sessionMeta: {},
  home: {
    env: {
      XDG_DATA_HOME: "{home}/data",
      XDG_CONFIG_HOME: "{home}/config",
      XDG_STATE_HOME: "{home}/state",
      XDG_CACHE_HOME: "{home}/cache",
    },
    whenOwn: true,
    links: {
      "data/opencode/auth.json": {
        variable: "XDG_DATA_HOME",
        otherwise: ".local/share",
        path: "opencode/auth.json",
      },
    },
    files: {},
  },
  own: {
    env: {},
    model: { args: [], env: { OPENCODE_CONFIG_CONTENT: JSON.stringify({ ...opencodeQuiet, model: "{model}" }) } },
    passEnv: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "OPENCODE_API_KEY"],
    hosts: ["api.anthropic.com", "api.openai.com", "openrouter.ai", "opencode.ai"],
    authenticate: {},
  },
  metered: {
    wire: "openai-chat",
    args: [],
    env: {
      LONGHAUL_MODEL_TOKEN: "{token}",
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        ...opencodeQuiet,
        model: "longhaul/{model}",
        small_model: "longhaul/{model}",
        provider: {
          longhaul: {
            npm: "@ai-sdk/openai-compatible",
            name: "longhaul",
            options: { baseURL: "{url}/v1", apiKey: "{env:LONGHAUL_MODEL_TOKEN}" },
            models: { "{model}": { name: "{model}" } },
          },
        },
      }),
    },
    sessionMeta: {},
    files: {},
  },
  mode: null,
  title: null,
  tools: "mcp",
  toolPrefix: "longhaul_",
  listsToolsEarly: true,
  resume: "session/resume",
  usage: { tokens: "none", cost: "none" },
  traps: [
    "It installs packages from the npm registry into each new home, and leaves a library of some megabytes in TMPDIR at each start.",
    "It loads plugins of a repository's .opencode/plugin, whatever is set.",
    "It repeats even 400, with longer and longer waits for more than 30 seconds.",
    "Without experimental.mcp_timeout it gives up on our tools after a minute.",
    "Its commands see the token, and outlive it.",
    "Its program comes with a script of its package: npm must be allowed to run it.",
  ],
};

export const gemini: AcpPreset = {
  name: "Gemini CLI",
  memoryBytes: 360 * mb,
  envAsRoot: {},
  afterCancel: "broken",
  install: "npm install --global @google/gemini-cli",
  command: ["gemini", "--acp", "--yolo", "--skip-trust"],
  env: {},
  sessionMeta: {},
  home: {
    env: { GEMINI_CLI_HOME: "{home}" },
    whenOwn: false,
    links: {},
    files: {
      ".gemini/settings.json": {
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
        context: { fileName: ["AGENTS.md", "GEMINI.md"] },
        security: { auth: { selectedType: "gemini-api-key" } },
      },
    },
  },
  own: {
    env: {},
    model: { args: ["--model", "{model}"], env: {} },
    passEnv: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_CLI_HOME"],
    hosts: ["generativelanguage.googleapis.com", "$GOOGLE_GEMINI_BASE_URL"],
    authenticate: {},
  },
  // The proxy does not speak its wire.
  metered: null,
  mode: null,
  title: null,
  tools: "mcp",
  toolPrefix: "mcp_longhaul_",
  listsToolsEarly: true,
  resume: "session/load",
  usage: { tokens: "quota", cost: "none" },
  traps: [
    "After a cancel during a tool call it leaves the call without a result, and every later prompt of the session is refused with 400.",
    "With usage statistics on it reports to its maker.",
    "Its commands see the key.",
    "It is two processes, 330 MB together.",
  ],
};

export const qwen: AcpPreset = {
  name: "Qwen Code",
  memoryBytes: 370 * mb,
  envAsRoot: {},
  afterCancel: "goes_on",
  install: "npm install --global @qwen-code/qwen-code",
  // The last flag keeps servers of the repository's settings out.
  command: ["qwen", "--acp", "--yolo", "--auth-type", "openai", "--allowed-mcp-server-names", "longhaul"],
  env: {},
  sessionMeta: {},
  home: {
    env: { QWEN_HOME: "{home}" },
    whenOwn: false,
    links: {},
    files: {
      "settings.json": {
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
        memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false },
        ui: { enableFollowupSuggestions: false },
        tools: { toolSearch: { enabled: false } },
      },
    },
  },
  own: {
    env: {},
    model: { args: ["--model", "{model}"], env: { OPENAI_MODEL: "{model}" } },
    passEnv: ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DASHSCOPE_API_KEY", "QWEN_HOME"],
    hosts: ["api.openai.com", "dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "$OPENAI_BASE_URL"],
    authenticate: {},
  },
  metered: {
    wire: "openai-chat",
    args: ["--model", "{model}"],
    env: { OPENAI_API_KEY: "{token}", OPENAI_BASE_URL: "{url}/v1", OPENAI_MODEL: "{model}" },
    sessionMeta: {},
    files: {},
  },
  mode: null,
  title: null,
  tools: "mcp",
  toolPrefix: "mcp__longhaul__",
  listsToolsEarly: true,
  resume: "session/resume",
  usage: { tokens: "none", cost: "none" },
  traps: [
    "Without its settings our tools stand behind a search that the model has to make, and each turn is followed by two calls more: memory and suggestions.",
    "With usage statistics on it reports to its maker.",
    "It answers 429 and 5xx with more than ten tries in 25 seconds, and an empty reply with an error.",
    "It is three processes, 350 MB together.",
  ],
};

export const pi: AcpPreset = {
  name: "pi",
  memoryBytes: 150 * mb,
  envAsRoot: {},
  afterCancel: "goes_on",
  install: "npm install --global pi-acp @earendil-works/pi-coding-agent",
  command: ["pi-acp"],
  env: { PI_OFFLINE: "1", PI_TELEMETRY: "0" },
  sessionMeta: {},
  home: {
    env: { PI_CODING_AGENT_DIR: "{home}" },
    whenOwn: false,
    links: { "auth.json": { variable: "PI_CODING_AGENT_DIR", otherwise: ".pi/agent", path: "auth.json" } },
    files: { "settings.json": { quietStartup: true } },
  },
  own: {
    env: {},
    model: { args: [], env: {} },
    passEnv: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "PI_CODING_AGENT_DIR"],
    // Of the vendors whose keys it is passed, and where the logins of two of them live and are refreshed (its packages name these).
    hosts: [
      "api.anthropic.com",
      "platform.claude.com",
      "api.openai.com",
      "chatgpt.com",
      "auth.openai.com",
      "generativelanguage.googleapis.com",
    ],
    authenticate: {},
  },
  metered: {
    wire: "openai-chat",
    args: [],
    env: { LONGHAUL_MODEL_TOKEN: "{token}" },
    sessionMeta: {},
    files: {
      "settings.json": { quietStartup: true, defaultProvider: "longhaul", defaultModel: "{model}" },
      "models.json": {
        providers: {
          longhaul: {
            baseUrl: "{url}/v1",
            api: "openai-completions",
            apiKey: "$LONGHAUL_MODEL_TOKEN",
            models: [{ id: "{model}" }],
          },
        },
      },
    },
  },
  mode: null,
  title: null,
  tools: "command",
  toolPrefix: "longhaul tool ",
  listsToolsEarly: false,
  resume: "session/load",
  usage: { tokens: "none", cost: "none" },
  traps: [
    "It takes MCP servers and never uses them: it needs the command.",
    "When the model cannot be reached it says end_turn, and nothing else.",
    "With pi 0.73, pi-acp 0.0.34 never answers session/new; with 0.87 it works.",
    "It asks the npm registry for its newest version at each session/new, and writes .pi/pi-acp/session-map.json in HOME, without which no session is loaded.",
  ],
};
