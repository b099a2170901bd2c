/** What has to be known of a coding agent that speaks ACP. Pure data: a config may write the same. */

/** Values may hold `{model}`, `{url}` and `{token}` (of the metering), `{home}` (a folder of its own) and `{workspace}`. */
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
  own: AcpOwn;
  /** When its model calls go through our metering, which names the model; null: cannot be. */
  metered: AcpMetering | null;
  /** Set after session/new, load and resume; null: none is needed. */
  mode: string | null;
  /** The request that names a new session: one that has a title does not ask a model for it. null: there is none. */
  title: "session/set_title" | null;
  /** `mcp`: it takes our tools as a session's MCP server over HTTP; `command`: it needs `longhaul tool` in its PATH. */
  tools: "mcp" | "command";
  /** What stands before a tool's name where the model sees it. */
  toolPrefix: string;
  /** Whether it lists the tools of the MCP server after session/new, before the first prompt. */
  listsToolsEarly: boolean;
  /** It gives up on a call of our tools after so long; null: not as long as was tried. */
  toolCallMsMax: number | null;
  /** One process may hold so many sessions at once. */
  sessionsPerProcess: number;
  /** By which a session goes on in another process, its history known. */
  resume: "session/resume" | "session/load";
  /** What session/prompt says when the model could not be reached: an error, or that the turn ended well. */
  failedPrompt: "error" | "end_turn";
  usage: AcpUsage;
  /** For docs and `doctor`: what surprises. */
  traps: string[];
};

/** The folder where it keeps settings, logins and sessions. Without what it wrote there no session resumes. */
export type AcpHome = {
  /** Moves it to `{home}`. */
  env: Words;
  /** Whether it gets a home of its own also with its own login; else only when metered. */
  whenOwn: boolean;
  /** By path in its own home: the file of the operator that is linked there, if it exists, when not metered. Its login. */
  links: { [path: string]: OperatorsFile };
  /** By path: files that have to be there before it starts, as JSON or text. */
  files: { [path: string]: Json };
};

/** `path` in the folder that the variable names, else in `otherwise`, which is in the operator's HOME. */
export type OperatorsFile = { variable: string; otherwise: string; path: string };

export type AcpOwn = {
  env: Words;
  /** When a model is given: after the command, and in place of variables of the same name. */
  model: { args: string[]; env: Words };
  /** What it needs of the operator's environment. */
  passEnv: string[];
  /** Variable → the method of `authenticate` that takes it: to be called before session/new if it is set and no login was linked. */
  authenticate: Words;
};

export type AcpMetering = {
  wire: "anthropic" | "openai-responses" | "openai-chat" | "google";
  /** After the command. */
  args: string[];
  env: Words;
  /** Joined with `sessionMeta`. */
  sessionMeta: { [name: string]: Json };
  /** In its home as well, in place of those of the same path. */
  files: { [path: string]: Json };
  /** The header of its model calls that holds the ACP session's id; null: sessions of one process cannot be told apart. */
  sessionHeader: string | null;
};

export type AcpUsage = {
  /**
   * What the answer to session/prompt says: `prompt`: of that prompt; `last`: of its last model call alone; `quota`: of that prompt, in
   * `_meta.quota.token_count`; `none`: nothing.
   */
  tokens: "prompt" | "last" | "quota" | "none";
  /** `session`: usage_update says in dollars what the session cost so far, by its own price list. */
  cost: "session" | "none";
};
