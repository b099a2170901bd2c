/**
 * One session of a coding agent that we did not write. Keeps: only an end tool of its role ends it well, whatever the
 * agent says or its program exits with; when `converse` answers, nothing changes the workspace any more.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../../domain/assert.ts";
import type { Brief } from "../../domain/brief.ts";
import { idText } from "../../domain/ids.ts";
import { acpLimits, type AcpWaits, type Limits } from "../../domain/limits.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import { noUsage, type Role } from "../../domain/session.ts";
import type { AgentAnswer, AgentFailure, AgentSession, Environment, SessionOrder } from "../../engine/ports.ts";
import { boundEnd } from "../bounded-end.ts";
import { Tail } from "../tail.ts";
import { lastLines } from "../plain-text.ts";
import type { AgentChoice } from "../prompts/brief-text.ts";
import { renderBrief, renderNudge, renderOwnTools, type Prompts } from "../prompts/prompts.ts";
import type { ServedTools } from "../tool-server/server.ts";
import { openSessionTools, type SessionToolsHost } from "../tool-server/session-tools.ts";
import type { SessionEnd } from "../tools/tool.ts";
import { outsideToolsFor } from "../tools/tools.ts";
import { Conversation, type Attached } from "./conversation.ts";
import { HandOff } from "./hand-off.ts";
import type { LiveSession, TurnEnd } from "./live.ts";
import { openMetered, type MeteredSession, type MeteringHost } from "./metering.ts";
import { closedEarly, type OpeningHost } from "./opening.ts";
import { SessionRecord } from "./record.ts";
import { backText, restartedText } from "./follow-ups.ts";
import { wayToTools } from "./way-to-tools.ts";
import { UpdateText } from "./updates.ts";
import { SaidUsage } from "./usage.ts";

export type AcpAgentHost = SessionToolsHost &
  OpeningHost &
  MeteringHost & {
    environment(passEnv: readonly string[]): Environment;
    /** Of the run; absolute. */
    stateFolder: string;
    configDirectory: string;
    limits: Pick<Limits, "killGraceMs" | "handoffBytesMax" | "messageBytesMax">;
    waits: Pick<AcpWaits, "lastWordsMs" | "keepMs">;
    prompts: Prompts;
    /** That a planner may name. */
    agents: readonly AgentChoice[];
    report(error: unknown): void;
  };

/** What stays the same when its program has to be started again. */
type Place = { role: Role; served: ServedTools; environment: Environment; metered: MeteredSession | null };

export class AcpSession implements AgentSession {
  readonly handOffFile = "";
  readonly #host: AcpAgentHost;
  readonly #config: AcpAgentConfig;
  readonly #order: SessionOrder;
  readonly #name: string;
  readonly #folder: string;
  readonly #stopped = new AbortController();
  readonly #usage = new SaidUsage();
  readonly #shown = new UpdateText();
  readonly #said = new Tail(acpLimits.shownBytesMax);
  #pending: Promise<AgentAnswer> | null = null;
  /** Its last conversation came to an end: nobody goes on in it after `close`. */
  #over = false;
  #place: Place | null = null;
  readonly #conversation: Conversation;
  readonly #record: SessionRecord;
  #wasTold = false;
  #restarts = 0;
  readonly #handOff = new HandOff();
  /** Why it cannot go on, as its model calls found out. */
  #failure: AgentFailure | null = null;
  #lastWords: NodeJS.Timeout | null = null;

  constructor(host: AcpAgentHost, config: AcpAgentConfig, order: SessionOrder) {
    this.#host = host;
    this.#config = config;
    this.#order = order;
    this.#name = idText("session", order.session);
    this.#folder = join(host.stateFolder, "sessions", order.run, this.#name);
    this.#record = new SessionRecord(order.host, {
      keepMs: host.waits.keepMs,
      now: () => host.now(),
      report: (error) => host.report(error),
      onLost: (reasons) => order.onOutput("stderr", `\n[longhaul: not kept for a restart: ${reasons.join("; ")}]\n`),
    });
    this.#conversation = new Conversation(host, this.#record);
  }

  async converse(brief: Brief): Promise<AgentAnswer> {
    invariant(this.#pending === null, "one conversation of a session at a time");
    this.#pending = this.#converse(brief);
    try {
      return await this.#pending;
    } finally {
      this.#pending = null;
    }
  }

  handOffNow(): void {
    this.#askToHandOff("time");
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#conversation.leave(this.#host.limits.killGraceMs);
    await this.#pending?.catch(() => null); // Whoever conversed has been told.
    await this.#conversation.leave(0);
    await this.#record.settled();
    await this.#place?.served.close();
    await this.#place?.metered?.close();
    // Who was cut, or waits for something, is continued with what its program keeps there.
    if (this.#over || !this.#conversation.canRejoin) await rm(this.#folder, { recursive: true, force: true });
  }

  async #converse(brief: Brief): Promise<AgentAnswer> {
    const end = await this.#talk(brief).finally(() => {
      if (this.#lastWords) clearTimeout(this.#lastWords);
    });
    const goesOn = end.kind === "failure" && ["suspended", "misconfigured"].includes(end.failure.kind);
    this.#over = !this.#stopped.signal.aborted && !goesOn;
    // Nobody waits for its program any more when it failed.
    if (end.kind === "failure") await this.#conversation.leave(this.#host.limits.killGraceMs);
    // Whatever goes through the proxy has been counted there.
    const { model, costMicroUsd } = this.#config;
    const usage = model === null ? this.#usage.since(costMicroUsd) : noUsage;
    return { ...boundEnd(end, this.#host.limits), usage };
  }

  async #talk(brief: Brief): Promise<SessionEnd> {
    const place = await this.#open(brief);
    if ("failure" in place) return failed(place.failure);
    // null: what begins a conversation.
    let text = this.#wasTold ? backText(brief) : null;
    let nudges = 0;
    for (;;) {
      const attached = await this.#attach(place);
      if ("failure" in attached) return failed(attached.failure);
      const { live, is } = attached;
      const said = is === "new" ? [this.#opening(brief)] : [is === "rejoined" && restartedText, text];
      this.#wasTold = true;
      const { prompts, now } = this.#host;
      const turn = await live.turn(this.#handOff.added(said.filter(Boolean).join("\n\n"), prompts, brief, now()));
      const end = await this.#endOf(turn, live, place);
      if (end) return end;
      text = null;
      if (turn.kind === "died" || this.#handOff.isDue) continue;
      if (nudges++ >= acpLimits.nudgesMax) return failed(this.#unfinished(nudges));
      text = renderNudge(this.#host.prompts, brief.role, acpLimits.nudgesMax - nudges);
    }
  }

  /** In a turn of its own, since nothing can be said into one. */
  #askToHandOff(why: "time" | "budget"): void {
    if (this.#handOff.ask(why)) this.#conversation.live?.cancel().catch(this.#host.report);
  }

  /** null: it goes on. */
  async #endOf(turn: TurnEnd, live: LiveSession, { served }: Place): Promise<SessionEnd | null> {
    if (turn.kind === "ended") this.#usage.onTurn(turn);
    if (turn.kind === "died") await this.#conversation.leave(0);
    if (this.#stopped.signal.aborted) return failed(closedEarly);
    if (this.#failure) return failed(this.#failure);
    const end = served.end();
    if (end) {
      await live.quiet();
      return end;
    }
    // Some answer so to a turn that is cancelled.
    if (turn.kind === "refused" && !this.#handOff.isDue) return failed(turn.failure);
    if (this.#handOff.isDue && this.#config.preset.afterCancel === "broken") await this.#conversation.forget();
    if (turn.kind === "died") {
      // Whoever cannot be joined again has nothing to go on from: another attempt begins better than this one.
      if (this.#restarts++ >= acpLimits.restartsMax || !this.#conversation.canRejoin) return failed(turn.failure);
      this.#order.onOutput(
        "stderr",
        `\n[longhaul: ${this.#config.preset.name} ended in the middle; it is started again]\n`,
      );
      this.#usage.restart();
    }
    return null;
  }

  /** Its tools, and where its model calls go. */
  async #open(brief: Brief): Promise<Place | { failure: AgentFailure }> {
    if (this.#place) {
      this.#place.served.goOn();
      await this.#record.sentBack();
      return this.#place;
    }
    const { session, onOutput, host } = this.#order;
    const ofSession = { session, model: this.#config.model, host, signal: this.#stopped.signal };
    const metered = await openMetered(this.#host, ofSession, {
      onFailure: (failure) => this.#fail(failure),
      onActivity: () => onOutput("stderr", ""),
    });
    if (metered && "failure" in metered) return metered;
    const opened = await this.#openTools(brief);
    if ("failure" in opened) {
      await metered?.close();
      return opened;
    }
    this.#place = { role: brief.role, ...opened, metered };
    return this.#place;
  }

  async #openTools(brief: Brief): Promise<Pick<Place, "served" | "environment"> | { failure: AgentFailure }> {
    const order = {
      order: this.#order,
      brief,
      tools: outsideToolsFor(brief.role),
      environment: this.#environment(brief),
      folder: this.#folder,
      onEnd: () => this.#awaitLastWords(),
    };
    try {
      return await openSessionTools(this.#host, order);
    } catch (error) {
      // Files or ports have run out.
      if (!(error instanceof Error) || !("code" in error)) throw error;
      return { failure: { kind: "environment", detail: `cannot prepare ${this.#name}: ${error.message}` } };
    }
  }

  #attach({ role, served, environment, metered }: Place): Promise<Attached> {
    const { onOutput, workspace } = this.#order;
    return this.#conversation.attach({
      config: this.#config,
      role,
      workspace,
      sessionName: this.#name,
      folder: this.#folder,
      environment,
      marks: this.#marks(),
      tools: served,
      metered: metered && { url: metered.url, token: metered.token, model: metered.model },
      listener: {
        onUpdate: (update) => this.#hear(update),
        onPermission: (title, chosen) => onOutput("stderr", `\n[longhaul: may it "${title}"? ${chosen}]\n`),
      },
      onWords: (text) => onOutput("stderr", text),
      signal: this.#stopped.signal,
      onWait: () => onOutput("stderr", ""),
    });
  }

  #hear(update: unknown): void {
    this.#usage.onUpdate(update);
    if (this.#place?.metered?.nearlySpent()) this.#askToHandOff("budget");
    const shown = this.#shown.show(update);
    if (shown?.stream === "stdout") this.#said.add(shown.text);
    if (shown?.done) this.#record.worked();
    this.#order.onOutput(shown?.stream ?? "stderr", shown?.text ?? "");
  }

  #fail(failure: AgentFailure): void {
    this.#failure ??= failure;
    void this.#conversation.leave(this.#host.limits.killGraceMs).catch(this.#host.report);
  }

  /** The end is taken; what the agent still says is not waited for much longer. */
  #awaitLastWords(): void {
    if (this.#lastWords) clearTimeout(this.#lastWords);
    this.#lastWords = setTimeout(() => {
      this.#conversation.live?.cancel().catch(this.#host.report);
    }, this.#host.waits.lastWordsMs);
  }

  #opening(brief: Brief): string {
    const { prompts, agents, now } = this.#host;
    const { system, brief: message } = renderBrief(prompts, brief, { now: now(), agents });
    const own = renderOwnTools(prompts, brief.role, wayToTools(this.#config.preset, this.#folder));
    return [system, own, message].join("\n\n");
  }

  #marks(): Environment {
    return { LONGHAUL_RUN: this.#order.run, LONGHAUL_SESSION: this.#name };
  }

  #environment(brief: Brief): Environment {
    const { preset, passEnv, model } = this.#config;
    // With a model it needs no key of its own, and gets none.
    const passed = model === null ? [...preset.own.passEnv, ...passEnv] : passEnv;
    return {
      ...this.#host.environment(passed),
      ...this.#marks(),
      LONGHAUL_ROLE: brief.role,
      LONGHAUL_CONFIG_DIR: this.#host.configDirectory,
    };
  }

  #unfinished(turns: number): AgentFailure {
    const words = lastLines(this.#said.text(), 10, 1_000);
    const ends = `${turns} turns in a row ended without an end tool, in spite of reminders`;
    return { kind: "unfinished", detail: words ? `${ends}; last it said: ${words}` : `${ends}; it said nothing` };
  }
}

const failed = (failure: AgentFailure): SessionEnd => ({ kind: "failure", failure });
