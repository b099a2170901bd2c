/**
 * How a coding agent is driven over ACP, as data, so that a user can write the same for an agent that Longhaul does not know.
 * Values may hold `{model}` (without its provider), `{url}` and `{token}` (of the metering proxy), `{home}` (the folder where it
 * keeps its settings) and `{workspace}`.
 */
export type Words = { readonly [name: string]: string };
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type AcpPreset = {
  /** For people: `Claude Code`. */
  title: string;
  /** How a person gets it. */
  install: string;
  /** An argv. */
  command: readonly string[];
  /** Always set: what it must not do on its own. */
  env: Words;
  /** Set as well when it runs as root. */
  envAsRoot: Words;
  /** Sent as `_meta` with session/new, session/load and session/resume. */
  sessionMeta: { readonly [name: string]: Json };
  home: AcpHome | null;
  /** With its own login or key. */
  own: {
    /** Added when the configuration names a model for it (`ownModel`). */
    model: { args: readonly string[]; env: Words };
    /** What it needs of the operator's environment. */
    passEnv: readonly string[];
    /** Variable → the method of `authenticate` that takes it, called before session/new when the variable is set and no login was linked. */
    authenticate: Words;
  };
  /** When its model calls go through our metering proxy; null: cannot be. */
  metered: AcpMetering | null;
  /** Set after session/new, load and resume: the one in which it asks nobody; null: none is needed. */
  mode: string | null;
  /** `mcp`: it takes our tools as a session's MCP server over HTTP; `command`: it runs `longhaul tool`, which is in its PATH. */
  tools: "mcp" | "command";
  /** What stands before a tool's name where the model sees it. */
  toolPrefix: string;
  /** Whether it opens the MCP server and lists our tools before its first prompt. */
  listsToolsEarly: boolean;
  /** What one of its processes takes; none starts without room for it. */
  memoryBytes: number;
  /** One process may hold so many sessions at once. */
  sessionsPerProcess: number;
  /** By which a session goes on in another process; null: not at all. */
  resume: "session/resume" | "session/load" | null;
  usage: AcpUsage;
  /** For docs and `longhaul doctor`: what surprises. */
  traps: readonly string[];
};

/** The folder where it keeps settings, logins and sessions. What it writes there belongs to the session: without it nothing resumes. */
export type AcpHome = {
  variable: string;
  /** Whether it gets one of its own also with its own login; else only when metered. */
  own: boolean;
  /** Where the operator's is when the variable is not set, from the operator's HOME. */
  operators: string;
  /** Linked from the operator's into its own, where they exist: its login. */
  links: readonly string[];
  /** Files that have to be there, by path. */
  files: Words;
};

export type AcpMetering = {
  wire: AcpWire;
  /** After the command. */
  args: readonly string[];
  env: Words;
  /** Joined with `sessionMeta`. */
  sessionMeta: { readonly [name: string]: Json };
  /** The header of its model calls that holds the ACP session's id; null: sessions of one process cannot be told apart. */
  sessionHeader: string | null;
};

/** What the proxy has to speak; `responses` and `chat` are OpenAI's. */
export type AcpWire = "anthropic" | "responses" | "chat";

export type AcpUsage = {
  /** `prompt`: each answer to session/prompt says what that prompt took; `context`: only how full the window is; `none`. */
  tokens: "prompt" | "context" | "none";
  /** `session`: usage_update says in dollars what the session cost so far, by its own price list. */
  cost: "session" | "none";
};

/** The kinds of provider that speak what an agent speaks. */
export const acpWireKinds: { readonly [W in AcpWire]: readonly string[] } = {
  anthropic: ["anthropic"],
  responses: ["openai", "openai-compatible"],
  chat: ["openai", "openai-chat", "openai-compatible"],
};
