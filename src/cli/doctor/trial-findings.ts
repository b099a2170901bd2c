/** `longhaul doctor --agents`: which agents are tried, and what is said of how far each came. Pure. */
import type { Trial } from "../../agents/acp/trial.ts";
import { absent, doubtful, good, lacking, type Finding } from "../../domain/finding.ts";
import type { AcpAgentConfig, RunConfig } from "../../domain/run-config.ts";
import { room, took } from "../../terminal/amounts.ts";
import { placedAgents } from "../agent-needs.ts";
import { loginMend } from "../installed-agents.ts";

/** One program to be started: for all agents of the configuration that are the same, or for a preset that none of them uses. */
export type TrialSubject = {
  name: string;
  /** Whether a run needs it: one of its agents has a role. */
  needed: boolean;
  config: AcpAgentConfig;
};

export type Tried = { subject: TrialSubject; trial: Trial; withModel: Trial | null };

/** `installed`: presets, each as an agent with its own login. */
export function trialSubjects(
  config: RunConfig | null,
  installed: readonly { name: string; config: AcpAgentConfig }[],
): TrialSubject[] {
  const placed = new Set(config === null ? [] : placedAgents(config).map(({ agent }) => agent));
  const subjects = new Map<string, { names: string[]; needed: boolean; config: AcpAgentConfig }>();
  for (const [name, agent] of Object.entries(config?.agents ?? {})) {
    if (agent.kind !== "acp") continue;
    const { roles: _roles, description: _description, costMicroUsd: _cost, ...started } = agent;
    const same = JSON.stringify(started);
    const before = subjects.get(same);
    subjects.set(same, {
      names: [...(before?.names ?? []), name],
      needed: (before?.needed ?? false) || placed.has(name),
      config: agent,
    });
  }
  const configured = [...subjects.values()];
  const used = new Set(configured.map((subject) => subject.config.name));
  const others = installed
    .filter(({ name }) => !used.has(name))
    .map(({ name, config: own }) => ({ names: [name], needed: false, config: own }));
  return [...configured, ...others].map(({ names, ...rest }) => ({ name: names.join(", "), ...rest }));
}

export function trialFinding({ subject, trial, withModel }: Tried): Finding {
  const at = { group: "trials", name: subject.name } as const;
  const { needed, config } = subject;
  // What failed says its name itself.
  const who = subject.name === config.name || trial.kind === "failed" ? "" : `${config.preset.name}: `;
  if (trial.kind === "ready") return good(at, `${who}${readyWords(trial, config)}`);
  const fault = faultOf(config, trial, withModel);
  const [found, mend] = [`${who}${fault.found}`, fault.mend];
  if (needed) return lacking(at, found, mend);
  return trial.kind === "not_logged_in" ? absent(at, found, mend) : doubtful(at, found, mend);
}

type Fault = { found: string; mend: string };

function faultOf({ preset }: AcpAgentConfig, trial: Exclude<Trial, { kind: "ready" }>, withModel: Trial | null): Fault {
  const start = preset.command.join(" ");
  switch (trial.kind) {
    case "not_logged_in": {
      const found = withModel?.kind === "ready" ? "works with a model (metered), not logged in" : "not logged in";
      return { found, mend: loginMend(preset) };
    }
    case "no_tools":
      return {
        found: `is ready, but has not looked at our tools, without which it can end no task${after(trial.words)}`,
        mend: `Is something between it and 127.0.0.1, such as a proxy? Start it by hand: ${start}`,
      };
    case "late":
      return {
        found: `not ready after ${took(trial.withinMs)}${after(trial.words)}`,
        mend: `Give it more time (--within SECONDS), or start it by hand to see what it waits for: ${start}`,
      };
    case "failed":
      return { found: trial.detail, mend: `Start it by hand to see more: ${start}` };
  }
}

const after = (words: string) => (words === "" ? "" : `; last it wrote:\n${words}`);

function readyWords(trial: Trial & { kind: "ready" }, { model }: AcpAgentConfig): string {
  const { readyMs, memoryBytes, tools } = trial;
  return [
    `ready in ${took(readyMs)}`,
    ...(memoryBytes === null ? [] : [room(memoryBytes)]),
    tools === "listed" ? "has seen our tools" : "sees our tools with its first task",
    // Many ask for one only when they ask a model.
    ...(model === null ? ["its login is first tried by a task"] : []),
  ].join(", ");
}
