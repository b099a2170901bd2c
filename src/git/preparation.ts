/** Owns with what a preparation begins: with what the last one made, as any checkout is built once more; else, and where that fails, with nothing. */
import type { PrepareWork } from "../engine/ports.ts";

/** A checkout that is prepared. `keep`: what was made in it lies in workspaces to come; false: only if it began with nothing. */
export type Preparation = {
  path: string;
  /** It began with what was made before. */
  wentOn: boolean;
  keep(): Promise<boolean>;
  remove(): Promise<void>;
};

/** As `Trunk.prepare`. `begin`: with what was made before, if that is asked for and there is something. */
export async function prepareBest(work: PrepareWork, begin: (goOn: boolean) => Promise<Preparation>): Promise<boolean> {
  for (const goOn of [true, false]) {
    const preparation = await begin(goOn);
    try {
      if ((await work(preparation.path)) && (await preparation.keep())) return true;
      if (!preparation.wentOn) return false;
    } finally {
      await preparation.remove();
    }
  }
  return false;
}
