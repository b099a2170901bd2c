/**
 * Owns one session of an agent's program, from its start to its end: the program, its tools, and where its model calls
 * go. Keeps: after `close` nothing of it lives, and every call it made is settled.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { RequestError } from "@agentclientprotocol/sdk";
import type { AcpUsage } from "../../domain/acp-preset.ts";
import type { AgentFailure, Environment, GroupEnd, ProcessGroups } from "../../engine/ports.ts";
import { lastLines } from "../plain-text.ts";
import type { AcpProgram } from "./program.ts";
import { readTurn, type TurnReport } from "./usage.ts";

export type TurnEnd =
  | ({ kind: "ended" } & TurnReport)
  /** The agent itself says that it cannot. */
  | { kind: "refused"; failure: AgentFailure }
  /** Its program has ended. */
  | { kind: "died"; failure: AgentFailure };

export type LiveParts = {
  program: AcpProgram;
  /** Of the protocol. */
  id: string;
  groups: ProcessGroups;
  /** Of all that the session starts. */
  marks: Environment;
  /** For messages. */
  title: string;
  /** Where it says what a turn took. */
  tokens: AcpUsage["tokens"];
  /** What a turn may take to end when it is cancelled. */
  cancelMs: number;
};

export class LiveSession {
  readonly #parts: LiveParts;
  #turn: Promise<unknown> | null = null;
  /** What lived before the first turn: the program and its own servants. */
  #servants: ReadonlySet<number> = new Set();

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  /** What runs now belongs to the program itself. */
  async settled(): Promise<void> {
    const { groups, marks } = this.#parts;
    this.#servants = await groups.findMarked(marks);
  }

  /** Never rejects for what the agent does. */
  async turn(text: string): Promise<TurnEnd> {
    const { program, id } = this.#parts;
    const turn = program.prompt(id, text);
    this.#turn = turn;
    try {
      return { kind: "ended", ...readTurn(await turn, this.#parts.tokens) };
    } catch (error) {
      return await this.#faultOf(error);
    } finally {
      this.#turn = null;
    }
  }

  /** Ends the turn that runs, at the latest with its program. */
  async cancel(): Promise<void> {
    const { program, id, cancelMs } = this.#parts;
    const turn = this.#turn;
    if (!turn) return;
    const over = turn.then(
      () => true,
      () => true,
    );
    await program.cancel(id).catch(() => {}); // A connection that is closed: the turn is over as well.
    const waited = new AbortController();
    const late = sleep(cancelMs, false, { signal: waited.signal }).catch(() => false);
    const ended = await Promise.race([over, late]);
    waited.abort();
    if (!ended) await program.kill(0);
  }

  /** Ends what the agent left running in the background; its program goes on. */
  async quiet(): Promise<void> {
    const { groups, marks } = this.#parts;
    if (this.#servants.size > 0) await groups.killMarked(marks, this.#servants);
  }

  async close(graceMs: number): Promise<void> {
    const { program, groups, marks } = this.#parts;
    await program.kill(graceMs);
    await groups.killMarked(marks);
  }

  async #faultOf(error: unknown): Promise<Exclude<TurnEnd, { kind: "ended" }>> {
    const { program, title } = this.#parts;
    if (error instanceof RequestError) return { kind: "refused", failure: refusalOf(error, title) };
    // Whatever broke the conversation, there is none any more.
    await program.kill(0);
    return { kind: "died", failure: deathOf(await program.ended, program.words(), title) };
  }
}

const authRequired = -32_000;

export const asksForLogin = (error: unknown): boolean => error instanceof RequestError && error.code === authRequired;

/** What an agent answers instead of a result. */
export function refusalOf(error: RequestError, title: string): AgentFailure {
  const said = [error.message, dataOf(error.data)].filter(Boolean).join(": ");
  if (asksForLogin(error))
    return {
      kind: "misconfigured",
      detail: `${title} is not logged in (${said}): log in with its own program, or give the agent a model`,
    };
  return { kind: "provider", detail: `${title}: ${said}` };
}

function dataOf(data: unknown): string {
  if (typeof data === "string") return data;
  return data === undefined || data === null ? "" : JSON.stringify(data).slice(0, 1_000);
}

export function deathOf(end: GroupEnd, words: string, title: string): AgentFailure {
  const last = lastLines(words, 20, 4_096);
  const detail = `${title} ended in the middle${last ? `: ${last}` : ""}`;
  switch (end.kind) {
    case "not_started":
      return { kind: "environment", detail: end.reason };
    case "killed":
      return { kind: "crashed", exitCode: null, signal: end.signal, detail };
    case "exited":
      return { kind: "crashed", exitCode: end.exitCode, signal: null, detail };
  }
}
