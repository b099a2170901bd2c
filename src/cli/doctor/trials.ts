/** `longhaul doctor --agents`: starts coding agents, one after the other. Keeps: nothing of them is left, also after Ctrl-C. */
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { noModelAt, tryAgent, type Trial, type TrialHost } from "../../agents/acp/trial.ts";
import { StartGate } from "../../agents/acp/start-gate.ts";
import { splitModelName } from "../../agents/model/providers.ts";
import { ToolServer } from "../../agents/tool-server/server.ts";
import { environment } from "../../config.ts";
import { doctorLimits } from "../../domain/limits.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import { allowedEnvironment } from "../../processes/environment.ts";
import { freeMemoryBytes } from "../../processes/memory.ts";
import type { Processes } from "../../processes/processes.ts";
import { report } from "../output.ts";
import type { Confinement } from "../sandbox.ts";
import { withConfined } from "./confined.ts";
import { version } from "../version.ts";
import type { Tried, TrialSubject } from "./trial-findings.ts";

export type TrialsOptions = {
  /** As a run would confine them. */
  confinement: Confinement;
  directory: string;
  withinMs: number;
  signal: AbortSignal;
  onStart(subject: TrialSubject): void;
};

/** Those that were tried before `signal` was aborted. Throws an `EnvironmentError` when they would have to be confined and cannot be. */
export const tryAll = (subjects: readonly TrialSubject[], options: TrialsOptions): Promise<Tried[]> =>
  withConfined(options.confinement, (processes, state) => tryEach(subjects, processes, state, options));

async function tryEach(
  subjects: readonly TrialSubject[],
  processes: Processes,
  state: string,
  options: TrialsOptions,
): Promise<Tried[]> {
  const tools = new ToolServer({ version, report });
  const host: TrialHost = {
    groups: processes.groups,
    tools,
    version,
    // Nobody else starts, so whoever has no room now will have none soon.
    gate: new StartGate({
      startsAtOnce: 1,
      freeMemoryBytes,
      waits: { roomMs: 0, roomPollMs: 100 },
    }),
    killGraceMs: doctorLimits.killGraceMs,
    memoryBytes: (marks) => processes.memoryBytes(marks),
    now: () => performance.now(),
  };
  const tried: Tried[] = [];
  try {
    for (const subject of subjects) {
      if (options.signal.aborted) break;
      options.onStart(subject);
      tried.push(await tryOne(host, state, subject, options));
    }
    return tried;
  } finally {
    await tools.stop();
  }
}

/** Whoever has no login may still do with a model, which needs none. */
async function tryOne(host: TrialHost, state: string, subject: TrialSubject, options: TrialsOptions): Promise<Tried> {
  const { config } = subject;
  const trial = await start(host, state, config, options);
  const another = trial.kind === "not_logged_in" && config.model === null && config.preset.metered !== null;
  return {
    subject,
    trial,
    withModel: another ? await start(host, state, { ...config, model: "any/model" }, options) : null,
  };
}

async function start(host: TrialHost, state: string, config: AcpAgentConfig, options: TrialsOptions): Promise<Trial> {
  const { preset, passEnv, model } = config;
  const top = await mkdtemp(join(state, "trial-"));
  const [workspace, folder, temporary] = [join(top, "workspace"), join(top, "session"), join(top, "tmp")];
  const marks = { LONGHAUL_RUN: `doctor-${randomUUID()}`, LONGHAUL_SESSION: "s1" };
  try {
    for (const each of [workspace, folder, temporary]) await mkdir(each);
    return await tryAgent(host, {
      config,
      metered: model === null ? null : noModelAt(splitModelName(model)?.id ?? model),
      workspace,
      folder,
      // As a session has it.
      environment: {
        ...allowedEnvironment(environment, model === null ? [...preset.own.passEnv, ...passEnv] : passEnv),
        // Some leave libraries there.
        TMPDIR: temporary,
        ...marks,
        LONGHAUL_ROLE: "worker",
        LONGHAUL_CONFIG_DIR: options.directory,
      },
      marks,
      withinMs: options.withinMs,
      signal: options.signal,
    });
  } finally {
    await rm(top, { recursive: true, force: true, maxRetries: 5 });
  }
}
