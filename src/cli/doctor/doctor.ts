/** `longhaul doctor`: looks at everything that a run here needs, and says what to do about what lacks. */
import { acpAgent } from "../../config/acp-agent.ts";
import { databaseUrl, environment } from "../../config.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { canStart, withoutSecrets } from "../../domain/finding.ts";
import { doctorLimits } from "../../domain/limits.ts";
import { configDefaults, type RunConfig } from "../../domain/run-config.ts";
import { renderCheckup } from "../../terminal/checkup.ts";
import { exitCodes } from "../exit.ts";
import { isInstalled, keyVariables } from "../installed-agents.ts";
import { uncommitted } from "../protected-files.ts";
import { colorOn, print, printJson, say, widthOf } from "../output.ts";
import { codingAgentFindings, lookAtCodingAgents, type CodingAgent } from "./coding-agents.ts";
import { configurationFindings, protectedFindings, lookAtConfiguration, runConfigOf } from "./configuration.ts";
import { lookHere, repositoryFindings, toolChainFindings } from "./here.ts";
import { lookAtMachine, machineFindings } from "./machine.ts";
import { lookAtModels, modelFindings, type Models } from "./models.ts";
import { remoteFindings } from "./remote.ts";
import { notTried, sandboxFindings, sandboxName } from "./sandbox.ts";
import { lookAtStorage, passwordsIn, storageFindings } from "./storage.ts";
import { trialFinding, trialSubjects, type Tried } from "./trial-findings.ts";
import { tryAll } from "./trials.ts";
import { workspaceFindings } from "./workspaces.ts";

export type DoctorOptions = { agents?: boolean; within?: number; config?: string; json?: boolean };

export async function doctor(options: DoctorOptions): Promise<number> {
  const here = await lookHere(process.cwd());
  const repository = here.repository instanceof EnvironmentError ? null : here.repository;
  const topLevel = repository?.topLevel ?? process.cwd();
  const configuration = await lookAtConfiguration(topLevel, options);
  const config = runConfigOf(configuration);
  const models = await lookAtModels(config);
  const codingAgents = lookAtCodingAgents(config);
  const secrets = secretsOf(config, models, codingAgents);
  const looked = [
    ...toolChainFindings(here),
    ...repositoryFindings(here),
    ...(await remoteFindings(config, repository)),
    ...storageFindings(await lookAtStorage(repository?.topLevel ?? null)),
    ...machineFindings(await lookAtMachine(topLevel), config),
    ...(await sandboxFindings(config)),
    ...(await workspaceFindings(config, topLevel)),
    ...configurationFindings(configuration),
    ...(repository && config ? protectedFindings(await uncommitted(repository, config)) : []),
    ...modelFindings(models),
    ...codingAgentFindings(codingAgents, { tried: options.agents ?? false }),
  ];
  const confined = !looked.some(({ name, state }) => name === sandboxName && state === "lacking");
  const trials =
    options.agents && confined ? await interruptible((signal) => tryThem(config, codingAgents, options, signal)) : null;
  if (trials !== null && "interrupted" in trials) return trials.interrupted;
  const tried = options.agents && !confined ? [notTried] : (trials?.value ?? []).map(trialFinding);
  const findings = [...looked, ...tried].map((each) => withoutSecrets(each, secrets));
  const ready = canStart(findings);
  if (options.json) printJson({ canStart: ready, findings });
  else {
    const untried = trials === null && codingAgents.some(isInstalled);
    print(renderCheckup(findings, { untried }, { color: colorOn(process.stdout), width: widthOf(process.stdout) }));
  }
  return ready ? exitCodes.ok : exitCodes.environment;
}

function tryThem(
  config: RunConfig | null,
  codingAgents: readonly CodingAgent[],
  { within }: DoctorOptions,
  signal: AbortSignal,
): Promise<Tried[]> {
  const here = codingAgents.filter(({ program }) => program.kind !== "missing");
  const presets = here.flatMap(({ name, use, rival }) =>
    rival !== null || use.model.length + use.ownLogin.length > 0
      ? []
      : [{ name, config: acpAgent({ acp: name, env: {}, passEnv: [], costUsd: 0, description: "" }) }],
  );
  const found = new Set(here.map(({ preset }) => preset));
  const subjects = trialSubjects(config, presets).filter((subject) => found.has(subject.config.preset));
  return tryAll(subjects, {
    confinement: config ?? configDefaults,
    directory: config?.directory ?? process.cwd(),
    withinMs: (within ?? doctorLimits.trialMs / 1_000) * 1_000,
    signal,
    onStart: (subject) => say(`Starting ${subject.config.preset.name} (${subject.name}) …`),
  });
}

/** What the words of agents and drivers might quote. */
function secretsOf(config: RunConfig | null, { keys, used }: Models, codingAgents: readonly CodingAgent[]): string[] {
  const names = [
    ...keys.flatMap(({ keyEnvs }) => keyEnvs),
    ...used.flatMap(({ key }) => (key === null ? [] : [key.variable])),
    ...codingAgents.flatMap(({ preset }) => keyVariables(preset)),
    ...Object.values(config?.agents ?? {}).flatMap((agent) => (agent.kind === "model" ? [] : agent.passEnv)),
  ];
  const values = names.map((name) => environment[name]?.trim() ?? "");
  const passwords = databaseUrl === null ? [] : passwordsIn(databaseUrl);
  return [...values, ...passwords].filter((value) => value.length >= doctorLimits.secretCharactersMin);
}

/** The first Ctrl-C or SIGTERM ends what runs, within its bounds; then the exit code is that of the signal. */
async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ value: T } | { interrupted: number }> {
  const stopped = new AbortController();
  const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;
  const handle = (signal: NodeJS.Signals) => stopped.abort(signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, handle);
  try {
    const value = await work(stopped.signal);
    const { aborted, reason } = stopped.signal;
    return aborted ? { interrupted: codes[reason as keyof typeof codes] } : { value };
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, handle);
  }
}
