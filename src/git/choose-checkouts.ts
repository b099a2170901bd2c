/** Owns which kind of workspaces a trunk has: what was asked for, as far as the system has it. */
import { join } from "node:path";
import type { Checkouts } from "./checkouts.ts";
import { Clones, whyNoClones } from "./clones.ts";
import { writtenByGit } from "./fresh-folders.ts";
import type { Environment } from "./git-process.ts";
import type { Mounts } from "./mounts.ts";
import { OverlayCheckouts } from "./overlay-checkouts.ts";
import { whyNoOverlays } from "./overlay-probe.ts";
import { PooledCheckouts } from "./pooled-checkouts.ts";
import { SparseCheckouts } from "./sparse-checkouts.ts";
import type { TrunkRepository } from "./trunk-repository.ts";

export type CheckoutsChoice = {
  /** Of this process; with them workspaces are overlays, where the system has them. */
  mounts: Mounts | null;
  /** A workspace for which a scope is named holds no more than that. */
  sparse: boolean;
};

/** `environment`: this process's own. */
export async function chooseCheckouts(
  trunk: TrunkRepository,
  stateFolder: string,
  options: Partial<CheckoutsChoice> & { environment: Environment },
): Promise<Checkouts> {
  const whole = await chooseWhole(trunk, stateFolder, options.mounts ?? null, options.environment);
  return options.sparse ? new SparseCheckouts(trunk, whole) : whole;
}

async function chooseWhole(
  trunk: TrunkRepository,
  stateFolder: string,
  mounts: Mounts | null,
  environment: Environment,
): Promise<Checkouts> {
  const layers = join(stateFolder, "layers");
  if (mounts && (await whyNoOverlays(mounts, layers)) === null) return new OverlayCheckouts(trunk, mounts, layers);
  const pool = join(stateFolder, "pool");
  const canClone = (await whyNoClones(environment, pool)) === null;
  return new PooledCheckouts(trunk, pool, canClone ? new Clones(trunk, environment) : writtenByGit(environment));
}
