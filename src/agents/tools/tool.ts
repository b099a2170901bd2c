/**
 * What a role tool is: one definition, served in-process to model agents, and over MCP, HTTP and as a
 * command to others (`tool-server/`). To add a tool, imitate one beside this file and list it in `tools.ts`.
 */
import type { z } from "zod";
import type { Brief } from "../../domain/brief.ts";
import type { SessionId } from "../../domain/ids.ts";
import type { Limits } from "../../domain/limits.ts";
import type { Role } from "../../domain/session.ts";
import type { AgentAnswer, Environment, ProcessGroups, SessionHost } from "../../engine/ports.ts";

export type Tool<Input = unknown> = {
  /** snake_case, unique. */
  name: string;
  /** For the model: what it does, what it answers, what its bounds are. */
  description: string;
  /** Unknown fields are ignored. Every field has a `.describe()`. */
  input: z.ZodType<Input>;
  roles: readonly Role[];
  /**
   * `look`: changes nothing; such calls may run side by side. `work`: may change the workspace, so it runs alone, with
   * no other call of the session beside it: when it ends, whatever carries the session's marks is killed. `run`: acts on
   * the run through the engine, once for each call. `end`: ends the session, once what it asks for has been checked.
   */
  effect: "look" | "work" | "run" | "end";
  /** Never rejects for what the model asked for: that is an answer with `ok: false` that says how to do it right. */
  run(input: Input, context: ToolContext): Promise<ToolAnswer>;
};

/**
 * `ok: false`: the call did not do what was asked, and `text` says how to do it right; a command that ran and ended
 * with another exit code than 0 is an answer like any other. `text` is bounded by `toolLimits.answerBytesMax`; what was cut
 * from its middle can be read with `read_output`.
 */
export type ToolAnswer = { ok: boolean; text: string; end?: SessionEnd };

/** How the session ends: what its agent answers the engine. */
export type SessionEnd = AgentAnswer extends infer A ? (A extends AgentAnswer ? Omit<A, "usage"> : never) : never;

export type ToolContext = {
  run: string;
  session: SessionId;
  role: Role;
  /** Unique within the session. */
  call: string;
  /** Absolute; the only folder that tools touch. What is in it may be hostile. */
  workspace: string;
  /** The session's own; absolute. Commands have their home and /tmp there. */
  folder: string;
  groups: ProcessGroups;
  /** The engine's side of the session. */
  host: SessionHost;
  /** What the session was told when it began. */
  brief: Brief;
  /** The whole environment of commands. Holds the session's marks, LONGHAUL_RUN and LONGHAUL_SESSION. */
  environment: Environment;
  /** Keeps what was cut from long answers. */
  outputs: Outputs;
  limits: Pick<Limits, "killGraceMs">;
  /** Ends what runs. */
  signal: AbortSignal;
  /** What a command prints, as it comes: for the transcript, and as a sign of life. Must not throw. */
  onOutput(text: string): void;
};

/** Full outputs of this session, by the call that produced them; bounded, and gone with the session. */
export interface Outputs {
  /**
   * At most `toolLimits.outputBytesMax` of a text are kept, cut in its middle, and `outputsBytesMax` of all texts, the
   * newest. Rejects when the disk does.
   */
  keep(call: string, text: string): Promise<void>;
  /** null: nothing is kept under this name. */
  read(call: string, offset: number, bytesMax: number): Promise<OutputPart | null>;
}

/** Bytes from `start` (the first whole character at or after the asked offset) to `end`. */
export type OutputPart = { text: string; start: number; end: number; totalBytes: number };
