/** Which agents `longhaul init` puts into a first configuration, by what is on this machine. Pure. */
import type { ChosenModels } from "../config/models.ts";
import { acpWireKinds } from "../domain/acp-preset.ts";
import { isInstalled, type FoundAgent } from "./installed-agents.ts";

export type Choice = {
  roles:
    | { kind: "models"; chosen: ChosenModels }
    | { kind: "coding_agent"; name: string; title: string }
    /** There is neither a model nor a coding agent. */
    | { kind: "programs" };
  /** In one clause; null: there is nothing to choose from. */
  because: string | null;
  /** The other coding agents that are installed; `model` null: with its own login. */
  others: { name: string; model: string | null }[];
};

export type NamedAgent = { name: string } & FoundAgent;

/** `kindOf`: how a provider of models speaks. */
export function chooseAgents(
  chosen: ChosenModels | null,
  agents: readonly NamedAgent[],
  kindOf: (provider: string) => string | null,
): Choice {
  const installed = agents.filter(isInstalled);
  if (chosen !== null) {
    const others = installed.map((agent) => ({ name: agent.name, model: modelFor(agent, chosen.worker, kindOf) }));
    return { roles: { kind: "models", chosen }, because: chosen.because, others };
  }
  const best = installed.filter(({ login }) => login.kind !== "none").toSorted((a, b) => doubt(a) - doubt(b))[0];
  const others = installed.filter((agent) => agent !== best).map(({ name }) => ({ name, model: null }));
  if (!best) return { roles: { kind: "programs" }, because: null, others };
  const { name, preset } = best;
  return { roles: { kind: "coding_agent", name, title: preset.name }, because: loginReason(best), others };
}

const doubt = ({ login }: NamedAgent): number => (login.kind === "key" || login.kind === "file" ? 0 : 1);

function loginReason({ preset, login }: NamedAgent): string {
  switch (login.kind) {
    case "key":
      return `${preset.name} is installed, and ${login.variable} is set`;
    case "file":
      return `${preset.name} is installed and logged in`;
    case "none":
    case "hidden":
    case "unsaid":
      return `${preset.name} is installed; whether it is logged in does not show from outside`;
  }
}

/** The model that was chosen, when the agent speaks as its provider does; null: with its own login. */
function modelFor({ preset }: NamedAgent, model: string, kindOf: (provider: string) => string | null): string | null {
  const kind = kindOf(model.slice(0, model.indexOf("/")));
  const kinds = preset.metered === null ? [] : acpWireKinds[preset.metered.wire];
  // What speaks as OpenAI does may still not know the newer of its languages.
  return kind !== null && kind !== "openai-compatible" && kinds.includes(kind) ? model : null;
}
