/**
 * One session of a model agent: a loop of single steps, each recorded before the next begins. Keeps: what is recorded is
 * never done again, what is not recorded has left no trace in the workspace of whoever continues the session.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../../domain/assert.ts";
import type { Brief } from "../../domain/brief.ts";
import { idText } from "../../domain/ids.ts";
import { modelAgentLimits, type Limits } from "../../domain/limits.ts";
import type { ModelAgentConfig, PriceOverride, ProviderConfig } from "../../domain/run-config.ts";
import { noUsage } from "../../domain/session.ts";
import type {
  AgentAnswer,
  AgentFailure,
  AgentSession,
  Environment,
  ProcessGroups,
  SessionOrder,
} from "../../engine/ports.ts";
import type { AgentChoice } from "../prompts/brief-text.ts";
import { continuedText } from "../prompts/brief-text.ts";
import { renderBrief, renderHandOff, renderNudge, renderSummary, type Prompts } from "../prompts/prompts.ts";
import { sentBackText } from "../prompts/worker-text.ts";
import { FileOutputs } from "../tools/outputs.ts";
import type { SessionEnd } from "../tools/tool.ts";
import { toolsFor } from "../tools/tools.ts";
import { ask, replyStep, type Asker, type Reply } from "./asking.ts";
import { Conversation, shortened, type Asked, type ModelStep, type OpenCall } from "./conversation.ts";
import { priceOf, type ModelPrice } from "./prices.ts";
import { openModel, splitModelName, type Model } from "./providers.ts";
import { toolOffers } from "./offers.ts";
import { ToolRunner } from "./tool-runner.ts";

export type ModelAgentHost = {
  groups: ProcessGroups;
  /** What commands see of the host's environment. */
  environment(): Environment;
  /** Of the run; absolute. */
  stateFolder: string;
  configDirectory: string;
  limits: Pick<Limits, "killGraceMs" | "firstOutputMs" | "chunkMs" | "callMs">;
  providers: { readonly [name: string]: ProviderConfig };
  keyOf(provider: ProviderConfig): string | null;
  prices: { readonly [model: string]: PriceOverride };
  prompts: Prompts;
  /** That a planner may name. */
  agents: readonly AgentChoice[];
  now(): number;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

export class ModelSession implements AgentSession {
  readonly handOffFile = "";
  readonly #host: ModelAgentHost;
  readonly #config: ModelAgentConfig;
  readonly #order: SessionOrder;
  readonly #name: string;
  readonly #stopped = new AbortController();
  readonly #folder: string;
  readonly #outputs: FileOutputs;
  #pending: Promise<AgentAnswer> | null = null;
  #conversation: Conversation | null = null;
  #handOffWanted = false;
  /** The call that ended the last conversation: what the trunk said of it is its result. */
  #ending: OpenCall | null = null;

  constructor(host: ModelAgentHost, config: ModelAgentConfig, order: SessionOrder) {
    this.#host = host;
    this.#config = config;
    this.#order = order;
    this.#name = idText("session", order.session);
    this.#folder = join(host.stateFolder, "sessions", order.run, this.#name);
    this.#outputs = new FileOutputs(join(this.#folder, "outputs"));
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
    this.#handOffWanted = true;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#pending?.catch(() => null); // Whoever conversed has been told.
    await this.#outputs.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #converse(brief: Brief): Promise<AgentAnswer> {
    const opened = this.#open();
    if ("failure" in opened) return { kind: "failure", failure: opened.failure, usage: noUsage };
    const { model, keyEnv, price } = opened;
    const tools = toolsFor(brief.role);
    const asker: Asker = {
      host: this.#order.host,
      model,
      keyEnv,
      config: this.#config,
      price,
      tools: toolOffers(tools),
      headers: { "x-session-key": this.#name },
      timeouts: this.#host.limits,
      signal: this.#stopped.signal,
      onText: (kind, text) => this.#order.onOutput(kind === "thinking" ? "stderr" : "stdout", text),
    };
    const conversation = await this.#begin(brief, model);
    const runner = new ToolRunner(tools, this.#toolContext(brief), this.#host.report);
    const end = await this.#loop(brief, conversation, asker, runner);
    return { ...end, usage: noUsage };
  }

  #open(): { model: Model; keyEnv: string | null; price: ModelPrice } | { failure: AgentFailure } {
    const { model: name, contextTokens } = this.#config;
    const provider = this.#host.providers[splitModelName(name)?.provider ?? ""];
    if (!provider)
      return { failure: { kind: "misconfigured", detail: `no provider for the model ${name} in the configuration` } };
    const key = this.#host.keyOf(provider);
    if (key === null && provider.keyEnv !== null)
      return { failure: { kind: "misconfigured", detail: `${name} needs a key: set ${provider.keyEnv}` } };
    const model = openModel(name, { kind: provider.kind, baseUrl: provider.baseUrl, key });
    const price = priceOf(model, this.#host.prices);
    const { keyEnv } = provider;
    return { model, keyEnv, price: contextTokens === null ? price : { ...price, contextTokens } };
  }

  /** The conversation as it was recorded, or a new one; with what the trunk said of the last submission. */
  async #begin(brief: Brief, model: Model): Promise<Conversation> {
    if (this.#conversation) {
      await this.#answerEnding(this.#conversation, brief);
      return this.#conversation;
    }
    const conversation = Conversation.from(await this.#order.host.steps());
    this.#conversation = conversation;
    if (conversation.isNew) {
      const { prompts, agents, now } = this.#host;
      const { system, brief: message, hash } = renderBrief(prompts, brief, { now: now(), agents });
      await this.#record(conversation, {
        kind: "opening",
        body: { model: model.name, promptHash: hash, system, message },
      });
    }
    return conversation;
  }

  async #answerEnding(conversation: Conversation, brief: Brief): Promise<void> {
    const ending = this.#ending;
    this.#ending = null;
    if (!ending) return;
    const sentBack = "sentBack" in brief ? brief.sentBack : null;
    const text = sentBack ? sentBackText(sentBack) : "It was not taken. Go on.";
    const results = [{ id: ending.id, name: ending.name, ok: false, text }];
    await this.#record(conversation, { kind: "results", body: { results } }, true);
  }

  async #loop(brief: Brief, conversation: Conversation, asker: Asker, runner: ToolRunner): Promise<SessionEnd> {
    let nearlySpent = false;
    for (;;) {
      const end = await this.#runOpenCalls(brief, conversation, runner);
      if (end) return end;
      if (this.#stopped.signal.aborted) return failed({ kind: "provider", detail: "the session was closed" });
      if (conversation.replies >= modelAgentLimits.stepsMax)
        return failed({ kind: "unfinished", detail: `no end after ${conversation.replies} replies of the model` });
      if (conversation.idle > modelAgentLimits.nudgesMax)
        return failed({
          kind: "unfinished",
          detail: `${conversation.idle} replies in a row ended without a tool call, in spite of reminders`,
        });
      await this.#speak(brief, conversation, nearlySpent);
      const reply = await this.#reply(brief, conversation, asker);
      if (reply.kind === "failed") return failed(reply.failure);
      if (reply.kind === "too_long") return failed({ kind: "provider", detail: reply.detail });
      nearlySpent = reply.nearlySpent;
      if (reply.answer.finish === "filtered")
        return failed({ kind: "provider", detail: `${asker.model.name} refused to answer (content filter)` });
    }
  }

  /** Runs what the last reply called, in bounded parts, each recorded with its results. Answers the end, if one stands. */
  async #runOpenCalls(brief: Brief, conversation: Conversation, runner: ToolRunner): Promise<SessionEnd | null> {
    while (conversation.openCalls.length > 0) {
      const part = await runner.next(conversation);
      if (this.#stopped.signal.aborted) return failed({ kind: "provider", detail: "the session was closed" });
      if (part.end) {
        this.#ending = part.call;
        return part.end;
      }
      // What planners and judges change is thrown away in any case.
      const changed = part.changed && "task" in brief;
      await this.#record(conversation, { kind: "results", body: { results: part.results } }, changed);
    }
    return null;
  }

  /** What Longhaul has to say before the next reply. */
  async #speak(brief: Brief, conversation: Conversation, nearlySpent: boolean): Promise<void> {
    const { prompts, now } = this.#host;
    const say = (why: Asked, text: string) => this.#record(conversation, { kind: "asked", body: { text, why } });
    if ((this.#handOffWanted || nearlySpent) && !conversation.handOffAsked) {
      const why = this.#handOffWanted ? { leftMs: brief.deadline.hardAt - now() } : "budget";
      await say("hand_off", renderHandOff(prompts, brief.role, why));
    } else if (conversation.idle > 0) {
      const left = modelAgentLimits.nudgesMax - conversation.idle;
      await say("nudge", renderNudge(prompts, brief.role, left));
    }
  }

  /** The next reply; a conversation that does not fit the model's window is summarised first. */
  async #reply(brief: Brief, conversation: Conversation, asker: Asker): Promise<Reply> {
    const window = asker.price.contextTokens ?? modelAgentLimits.contextTokensDefault;
    const roomy = window * modelAgentLimits.contextShare - this.#config.outputTokensMax;
    if (conversation.tokens > Math.max(roomy, window / 4) && conversation.replies > 0) {
      const refused = await this.#summarise(brief, conversation, asker, window);
      if (refused) return refused;
    }
    const reply = await this.#ask(conversation, asker);
    if (reply.kind !== "too_long" || conversation.replies === 0) return reply;
    return (await this.#summarise(brief, conversation, asker, window)) ?? (await this.#ask(conversation, asker));
  }

  async #ask(conversation: Conversation, asker: Asker): Promise<Reply> {
    const reply = await ask(asker, conversation.system, conversation.messages(), true);
    if (reply.kind === "replied") conversation.add(replyStep(reply.answer));
    return reply;
  }

  /** The session writes down what it needs, and goes on from that alone. Null: it did. */
  async #summarise(
    brief: Brief,
    conversation: Conversation,
    asker: Asker,
    window: number,
  ): Promise<Exclude<Reply, { kind: "replied" }> | null> {
    if (conversation.summaries >= modelAgentLimits.summariesMax)
      return tooMany(`the conversation outgrew the window of ${window} tokens ${conversation.summaries} times`);
    const wanted = { role: "user" as const, content: renderSummary(this.#host.prompts, brief.role) };
    for (const share of [0.7, 0.4, 0.2]) {
      const messages = [...shortened(conversation.messages(), window * share), wanted];
      const reply = await ask(asker, conversation.system, messages, false);
      if (reply.kind === "failed") return reply;
      if (reply.kind === "too_long" || reply.answer.text.trim() === "") continue;
      const message = `${conversation.opening}\n\n${continuedText(reply.answer.text.trim())}`;
      await this.#record(conversation, { kind: "summary", body: { message } });
      return null;
    }
    return tooMany("the model gave no summary of a conversation that outgrew its window");
  }

  async #record(conversation: Conversation, step: ModelStep, workspace = false): Promise<void> {
    const kept = await this.#order.host.record(step, { workspace });
    conversation.add(step);
    if (!kept.ok) this.#order.onOutput("stderr", `[longhaul: not kept for a restart: ${kept.lost.join("; ")}]\n`);
  }

  #toolContext(brief: Brief) {
    const { groups, limits, configDirectory } = this.#host;
    const { run, session, workspace, host, onOutput } = this.#order;
    return {
      run,
      session,
      role: brief.role,
      workspace,
      folder: this.#folder,
      groups,
      host,
      brief,
      environment: {
        ...this.#host.environment(),
        LONGHAUL_RUN: run,
        LONGHAUL_SESSION: this.#name,
        LONGHAUL_ROLE: brief.role,
        LONGHAUL_CONFIG_DIR: configDirectory,
      },
      outputs: this.#outputs,
      limits,
      signal: this.#stopped.signal,
      onOutput: (text: string) => onOutput("stdout", text),
    };
  }
}

const failed = (failure: AgentFailure): SessionEnd => ({ kind: "failure", failure });
const tooMany = (detail: string) => ({ kind: "failed" as const, failure: { kind: "unfinished" as const, detail } });
