/**
 * Real coding agents with their own login, confined: they reach their vendor through the proxy and nobody else, and a login that is
 * refreshed is refreshed in the operator's own file. Two agents, or with LONGHAUL_TEST_AGENTS=all every one.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { codingAgent, codingAgentMs, codingAgentsTested } from "../coding-agents.ts";
import { openLoginWorld, type Login } from "./own-login-world.ts";

// Real agents on a shared machine: the bound is there to end a hang.
vi.setConfig({ testTimeout: 180_000 });

const key = "canary-key-of-the-operator";

/** Without a signature: nobody here looks at it. */
const jwt = (exp: number) =>
  [
    { alg: "none", typ: "JWT" },
    { exp, "https://api.openai.com/auth": { chatgpt_account_id: "a", chatgpt_plan_type: "pro" } },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".") + ".c2ln";
const [expired, fresh] = [jwt(1_600_000_000), jwt(4_000_000_000)];

const claudeTokens = {
  token_type: "Bearer",
  access_token: key,
  refresh_token: "refresh-2",
  expires_in: 28_800,
  scope: "user:inference user:profile",
};
const claudeLogin = {
  claudeAiOauth: {
    accessToken: "old",
    refreshToken: "refresh-1",
    expiresAt: 1,
    scopes: ["user:inference", "user:profile"],
  },
};
const chatgptLogin = {
  auth_mode: "chatgpt",
  OPENAI_API_KEY: null,
  tokens: { id_token: expired, access_token: expired, refresh_token: "refresh-1", account_id: "a" },
  last_refresh: "2026-01-01T00:00:00Z",
};
const chatgpt: Login = {
  file: ".codex/auth.json",
  reaches: "chatgpt.com",
  holds: chatgptLogin,
  answers: {
    "auth.openai.com/oauth/token": { id_token: fresh, access_token: fresh, refresh_token: "refresh-2" },
  },
};

type Agent = { env: { [name: string]: string }; ownModel?: string; host: string; login?: Login };

const agents: { [preset: string]: Agent } = {
  "claude-code": {
    env: { ANTHROPIC_API_KEY: key },
    ownModel: "claude-sonnet-5",
    host: "api.anthropic.com",
    login: {
      file: ".claude/.credentials.json",
      reaches: "api.anthropic.com",
      holds: claudeLogin,
      answers: { "platform.claude.com/v1/oauth/token": claudeTokens },
    },
  },
  codex: { env: { OPENAI_API_KEY: key }, ownModel: "gpt-5.4", host: "api.openai.com", login: chatgpt },
  "codex-acp": { env: { OPENAI_API_KEY: key }, ownModel: "gpt-5.4", host: "api.openai.com", login: chatgpt },
  opencode: {
    env: { ANTHROPIC_API_KEY: key },
    ownModel: "anthropic/claude-sonnet-4-5",
    host: "api.anthropic.com",
    login: {
      file: ".local/share/opencode/auth.json",
      reaches: "api.anthropic.com",
      holds: { anthropic: { type: "api", key } },
      answers: {},
    },
  },
  gemini: { env: { GEMINI_API_KEY: key }, ownModel: "gemini-2.5-pro", host: "generativelanguage.googleapis.com" },
  qwen: {
    env: { OPENAI_API_KEY: key, OPENAI_BASE_URL: "https://gateway.example/v1" },
    ownModel: "qwen3-coder-plus",
    host: "gateway.example",
  },
  pi: {
    env: { ANTHROPIC_API_KEY: key },
    host: "api.anthropic.com",
    login: {
      file: ".pi/agent/auth.json",
      reaches: "api.anthropic.com",
      holds: { anthropic: { type: "oauth", access: "old", refresh: "refresh-1", expires: 1 } },
      answers: { "platform.claude.com/v1/oauth/token": claudeTokens },
    },
  },
};

const agentOf = (name: string): Agent => {
  const agent = agents[name];
  if (!agent) throw new Error(`nothing is known of a login of ${name}`);
  return agent;
};
const withLogin = codingAgentsTested.filter((name) => agents[name]?.login);

let folder: { [name: string]: string } = {};
beforeAll(async () => {
  for (const name of codingAgentsTested) folder = { ...folder, [name]: await codingAgent(name) };
}, codingAgentMs);

describe.each(codingAgentsTested)("%s", (name) => {
  test("with a key it reaches its vendor and answers", async () => {
    const { env, ownModel, host } = agentOf(name);
    const world = await openLoginWorld({
      preset: name,
      program: folder[name] ?? "",
      ownModel,
      env,
      credentials: { key },
    });
    const { said, words } = await world.sayHello();
    expect(said).toContain("Hello yourself.");
    expect(words).toContain(`[longhaul: network: ${host}:443 allowed]`);
    expect(world.credentials()).toContain("key");
  });
});

describe.each(withLogin)("%s", (name) => {
  test("with a login it reaches its vendor, and what is refreshed is the operator's own file", async () => {
    const { ownModel, login } = agentOf(name);
    const credentials = { key, fresh };
    const world = await openLoginWorld({
      preset: name,
      program: folder[name] ?? "",
      ownModel,
      env: {},
      credentials,
      login,
    });
    const { words } = await world.sayHello();
    for (const place of Object.keys(login?.answers ?? {})) {
      expect(world.asked()).toContainEqual(expect.stringContaining(place.replace("/", " POST /")));
      expect(world.login()).toContain("refresh-2");
    }
    expect(words).toContain(`[longhaul: network: ${login?.reaches}:443 allowed]`);
  });
});
