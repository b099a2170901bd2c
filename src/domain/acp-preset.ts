/**
 * How a coding agent is driven over ACP, as data, so that a user can write the same for an agent that Longhaul does not know.
 * Values may hold `{model}` (without its provider), `{url}` and `{token}` (of the metering proxy), `{home}` (a folder of the
 * session's own) and `{workspace}`.
 */
export type Words = { readonly [name: string]: string };
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type AcpPreset = {
  /** For people. */
  name: string;
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
  own: AcpOwn;
  /** When its model calls go through our metering proxy, which names the model; null: cannot be. */
  metered: AcpMetering | null;
  /** Set after session/new, load and resume: the one in which it asks nobody; null: none is needed. */
  mode: string | null;
  /** The request that names a new session: one that has a title does not ask a model for it. null: there is none. */
  title: "session/set_title" | null;
  /** `mcp`: it takes our tools as a session's MCP server over HTTP; `command`: it runs `longhaul tool`. */
  tools: "mcp" | "command";
  /** What stands before a tool's name where the model sees it. */
  toolPrefix: string;
  /** Whether it lists the tools of the MCP server after session/new, before the first prompt. */
  listsToolsEarly: boolean;
  /** What its processes take for one session; none starts without room for it. */
  memoryBytes: number;
  /** By which a session goes on in another process, its history known; null: not at all. */
  resume: "session/resume" | "session/load" | null;
  /** Whether a session can go on after its turn was cancelled. */
  afterCancel: "goes_on" | "broken";
  usage: AcpUsage;
  /** For docs and `longhaul doctor`: what surprises. */
  traps: readonly string[];
};

/** The folder where it keeps settings, logins and sessions. Without what it wrote there no session resumes. */
export type AcpHome = {
  /** Moves it to `{home}`. */
  env: Words;
  /** Whether it gets a home of its own also with its own login and unconfined; confined or metered it always does. */
  whenOwn: boolean;
  /**
   * By path in its own home: the file of the operator that is seen there, if it exists, when not metered. Its login. It is the file
   * itself, and can be written: a login is refreshed, and then whoever has a copy has lost it.
   */
  links: { readonly [path: string]: OperatorsFile };
  /** By path: files that have to be there before it starts, as JSON or text. */
  files: { readonly [path: string]: Json };
};

/** `path` in the folder that the variable names, else in `otherwise`, which is in the operator's HOME. */
export type OperatorsFile = { variable: string; otherwise: string; path: string };

export type AcpOwn = {
  env: Words;
  /** When the configuration names a model for it (`ownModel`): after the command, and in place of variables of the same name. */
  model: { args: readonly string[]; env: Words };
  /** What it needs of the operator's environment. */
  passEnv: readonly string[];
  /** Where it is let: host names as in `network` of a configuration, or `$NAME`, where the URL in that variable leads. */
  hosts: readonly string[];
  /** Variable → the method of `authenticate` that takes it: called before session/new if it is set and no login was linked. */
  authenticate: Words;
};

export type AcpMetering = {
  wire: AcpWire;
  /** After the command. */
  args: readonly string[];
  env: Words;
  /** Joined with `sessionMeta`. */
  sessionMeta: { readonly [name: string]: Json };
  /** In its home as well, in place of those of the same path. */
  files: { readonly [path: string]: Json };
};

export type AcpWire = "anthropic" | "openai-responses" | "openai-chat";

export type AcpUsage = {
  /**
   * What the answer to session/prompt says: `prompt`: what that prompt took; `quota`: the same, in `_meta.quota.token_count`; `none`:
   * nothing that can be summed up.
   */
  tokens: "prompt" | "quota" | "none";
  /** `session`: usage_update says in dollars what the session cost so far, by its own price list. */
  cost: "session" | "none";
};

/** The kinds of provider that speak what an agent speaks. */
export const acpWireKinds: { readonly [W in AcpWire]: readonly string[] } = {
  anthropic: ["anthropic"],
  "openai-responses": ["openai", "openai-compatible"],
  "openai-chat": ["openai", "openai-chat", "openai-compatible"],
};
