/** Starts the program of a session and gets the session ready for its first turn. */
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RequestError, type McpServer } from "@agentclientprotocol/sdk";
import { z } from "zod";
import { describeFailure } from "../../domain/failure.ts";
import { acpLimits, type AcpWaits } from "../../domain/limits.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import type { Role } from "../../domain/session.ts";
import type { Access, AgentFailure, Environment, ProcessGroups } from "../../engine/ports.ts";
import { portOf } from "../loopback/server.ts";
import { lastLines } from "../plain-text.ts";
import { launchOf, type Launch, type LaunchHome, type MeteredAt } from "./launch.ts";
import { asksForLogin, deathOf, LiveSession, refusalOf } from "./live.ts";
import { AcpProgram, type Listener, type OpenedSession } from "./program.ts";
import type { StartGate } from "./start-gate.ts";

export type OpeningHost = {
  groups: ProcessGroups;
  gate: StartGate;
  waits: Pick<AcpWaits, "readyMs" | "cancelMs">;
  version: string;
  now(): number;
};

export type OpeningOrder = {
  config: AcpAgentConfig;
  role: Role;
  workspace: string;
  /** As people know it: `s41`. */
  sessionName: string;
  /** Of the session; absolute. */
  folder: string;
  /** With the marks of the session. */
  environment: Environment;
  marks: Environment;
  /** The MCP server with the tools of the session's role. */
  tools: { url: string; token: string };
  metered: MeteredAt | null;
  /** Of an earlier program of the same session. */
  rejoin: string | null;
  listener: Listener;
  /** What its program writes beside its messages. */
  onWords(text: string): void;
  signal: AbortSignal;
  /** A sign of life while it waits. */
  onWait(): void;
};

export type Opened =
  | { ok: true; live: LiveSession; canRejoin: boolean }
  /** `asksForLogin`: it would begin for somebody who has logged in. */
  | { ok: false; failure: AgentFailure; asksForLogin: boolean };

export async function openLive(host: OpeningHost, order: OpeningOrder): Promise<Opened> {
  const { memoryBytes } = order.config.preset;
  const passed = await host.gate.pass(memoryBytes, order.signal, order.onWait, () => start(host, order));
  if (passed.ok) return passed.value;
  const megabytes = (bytes: number) => Math.floor(bytes / 1_048_576);
  return failed({
    kind: "suspended",
    until: host.now() + acpLimits.roomAgainMs,
    detail: `${order.config.preset.name} needs ${megabytes(memoryBytes)} MB of memory, and ${megabytes(passed.freeBytes)} MB are free, of which ${megabytes(acpLimits.freeBytesMin)} stay so`,
  });
}

async function start({ groups, version, waits }: OpeningHost, order: OpeningOrder): Promise<Opened> {
  const { config, workspace, marks, signal, onWords } = order;
  if (signal.aborted) return failed(closedEarly);
  const launch = launchOf({ ...order, asRoot: process.getuid?.() === 0, confined: groups.confines });
  if (launch.home) makeHome(launch.home, groups.confines);
  const { argv, environment } = launch;
  const access = accessOf(launch, order);
  const program = new AcpProgram({ groups, argv, environment, access, directory: workspace, onWords });
  const over = new AbortController();
  const late = sleep(waits.readyMs, "late" as const, { signal: AbortSignal.any([over.signal, signal]) }).catch(
    () => "closed" as const,
  );
  try {
    const session = await Promise.race([ready(program, order, launch, version), late]);
    if (typeof session !== "string") {
      const live = new LiveSession({
        program,
        id: session.id,
        groups,
        marks,
        title: config.preset.name,
        tokens: config.preset.usage.tokens,
        cancelMs: waits.cancelMs,
      });
      await live.settled();
      const { resume, load } = program.abilities;
      return { ok: true, live, canRejoin: config.preset.resume !== null && (resume || load) };
    }
    await program.kill(0);
    return failed(session === "late" ? notReady(program, config, waits.readyMs) : closedEarly);
  } catch (error) {
    await program.kill(0);
    return failed(await startFailure(error, program, config), asksForLogin(error));
  } finally {
    over.abort();
  }
}

const failed = (failure: AgentFailure, asks = false): Opened => ({ ok: false, failure, asksForLogin: asks });

/** Beside its workspace: its home, the operator's login that its home leads to, its tools, and its way to a model. */
function accessOf({ argv, home, ways }: Launch, { role, folder, tools, metered }: OpeningOrder): Access {
  return {
    role,
    folder,
    words: argv,
    writable: home === null ? [] : [home.folder],
    placed: loginsOf(home).map(({ at, to }) => ({ at, file: to })),
    hosts: ways.hosts,
    ports: [...[tools, ...(metered ? [metered] : [])].map(({ url }) => portOf(url)), ...ways.ports],
  };
}

const loginsOf = (home: LaunchHome | null) => (home?.links ?? []).filter(({ to }) => existsSync(to));

/** Its folder, with the operator's login where there is one: as a link, or as an empty file for a sandbox to cover. Repeatable. */
function makeHome(home: LaunchHome, confined: boolean): void {
  const { folder, files } = home;
  for (const [path, text] of Object.entries(files)) {
    const at = placeIn(folder, path);
    rmSync(at, { recursive: true, force: true });
    writeFileSync(at, text, { mode: 0o600, flag: "wx" });
  }
  mkdirSync(folder, { recursive: true });
  for (const { at, to } of loginsOf(home)) {
    const place = placeIn(folder, relative(folder, at));
    if (!confined && existsSync(place)) continue;
    rmSync(place, { recursive: true, force: true });
    if (confined) writeFileSync(place, "", { mode: 0o600, flag: "wx" });
    else symlinkSync(to, place);
  }
}

/** With the folders above it. An earlier program of the session has had them: what is no folder any more is made one. */
function placeIn(folder: string, path: string): string {
  const place = join(folder, path);
  const between = relative(folder, dirname(place)).split(sep).filter(Boolean);
  mkdirSync(folder, { recursive: true });
  let at = folder;
  for (const name of between) {
    at = join(at, name);
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(at);
    mkdirSync(at, { recursive: true });
  }
  return place;
}

async function ready(
  program: AcpProgram,
  order: OpeningOrder,
  { meta, authenticate }: Launch,
  version: string,
): Promise<OpenedSession> {
  const { config, workspace, tools, rejoin, listener } = order;
  await program.initialize(version);
  if (authenticate && !authenticate.unless.some((login) => existsSync(login)))
    await program.authenticate(authenticate.method);
  const servers: McpServer[] =
    config.preset.tools === "mcp"
      ? [
          {
            type: "http",
            name: "longhaul",
            url: `${tools.url}/mcp`,
            headers: [{ name: "Authorization", value: `Bearer ${tools.token}` }],
          },
        ]
      : [];
  if (servers.length > 0 && !program.abilities.http) throw new NoHttpError();
  const params = { cwd: workspace, mcpServers: servers, _meta: meta };
  const session =
    rejoin === null ? await program.newSession(params, listener) : await program.rejoin(rejoin, params, listener);
  const { mode, title } = config.preset;
  if (title !== null && rejoin === null) await program.setTitle(session.id, order.sessionName);
  if (mode !== null) {
    // An agent may have the mode from its command line alone, and then offers none.
    if (session.modes.includes(mode)) await program.setMode(session.id, mode);
    else if (session.modes.length > 0) throw new NoSuchModeError(mode, session.modes);
  }
  return session;
}

class NoHttpError extends Error {
  constructor() {
    super('it takes no MCP server over HTTP: give its preset tools: "command"');
  }
}

class NoSuchModeError extends Error {
  constructor(mode: string, modes: readonly string[]) {
    super(`it has no mode "${mode}": its modes are ${modes.join(", ")}`);
  }
}

/** Nothing of this is the task's fault: the operator mends it. */
async function startFailure(error: unknown, program: AcpProgram, { preset }: AcpAgentConfig): Promise<AgentFailure> {
  const { name: title, install } = preset;
  if (error instanceof RequestError) {
    const refusal = refusalOf(error, title);
    return refusal.kind === "misconfigured" ? refusal : { kind: "environment", detail: cannot(title, error.message) };
  }
  if (error instanceof NoHttpError || error instanceof NoSuchModeError)
    return { kind: "misconfigured", detail: cannot(title, error.message) };
  if (error instanceof z.ZodError)
    return { kind: "environment", detail: cannot(title, `what it answers is not ACP: ${z.prettifyError(error)}`) };
  const end = await program.ended;
  const missing = end.kind === "exited" && (end.exitCode === 127 || end.exitCode === 126);
  if (end.kind === "not_started") return { kind: "environment", detail: cannot(title, end.reason) };
  if (missing)
    return { kind: "environment", detail: `${title} is not installed, or something that it runs: ${install}` };
  const death = deathOf(end, program.words(), title);
  return {
    kind: "environment",
    detail: cannot(title, death.kind === "crashed" ? describeFailure(death) : "it ended at once"),
  };
}

function notReady(program: AcpProgram, { preset }: AcpAgentConfig, readyMs: number): AgentFailure {
  const words = lastLines(program.words(), 20, 4_096);
  const why = `no session was ready after ${readyMs / 1000} s`;
  return { kind: "environment", detail: cannot(preset.name, words ? `${why}: ${words}` : why) };
}

const cannot = (title: string, why: string) => `${title} cannot begin: ${why}`;

export const closedEarly: AgentFailure = {
  kind: "crashed",
  exitCode: null,
  signal: null,
  detail: "the session was closed before its agent was ready",
};
