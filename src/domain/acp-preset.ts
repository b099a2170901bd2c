/**
 * How a coding agent is driven over ACP: data, so that a user can write one for an agent that Longhaul does not know. In
 * `command`, `env` and `metered` these stand for what the session has: `{model}` (the id without its provider), `{url}` and
 * `{token}` (of the metering proxy), `{home}` (a private folder of the session).
 */
export type AcpPreset = {
  /** For people: `Claude Code`. */
  title: string;
  command: readonly string[];
  /** Always set. */
  env: { readonly [name: string]: string };
  /** With its own login or key: what it needs of the operator's environment. */
  passEnv: readonly string[];
  /** What is added when its model calls go through the metering proxy; null: it cannot be pointed there. */
  metered: null | {
    wire: AcpWire;
    args: readonly string[];
    env: { readonly [name: string]: string };
  };
  /** The session mode in which it asks nobody; null: its own. */
  mode: string | null;
  /** How it gets the tools of its role: as an MCP server of its session, or as the command `longhaul tool`. */
  tools: "mcp" | "command";
  /** What one of its processes takes; no other starts without room for it. */
  memoryBytes: number;
  /** Sessions of one agent that share a process. They share what the process is confined by as well. */
  sessionsPerProcess: number;
  /** How it is installed. */
  install: string;
};

/** What the proxy has to speak; `responses` and `chat` are OpenAI's. */
export type AcpWire = "anthropic" | "responses" | "chat";

/** The kinds of provider that speak what an agent speaks. */
export const acpWireKinds: { readonly [W in AcpWire]: readonly string[] } = {
  anthropic: ["anthropic"],
  responses: ["openai", "openai-compatible"],
  chat: ["openai", "openai-chat", "openai-compatible"],
};
