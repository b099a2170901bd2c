/** `longhaul doctor`: what would confine the programs of a run here, and what of it holds on this machine. */
import { existsSync } from "node:fs";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { doubtful, good, lacking, type Finding } from "../../domain/finding.ts";
import { configDefaults, type RunConfig } from "../../domain/run-config.ts";
import { allRoles } from "../../domain/session.ts";
import { describeSandbox } from "../sandbox.ts";
import { toolFindings } from "./tools-inside.ts";

export const sandboxName = "sandbox";

/** In place of trials. */
export const notTried: Finding = doubtful(
  { group: "trials", name: "coding agents" },
  "none was started: a run would confine them, and there is no sandbox here",
);

/** What the configuration lets through, and what comes with agents that have a login of their own. */
function openedFinding({
  network,
  readable,
  caches,
  agents,
}: Pick<RunConfig, "network" | "readable" | "caches" | "agents">): Finding {
  const opened = [
    ...allRoles.flatMap((role) => (network[role].length > 0 ? [`${role}s reach ${network[role].join(", ")}`] : [])),
    ...Object.entries(agents).flatMap(([name, agent]) =>
      agent.kind === "acp" && agent.model === null && agent.preset.own.hosts.length > 0
        ? [`${name} reaches ${agent.preset.own.hosts.join(", ")}, and has its login`]
        : [],
    ),
    ...(readable.length > 0 ? [`programs read ${readable.join(", ")}`] : []),
    ...caches.map(({ path, mode }) => `${mode === "private" ? "each session has a copy of" : "programs read"} ${path}`),
  ];
  const words = opened.length === 0 ? "nothing more: no host, nothing of yours" : opened.join("; ");
  const at = { group: "machine", name: "let through" } as const;
  const missing = [...readable, ...caches.map(({ path }) => path)].filter((path) => !existsSync(path));
  return missing.length === 0
    ? good(at, words)
    : doubtful(at, `${words}; nothing is at ${missing.join(", ")}`, "Mend the path in readable or caches, or make it.");
}

export async function sandboxFindings(config: RunConfig | null): Promise<Finding[]> {
  const at = { group: "machine", name: sandboxName } as const;
  const confinement = config ?? { ...configDefaults, agents: {} };
  try {
    const says = describeSandbox(confinement).join(" ");
    if (confinement.sandbox === "none")
      return [doubtful(at, says, 'To confine them: sandbox: "auto" in the configuration.')];
    return [good(at, says), openedFinding(confinement), ...(await toolFindings(confinement))];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [lacking(at, error.problem, error.mend)];
  }
}
