/**
 * Owns one running program that speaks ACP: its start, its sessions, its end. Keeps: once `ended` has answered, every
 * request is answered too, with a fault.
 */
import { client, methods, type ClientConnection, type ContentBlock, type McpServer } from "@agentclientprotocol/sdk";
import { z } from "zod";
import { acpLimits } from "../../domain/limits.ts";
import type { Access, Environment, GroupEnd, ProcessGroup, ProcessGroups } from "../../engine/ports.ts";
import { Tail } from "../tail.ts";
import { choose } from "./permission.ts";
import { Wire } from "./wire.ts";

export type ProgramOrder = {
  groups: ProcessGroups;
  argv: readonly [string, ...string[]];
  directory: string;
  environment: Environment;
  access: Access;
  /** What it writes beside its messages. Must not throw. */
  onWords(text: string): void;
};

/** Who hears of a session of the program. Must not throw. */
export type Listener = {
  onUpdate(update: unknown): void;
  /** `title`: what it wanted to do; `chosen`: what it was told. */
  onPermission(title: string, chosen: string): void;
};

export type OpenedSession = { id: string; modes: readonly string[] };

/** `_meta`: what an agent wants to know beyond the protocol. */
export type SessionParams = { cwd: string; mcpServers: McpServer[]; _meta: { [name: string]: unknown } };

export type Abilities = { http: boolean; resume: boolean; load: boolean; close: boolean };

const initialized = z.object({
  protocolVersion: z.number(),
  agentCapabilities: z
    .object({
      loadSession: z.boolean().optional(),
      mcpCapabilities: z.object({ http: z.boolean().optional() }).nullish(),
      sessionCapabilities: z.object({ resume: z.unknown().optional(), close: z.unknown().optional() }).nullish(),
    })
    .nullish(),
});
const modesOf = z
  .object({ availableModes: z.array(z.object({ id: z.string() })) })
  .nullish()
  .catch(null);
const opened = z.object({ sessionId: z.string(), modes: modesOf });
const joined = z.object({ modes: modesOf }).nullish();
const updated = z.looseObject({ sessionId: z.string(), update: z.unknown() });
const asked = z.looseObject({
  sessionId: z.string(),
  toolCall: z.looseObject({ title: z.string().nullish() }),
  options: z.array(z.object({ optionId: z.string(), name: z.string(), kind: z.string() })),
});

export class AcpProgram {
  readonly #group: ProcessGroup;
  readonly #wire: Wire;
  readonly #connection: ClientConnection;
  readonly #listeners = new Map<string, Listener>();
  readonly #words = new Tail(acpLimits.stderrBytesMax);
  readonly ended: Promise<GroupEnd>;
  #abilities: Abilities | null = null;

  constructor(order: ProgramOrder) {
    const { groups, argv, directory, environment, access } = order;
    const onWords = (text: string) => {
      this.#words.add(text);
      order.onWords(text);
    };
    this.#wire = new Wire({
      onNoise: onWords,
      onNotification: (method, params) => this.#hear(method, params),
      say: (text) => this.#group.say(text),
    });
    this.#group = groups.spawn({
      argv,
      directory,
      environment,
      access,
      stdin: "talk",
      onStdout: (text) => {
        if (!this.#wire.hear(text)) void this.#group.kill(0);
      },
      onStderr: onWords,
    });
    this.#connection = this.#connect();
    this.ended = this.#group.ended.finally(() => this.#wire.close());
  }

  get abilities(): Abilities {
    if (!this.#abilities) throw new Error("the program is not initialized");
    return this.#abilities;
  }

  /** The end of what it wrote beside its messages: why it fell over, usually. */
  words(): string {
    return this.#words.text();
  }

  async initialize(version: string): Promise<void> {
    const answer = await this.#connection.agent.request(methods.agent.initialize, {
      protocolVersion: 1,
      clientInfo: { name: "longhaul", version },
      // It reads, writes and runs things itself, in its own workspace.
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    });
    const { agentCapabilities: can } = initialized.parse(answer);
    this.#abilities = {
      http: can?.mcpCapabilities?.http === true,
      resume: (can?.sessionCapabilities?.resume ?? null) !== null,
      load: can?.loadSession === true,
      close: (can?.sessionCapabilities?.close ?? null) !== null,
    };
  }

  async authenticate(methodId: string): Promise<void> {
    await this.#connection.agent.request(methods.agent.authenticate, { methodId });
  }

  async newSession(params: SessionParams, listener: Listener): Promise<OpenedSession> {
    const answer = opened.parse(await this.#connection.agent.request(methods.agent.session.new, params));
    this.#listeners.set(answer.sessionId, listener);
    return { id: answer.sessionId, modes: modeIds(answer.modes) };
  }

  /** A session of an earlier program; what it replays of the past is not heard. */
  async rejoin(id: string, params: SessionParams, listener: Listener): Promise<OpenedSession> {
    const { session } = methods.agent;
    const method = this.abilities.resume ? session.resume : session.load;
    const answer = await this.#connection.agent.request(method, { sessionId: id, ...params });
    this.#listeners.set(id, listener);
    return { id, modes: modeIds(joined.parse(answer)?.modes) };
  }

  async setMode(sessionId: string, modeId: string): Promise<void> {
    await this.#connection.agent.request(methods.agent.session.setMode, { sessionId, modeId });
  }

  async setTitle(sessionId: string, title: string): Promise<void> {
    await this.#connection.agent.request("session/set_title", { sessionId, title });
  }

  /** Answers when the turn has ended: the whole response. */
  prompt(sessionId: string, text: string): Promise<unknown> {
    const prompt: ContentBlock[] = [{ type: "text", text }];
    return this.#connection.agent.request(methods.agent.session.prompt, { sessionId, prompt });
  }

  /** The turn that runs ends soon, with the stop reason `cancelled`. */
  async cancel(sessionId: string): Promise<void> {
    await this.#connection.agent.notify(methods.agent.session.cancel, { sessionId });
  }

  /** For a program that goes on with other sessions. */
  async closeSession(sessionId: string): Promise<void> {
    this.#listeners.delete(sessionId);
    if (this.abilities.close) await this.#connection.agent.request(methods.agent.session.close, { sessionId });
  }

  async kill(graceMs: number): Promise<void> {
    await this.#group.kill(graceMs);
    await this.ended;
  }

  #hear(method: string, params: unknown): void {
    const read = method === methods.client.session.update ? updated.safeParse(params) : null;
    if (read?.success) this.#listeners.get(read.data.sessionId)?.onUpdate(read.data.update);
  }

  #connect(): ClientConnection {
    return client({ name: "longhaul" })
      .onRequest(methods.client.session.requestPermission, asked, ({ params }) => {
        const chosen = choose(params.options);
        const title = params.toolCall.title ?? "something";
        this.#listeners.get(params.sessionId)?.onPermission(title, chosen?.name ?? "no, it is cancelled");
        return { outcome: chosen ? { outcome: "selected", optionId: chosen.optionId } : { outcome: "cancelled" } };
      })
      .connect(this.#wire.stream);
  }
}

const modeIds = (modes: z.output<typeof modesOf> | undefined) => modes?.availableModes.map(({ id }) => id) ?? [];
