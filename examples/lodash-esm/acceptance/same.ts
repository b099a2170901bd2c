/**
 * Acceptance: the migrated package behaves as the original. Every public function of every build is called with the
 * same generated inputs in both packages; results, changed arguments, calls of callbacks and thrown errors must be the
 * same. Time, timers and chance are replaced before either package loads, so that debounce, now, shuffle and random are
 * compared like the rest. Run in a checkout; the score is the number of functions that agree everywhere.
 */
import { compare, report, type Site } from "../sites.ts";
import { originalLodash } from "../prepare.ts";
import { builds, type Build } from "./builds.ts";
import { controlled } from "./chance.ts";
import { describe } from "./describe.ts";
import { excluded, signatures } from "./signatures.ts";
import { draw, type Recipe } from "./values.ts";

const functionsMin = 200;
const seed = 20_250_101;
const typedRuns = 24;
const looseRuns = 8;
/** A function that is returned is called in turn, so deep. */
const followMax = 3;

export type Comparison = { sites: Site[]; functions: number; agreeing: number; calls: number; builds: number };

export async function compareBehaviour(root: string): Promise<Comparison> {
  const sites: Site[] = [];
  const functions = new Set<string>();
  const differing = new Set<string>();
  let calls = 0;
  const all = await builds(originalLodash(), root);
  for (const build of all) {
    if (build.failure !== null) {
      sites.push({ kind: "differs", file: build.file, line: null, column: null, reason: build.failure });
      for (const name of build.names) differing.add(name);
      continue;
    }
    for (const name of build.names
      .filter((one) => !(one in excluded || `${build.file} ${one}` in excluded))
      .toSorted(compare)) {
      const result = compareFunction(build, name, root);
      functions.add(name);
      calls += result.calls;
      sites.push(...result.sites);
      if (result.sites.length > 0) differing.add(name);
    }
  }
  return {
    sites,
    functions: functions.size,
    agreeing: [...functions].filter((name) => !differing.has(name)).length,
    calls,
    builds: all.length,
  };
}

const drawn = new Map<string, Recipe[][]>();
function inputs(signature: string, count: number): Recipe[][] {
  const lists = drawn.get(signature) ?? draw(signature, seed, typedRuns);
  drawn.set(signature, lists);
  return lists.slice(0, count);
}

function compareFunction(build: Build, name: string, root: string): { sites: Site[]; calls: number } {
  const sites: Site[] = [];
  const known = signatures.get(build.realName(name)) ?? ["any any"];
  const runs = [...known.map((signature) => [signature, Infinity] as const), ["any any any", looseRuns] as const];
  let calls = 0;
  for (const [signature, count] of runs) {
    for (const [index, recipes] of inputs(signature, count).entries()) {
      calls++;
      const reset = index + 1;
      const original = outcome(build.original, name, build.arrange(name, recipes), reset);
      const migrated = outcome(build.migrated, name, build.arrange(name, recipes), reset);
      if (original.text !== migrated.text) sites.push(siteOf(build, name, original, migrated, root));
    }
  }
  return { sites, calls };
}

type Outcome = { text: string; error: unknown };

/** Everything that can be seen of one call. */
function outcome(lodash: Build["original"], name: string, recipes: Recipe[], reset: number): Outcome {
  const args = recipes.map((recipe) => recipe());
  controlled.reset(reset);
  let error: unknown = null;
  const seen: string[] = [];
  try {
    const func = lodash[name] as (...args: unknown[]) => unknown;
    let result = func.apply(lodash, args);
    for (let depth = 0; depth < followMax && typeof result === "function" && !args.includes(result); depth++) {
      seen.push(describe(result));
      // With a receiver: without one, sloppy code falls back to the global object, and strict code does not.
      result = (result as (...args: unknown[]) => unknown).apply({}, depth === 0 ? [args[0], 1, "a"] : [{ a: 1 }, [2]]);
    }
    controlled.runTimers();
    seen.push(describe(result));
  } catch (thrown) {
    error = thrown;
    seen.push(`throws ${thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : describe(thrown)}`);
  }
  return { text: `${seen.join(" then ")} leaving ${describe(args)}`, error };
}

/** What strict code refuses and sloppy code ignored. */
const strictOnly = /^Cannot (assign to read only property|delete property|add property|create property|set property)/;

function siteOf(build: Build, name: string, original: Outcome, migrated: Outcome, root: string): Site {
  const { error } = migrated;
  const place = error instanceof TypeError && strictOnly.test(error.message) ? placeIn(root, error.stack ?? "") : null;
  if (place && error instanceof TypeError) return { kind: "strict", ...place, reason: error.message };
  const at = original.text.split("").findIndex((char, index) => char !== migrated.text[index]);
  const part = (text: string) => text.slice(Math.max(0, at - 20), at + 40);
  return {
    kind: "differs",
    file: build.fileOf(name),
    line: null,
    column: null,
    reason: `${name}: …${part(original.text)}… became …${part(migrated.text)}…`,
  };
}

/** The innermost frame, if it is in the package: an error from a callback is not the package's. */
function placeIn(root: string, stack: string): Pick<Site, "file" | "line" | "column"> | null {
  const frame = stack.split("\n").find((line) => line.trimStart().startsWith("at "));
  const match = /file:\/\/(\S+?):(\d+):(\d+)\)?$/.exec(frame ?? "");
  const path = match && decodeURIComponent(match[1]!);
  return path?.startsWith(`${root}/`)
    ? { file: path.slice(root.length + 1), line: Number(match![2]), column: Number(match![3]) }
    : null;
}

if (import.meta.main) {
  const { sites, functions, agreeing, calls, builds: count } = await compareBehaviour(process.cwd());
  for (const [name, reason] of Object.entries(excluded)) console.log(`not compared: ${name}, which ${reason}`);
  report(
    sites,
    agreeing,
    `${functions} functions compared in ${calls} calls over ${count} builds, ${agreeing} agree everywhere`,
  );
  if (functions < functionsMin) {
    console.log(`fewer than ${functionsMin} functions could be compared`);
    process.exitCode = 1;
  }
}
