/** `longhaul doctor`: which coding agents are installed, and whether they look logged in. */
import { environment } from "../../config.ts";
import { absent, doubtful, good, type Finding } from "../../domain/finding.ts";
import type { AcpAgentConfig, RunConfig } from "../../domain/run-config.ts";
import { acpPresets } from "../../config/acp-presets.ts";
import { lookForAgent, loginMend, type FoundAgent, type Login } from "../installed-agents.ts";

export type CodingAgent = FoundAgent & {
  /** The preset's, or that of the agents of the configuration that wrote their own. */
  name: string;
  /** How agents of the configuration use it. */
  use: { ownLogin: string[]; model: string[] };
};

export function lookAtCodingAgents(config: RunConfig | null): CodingAgent[] {
  const configured = Object.entries(config?.agents ?? {}).flatMap(([name, agent]) =>
    agent.kind === "acp" ? [{ name, agent }] : [],
  );
  const known = Object.keys(acpPresets).map((name) => ({
    name,
    users: configured.filter(({ agent }) => agent.name === name),
  }));
  const own = configured.filter(({ agent }) => agent.name === "own");
  const lookAt = (name: string, preset: AcpAgentConfig["preset"], users: typeof configured): CodingAgent => {
    const withOwnLogin = users.filter(({ agent }) => agent.model === null);
    const added = Object.assign({}, ...withOwnLogin.map(({ agent }) => agent.env)) as { [name: string]: string };
    const agentsOf = (some: typeof users) => some.map((each) => each.name);
    return {
      ...lookForAgent(preset, { ...environment, ...added }, config?.directory),
      name,
      use: { ownLogin: agentsOf(withOwnLogin), model: agentsOf(users.filter(({ agent }) => agent.model !== null)) },
    };
  };
  return [
    ...known.flatMap(({ name, users }) => {
      const preset = acpPresets[name];
      return preset ? [lookAt(name, preset, users)] : [];
    }),
    ...own.map((user) => lookAt(user.name, user.agent.preset, [user])),
  ];
}

/** `tried`: what lacks for a login is said of the trial. */
export const codingAgentFindings = (agents: readonly CodingAgent[], { tried }: { tried: boolean }): Finding[] =>
  agents.map((agent) => codingAgentFinding(agent, tried));

function codingAgentFinding({ name, preset, program, rival, login, use }: CodingAgent, tried: boolean): Finding {
  const at = { group: "coding agents", name } as const;
  const used = [...use.ownLogin, ...use.model].length > 0;
  // What a run lacks is said where the agent has its role.
  if (program.kind === "missing") return absent(at, used ? program.problem : "not installed", preset.install);
  if (rival !== null) {
    const other = `not installed: ${preset.command[0] ?? ""} in PATH is that of ${rival}`;
    return used ? doubtful(at, other, preset.install) : absent(at, other, preset.install);
  }
  const where = program.kind === "found" ? program.path : program.why;
  const onlyWithModel = use.model.length > 0 && use.ownLogin.length === 0;
  if (onlyWithModel) return good(at, where);
  const found = [where, loginWords(login)].filter(Boolean).join("; ");
  if (login.kind !== "none") return good(at, found);
  const mend = tried ? null : loginMend(preset);
  return use.ownLogin.length > 0 ? doubtful(at, found, mend) : absent(at, found, mend);
}

function loginWords(login: Login): string {
  switch (login.kind) {
    case "key":
      return `${login.variable} is set`;
    case "file":
      return `logged in (${login.path})`;
    case "none":
      return "not logged in";
    case "hidden":
      return "its login does not show from outside";
    case "unsaid":
      return "";
  }
}
