/**
 * Owns which sandbox a run gets. Fails closed: without one that really works, nothing runs, unless somebody has said
 * `none`.
 */
import { assertNever } from "../domain/assert.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { SandboxChoice } from "../domain/run-config.ts";
import { openBubblewrap } from "./bubblewrap.ts";
import { openDocker, type DockerOptions } from "./docker-probe.ts";
import { none } from "./none.ts";
import { openSandboxExec } from "./sandbox-exec-probe.ts";
import type { Probed, Sandbox } from "./sandbox.ts";

export type SandboxPlace = DockerOptions;

/** Throws an `EnvironmentError` when the one that is asked for does not work here. */
export function chooseSandbox(choice: SandboxChoice, place: SandboxPlace): Sandbox {
  switch (choice) {
    case "none":
      return none;
    case "auto":
      return orRefuse(firstThatWorks(place));
    case "bubblewrap":
      return orRefuse(openBubblewrap(placeOfBubblewrap(place)));
    case "sandbox-exec":
      return orRefuse(openSandboxExec(placeOfSandboxExec(place)));
    case "docker":
      return orRefuse(openDocker(place));
    default:
      return assertNever(choice, "sandbox");
  }
}

/** The system's own; containers only for whoever has named an image. What is missing is what the system's own is missing. */
function firstThatWorks(place: SandboxPlace): Probed {
  const own =
    process.platform === "darwin"
      ? openSandboxExec(placeOfSandboxExec(place))
      : openBubblewrap(placeOfBubblewrap(place));
  if (own.ok || place.image === null) return own;
  const containers = openDocker(place);
  if (containers.ok) return containers;
  return { ...own, missing: `${own.missing}; and ${containers.missing}` };
}

const placeOfBubblewrap = ({ environment, folder }: SandboxPlace) => ({ path: environment["PATH"] ?? "", folder });
const placeOfSandboxExec = ({ folder }: SandboxPlace) => ({ program: "/usr/bin/sandbox-exec", folder });

function orRefuse(probed: Probed): Sandbox {
  if (probed.ok) return probed.sandbox;
  throw new EnvironmentError(
    "sandbox",
    `agents run only where they are confined, and ${probed.missing}`,
    `${probed.mend} Or let them run with your own rights, if you trust what they read and run: --sandbox=none`,
  );
}
