/** One session of a real coding agent with its own login, confined, whose vendors are the test's own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { openLive, type OpeningHost } from "../../src/agents/acp/opening.ts";
import { StartGate } from "../../src/agents/acp/start-gate.ts";
import { ToolServer } from "../../src/agents/tool-server/server.ts";
import { outsideToolsFor } from "../../src/agents/tools/tools.ts";
import { acpPresets } from "../../src/config/acp-presets.ts";
import type { AcpPreset } from "../../src/domain/acp-preset.ts";
import { acpLimits } from "../../src/domain/limits.ts";
import { allowedEnvironment } from "../../src/processes/environment.ts";
import { startFakeModel } from "../fake-model/server.ts";
import { startVendors } from "./vendors.ts";
import { openWorld, type World } from "./world.ts";

/** `file`: in the operator's home. `reaches`: where it is used. `answers`: of its vendors, by `host/path`. */
export type Login = { file: string; reaches: string; holds: object; answers: { [place: string]: unknown } };

export type LoginCase = {
  preset: string;
  /** The folder of its programs. */
  program: string;
  ownModel: string | undefined;
  /** Of the operator's. */
  env: { [name: string]: string };
  /** What the vendors' models take as a key, by name. */
  credentials: { [name: string]: string };
  login?: Login | undefined;
};

export async function openLoginWorld(of: LoginCase) {
  const { preset: name, credentials, login } = of;
  const preset = acpPresets[name];
  if (!preset) throw new Error(`no preset ${name}`);
  const brain = { name: "hello", reply: () => ({ parts: [{ type: "text" as const, text: "Hello yourself." }] }) };
  const model = await startFakeModel({ brains: [brain], credentials });
  onTestFinished(() => model.stop());
  // Where no sandbox hides it.
  const folder = mkdtempSync("/var/tmp/longhaul-vendors-");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const vendors = await startVendors(folder, model.url, login?.answers);
  const world = openWorld({
    internet: vendors.internet,
    config: {
      network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [vendors.authority],
      caches: [],
    },
  });
  if (login) world.write(join("home", login.file), JSON.stringify(login.holds));
  const tools = new ToolServer({ version: "1", report: (error) => void world.faults.push(error) });
  onTestFinished(() => tools.stop());
  const shown = await tools.show(outsideToolsFor("worker"));
  const [said, words]: [string[], string[]] = [[], []];
  const listener = { onUpdate: (update: unknown) => void said.push(JSON.stringify(update)), onPermission: () => {} };
  const order = {
    ...orderOf(of, preset, world, vendors.authority),
    tools: shown,
    listener,
    onWords: (text: string) => void words.push(text),
  };
  return {
    /** In one turn of one session; rejects when it cannot. */
    async sayHello(): Promise<{ said: string; words: string }> {
      const opened = await openLive(hostOf(world), order);
      if (!opened.ok) throw new Error(`${JSON.stringify(opened.failure)}\n${words.join("")}`);
      const turn = await opened.live.turn("Say hello.");
      if (preset.tools === "mcp" && preset.listsToolsEarly) await shown.listed;
      await opened.live.close(1_000);
      if (turn.kind !== "ended") throw new Error(`${JSON.stringify(turn)}\n${words.join("")}`);
      if (world.faults.length > 0) throw new AggregateError(world.faults, "faults of ours");
      return { said: said.join("\n"), words: words.join("") };
    },
    /** Of vendors. */
    asked: () => vendors.asked,
    /** With which models were asked. */
    credentials: () => model.ledger.entries().map(({ credential }) => credential),
    /** The operator's file, as it is now. */
    login: () => (login ? readFileSync(join(world.folder, "home", login.file), "utf8") : ""),
  };
}

const hostOf = ({ groups }: World): OpeningHost => ({
  groups,
  gate: new StartGate({ startsAtOnce: 1, freeMemoryBytes: () => Number.MAX_SAFE_INTEGER, waits: acpLimits }),
  waits: acpLimits,
  version: "1",
  now: () => Date.now(),
});

function orderOf(
  { preset: name, program, ownModel, env }: LoginCase,
  preset: AcpPreset,
  world: World,
  authority: string,
) {
  const marks = { LONGHAUL_RUN: `own-${process.pid}`, LONGHAUL_SESSION: name };
  const path = `${program}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const operators = { PATH: path, HOME: join(world.folder, "home"), ...env };
  const trust = { NODE_EXTRA_CA_CERTS: authority, SSL_CERT_FILE: authority };
  return {
    config: {
      kind: "acp" as const,
      name,
      preset,
      model: null,
      ownModel: ownModel ?? null,
      env: trust,
      passEnv: [],
      costMicroUsd: 0,
    },
    role: "worker" as const,
    workspace: world.workspace,
    sessionName: "s1",
    folder: world.own,
    environment: { ...allowedEnvironment(operators, preset.own.passEnv), ...marks },
    marks,
    metered: null,
    rejoin: null,
    signal: new AbortController().signal,
    onWait: () => {},
  };
}
