/** `longhaul doctor`: what would confine the programs of a run here, and what of it holds on this machine. */
import { EnvironmentError } from "../../domain/environment-error.ts";
import { doubtful, good, lacking, type Finding } from "../../domain/finding.ts";
import { configDefaults, type RunConfig } from "../../domain/run-config.ts";
import { describeSandbox } from "../sandbox.ts";

export const sandboxName = "sandbox";

/** In place of trials. */
export const notTried: Finding = doubtful(
  { group: "trials", name: "coding agents" },
  "none was started: a run would confine them, and there is no sandbox here",
);

export function sandboxFindings(config: RunConfig | null): Finding[] {
  const at = { group: "machine", name: sandboxName } as const;
  const confinement = config ?? configDefaults;
  try {
    const says = describeSandbox(confinement).join(" ");
    return [
      confinement.sandbox === "none"
        ? doubtful(at, says, 'To confine them: sandbox: "auto" in the configuration.')
        : good(at, says),
    ];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [lacking(at, error.problem, error.mend)];
  }
}
