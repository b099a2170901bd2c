/**
 * Owns one session of a command agent: each conversation is one run of its program.
 *
 * Invariant: when `converse` answers, nothing that the program started lives any more, so nobody changes the
 * workspace while it is being landed, and no output follows.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../../domain/assert.ts";
import type { Brief } from "../../domain/brief.ts";
import { idText } from "../../domain/ids.ts";
import { commandAgentLimits, type Limits } from "../../domain/limits.ts";
import type { CommandAgentConfig } from "../../domain/run-config.ts";
import { noUsage, type Role, type Usage } from "../../domain/session.ts";
import type {
  AgentAnswer,
  AgentSession,
  Environment,
  GroupEnd,
  ProcessGroup,
  SessionOrder,
} from "../../engine/ports.ts";
import { portOf } from "../loopback/server.ts";
import { readAnswer, type AnswerLimits } from "./answer.ts";
import { argvOf, programText } from "./program.ts";
import { Stdout } from "./stdout.ts";
import { Tail } from "../tail.ts";
import { lastLines } from "../plain-text.ts";
import type { ServedTools } from "../tool-server/server.ts";
import { openSessionTools, type SessionToolsHost } from "../tool-server/session-tools.ts";
import { toolsFor } from "../tools/tools.ts";

export type CommandAgentHost = SessionToolsHost & {
  /** The allow-listed part of the host's environment, and of the rest what `passEnv` names. */
  environment(passEnv: readonly string[]): Environment;
  /** Of the run; absolute. */
  stateFolder: string;
  /** Of the config file; absolute. */
  configDirectory: string;
  limits: AnswerLimits & Pick<Limits, "resultBytesMax" | "killGraceMs">;
};

type Prepared = { role: Role; briefFile: string; served: ServedTools; environment: Environment };

export class CommandSession implements AgentSession {
  readonly #host: CommandAgentHost;
  readonly #config: CommandAgentConfig;
  readonly #order: SessionOrder;
  readonly #name: string;
  #group: ProcessGroup | null = null;
  #pending: Promise<AgentAnswer> | null = null;
  readonly handOffFile: string;
  readonly #folder: string;
  #begun = false;
  #handOffAsked = false;
  #charged = false;
  #closed = false;

  constructor(host: CommandAgentHost, config: CommandAgentConfig, order: SessionOrder) {
    this.#host = host;
    this.#config = config;
    this.#order = order;
    this.#name = idText("session", order.session);
    this.#folder = join(host.stateFolder, "sessions", order.run, this.#name);
    this.handOffFile = join(this.#folder, "hand-off");
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
    this.#handOffAsked = true;
    if (this.#begun && !this.#closed) this.#writeHandOff();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#group) await this.#group.kill(this.#host.limits.killGraceMs);
    if (this.#pending) await this.#pending;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #converse(brief: Brief): Promise<AgentAnswer> {
    if (this.#closed) return failed(closedEarly);
    let prepared: Prepared;
    try {
      prepared = await this.#prepare(brief);
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error)) throw error;
      return failed({ kind: "environment", detail: `cannot prepare ${this.#name}: ${error.message}` });
    }
    const stdout = new Stdout(this.#host.limits.resultBytesMax);
    const stderr = new Tail(commandAgentLimits.linesBytesMax * 4);
    const end = await this.#runWithTools(prepared, stdout, stderr);
    if (!end) return failed(closedEarly);

    const printed = stdout.read();
    const words = lastLines(stderr.text(), commandAgentLimits.linesMax, commandAgentLimits.linesBytesMax);
    const lastWords = words || (printed.kind === "text" ? printed.lastLines : "");
    const program = programText(this.#config.command);
    const called = prepared.served.end();
    if (called && (printed.kind === "object" || printed.kind === "object_too_long"))
      this.#order.onOutput(
        "stderr",
        "\n[longhaul: stdout begins with {, so it is the answer, not what the end tool was given]\n",
      );
    const ended = { program, end, stdout: printed, lastWords, called };
    const { answer, usage } = readAnswer(brief.role, ended, this.#host.limits);
    return { ...answer, usage: this.#charge(usage, end) };
  }

  async #prepare(brief: Brief): Promise<Prepared> {
    const briefFile = this.#writeBrief(brief);
    const environment = this.#environment(brief, briefFile);
    const tools = toolsFor(brief.role);
    const order = { order: this.#order, brief, tools, environment, folder: this.#folder };
    return { role: brief.role, briefFile, ...(await openSessionTools(this.#host, order)) };
  }

  /** null: it was closed before the program began. */
  async #runWithTools(prepared: Prepared, stdout: Stdout, stderr: Tail): Promise<GroupEnd | null> {
    try {
      return this.#closed ? null : await this.#run(prepared, stdout, stderr);
    } finally {
      await prepared.served.close();
    }
  }

  async #run({ briefFile, served, environment, role }: Prepared, stdout: Stdout, stderr: Tail): Promise<GroupEnd> {
    const group = this.#host.groups.spawn({
      argv: argvOf(this.#config.command),
      directory: this.#order.workspace,
      environment,
      stdin: { file: briefFile },
      access: {
        role,
        folder: this.#folder,
        words: [this.#config.command].flat(),
        writable: [],
        placed: [],
        hosts: [],
        ports: [portOf(served.url)],
      },
      onStdout: (text) => {
        stdout.add(text);
        this.#order.onOutput("stdout", text);
      },
      onStderr: (text) => {
        stderr.add(text);
        this.#order.onOutput("stderr", text);
      },
    });
    this.#group = group;
    const end = await group.ended;
    // Before the rest is killed: whoever still lives starts nothing more.
    await served.close();
    // What left the group, and with it everybody who could still change the workspace.
    if (end.kind !== "not_started")
      await this.#host.groups.killMarked({ LONGHAUL_RUN: this.#order.run, LONGHAUL_SESSION: this.#name });
    return end;
  }

  #environment(brief: Brief, briefFile: string): Environment {
    return {
      ...this.#host.environment(this.#config.passEnv),
      ...this.#config.env,
      LONGHAUL_BRIEF: briefFile,
      LONGHAUL_HANDOFF_FILE: brief.deadline.handOffFile,
      LONGHAUL_ROLE: brief.role,
      LONGHAUL_SESSION: this.#name,
      LONGHAUL_RUN: this.#order.run,
      LONGHAUL_CONFIG_DIR: this.#host.configDirectory,
    };
  }

  #writeBrief(brief: Brief): string {
    mkdirSync(this.#folder, { recursive: true });
    rmSync(this.handOffFile, { force: true });
    const briefFile = join(this.#folder, "brief.json");
    writeFileSync(briefFile, `${JSON.stringify(brief)}\n`);
    this.#begun = true;
    if (this.#handOffAsked) this.#writeHandOff();
    return briefFile;
  }

  #writeHandOff(): void {
    try {
      writeFileSync(this.handOffFile, "Hand off now: end soon with what you have.\n");
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#order.onOutput("stderr", `[longhaul: cannot write ${this.handOffFile}: ${error.message}]\n`);
    }
  }

  /** Fails closed: a program that does not say what it cost is charged what its config says, once a session. */
  #charge(usage: Usage | null, end: GroupEnd): Usage {
    if (usage) {
      this.#charged = true;
      return usage;
    }
    if (this.#charged || end.kind === "not_started") return noUsage;
    this.#charged = true;
    return { microUsd: this.#config.costMicroUsd, tokens: 0 };
  }
}

const closedEarly = {
  kind: "crashed",
  exitCode: null,
  signal: null,
  detail: "the session was closed before its program started",
} as const;

const failed = (failure: Extract<AgentAnswer, { kind: "failure" }>["failure"]): AgentAnswer => ({
  kind: "failure",
  failure,
  usage: noUsage,
});
