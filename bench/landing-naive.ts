/** What workers do without a lane: each in a clone of its own, fetch, rebase, push, again until it is through. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pLimit from "p-limit";
import type { LandingCase, LandingFigures } from "./landing-case.ts";
import { edited, fileOf, git, hotFile, isHot, type Generated } from "./landing-repository.ts";

const execute = promisify(execFile);

/** Clones that hold only the folder they work in: anything more would only be slower. */
export async function measureNaive(one: LandingCase, folder: string, origin: Generated): Promise<LandingFigures> {
  const setUp = pLimit(2);
  const clones = await Promise.all(
    Array.from({ length: one.landers }, (_, n) => setUp(() => makeClone(join(folder, `clone-${n}`), origin, n))),
  );
  const figures: LandingFigures = { landed: 0, seconds: 0, tries: [], ms: [] };
  const lock = one.scheme === "lock" ? pLimit(1) : <T>(work: () => Promise<T>) => work();
  const from = performance.now();
  const until = from + one.seconds * 1000;
  await Promise.all(
    clones.map(async (clone, n) => {
      for (let round = 0; performance.now() < until; round++) {
        const began = performance.now();
        const id = n + round * one.landers;
        // Another lander each round edits the hot line.
        const tries = await land(clone, id, isHot(n + round, one.overlap), lock, until);
        if (tries === null) return;
        figures.landed++;
        figures.tries.push(tries);
        figures.ms.push(performance.now() - began);
      }
    }),
  );
  figures.seconds = (performance.now() - from) / 1000;
  return figures;
}

type Clone = { path: string; file: string };

async function makeClone(path: string, origin: Generated, n: number): Promise<Clone> {
  const file = fileOf(origin.files, n);
  await execute("git", ["clone", "--quiet", "--shared", "--sparse", "--no-checkout", origin.path, path]);
  git(path, "sparse-checkout", "set", file.slice(0, file.lastIndexOf("/")));
  git(path, "checkout", "--quiet", "main");
  for (const setting of ["user.name=Bench", "user.email=bench@localhost", "gc.auto=0", "core.fsync=none"])
    git(path, "config", ...setting.split("="));
  return { path, file };
}

/** How many tries it took; null: the time was over. */
async function land(
  { path, file }: Clone,
  id: number,
  hot: boolean,
  lock: <T>(work: () => Promise<T>) => Promise<T>,
  until: number,
): Promise<number | null> {
  const place = join(path, hot ? hotFile : file);
  const ask = (...args: string[]) =>
    execute("git", ["-C", path, ...args]).then(
      () => true,
      () => false,
    );
  const change = async () => {
    writeFileSync(place, edited(readFileSync(place, "utf8"), id, hot));
    await ask("commit", "--quiet", "--all", "--message", `Lander ${id}`);
  };
  await change();
  for (let tries = 1; performance.now() < until; tries++) {
    const through = await lock(async () => {
      await ask("fetch", "--quiet", "origin");
      if (!(await ask("rebase", "--quiet", "origin/main"))) {
        // The conflict is resolved as its worker would: the same change on what is there now.
        await ask("rebase", "--abort");
        await ask("reset", "--quiet", "--hard", "origin/main");
        await change();
      }
      return ask("push", "--quiet", "origin", "HEAD:main");
    });
    if (through) return performance.now() < until ? tries : null;
  }
  return null;
}
