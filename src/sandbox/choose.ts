/**
 * Owns which sandbox a run gets. Fails closed: without one that really works, nothing runs, unless somebody has said
 * `none`. Each is probed once for a process.
 */
import { assertNever } from "../domain/assert.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { SandboxChoice } from "../domain/run-config.ts";
import { openBubblewrap, type BubblewrapOptions } from "./bubblewrap.ts";
import { none } from "./none.ts";
import type { Probed, Sandbox } from "./sandbox.ts";

export type SandboxPlace = BubblewrapOptions;

/** Throws an `EnvironmentError` when the one that is asked for does not work here. */
export function chooseSandbox(choice: SandboxChoice, place: SandboxPlace): Sandbox {
  switch (choice) {
    case "none":
      return none;
    case "auto":
    case "bubblewrap":
      return orRefuse(openBubblewrap(place));
    default:
      return assertNever(choice, "sandbox");
  }
}

function orRefuse(probed: Probed): Sandbox {
  if (probed.ok) return probed.sandbox;
  throw new EnvironmentError(
    "sandbox",
    `agents run only where they are confined, and ${probed.missing}`,
    `${probed.mend} Or let them run with your own rights, if you trust what they read and run: --sandbox=none`,
  );
}
