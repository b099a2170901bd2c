/** The ways in which users get lodash's functions: one module each, the builds, and the same for fp. */
// oxlint-disable-next-line import/no-unassigned-import -- clock and chance are replaced before any lodash is loaded
import "./chance.ts";
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { modulesIn } from "../tree.ts";
import type { Recipe } from "./values.ts";

type Functions = { [name: string]: unknown };
export type Build = {
  /** Where a difference is reported that belongs to no single module. */
  file: string;
  names: string[];
  original: Functions;
  migrated: Functions;
  fileOf(name: string): string;
  /** The lodash function behind an fp name, whose signature is used. */
  realName(name: string): string;
  /** Puts arguments given in lodash's order into the order of this build. */
  arrange(name: string, recipes: Recipe[]): Recipe[];
  /** Why nothing can be compared. */
  failure: string | null;
};

type Mapping = {
  aliasToReal: { [name: string]: string };
  remap: { [name: string]: string };
  aryMethod: { [count: string]: string[] };
  aryRearg: { [count: string]: number[] };
  methodRearg: { [name: string]: number[] };
  skipRearg: { [name: string]: boolean };
};

export async function builds(original: string, migrated: string): Promise<Build[]> {
  const load = createRequire(join(original, "package.json"));
  const mapping = load("./fp/_mapping.js") as Mapping;
  const plain = { realName: (name: string) => name, arrange: (_: string, recipes: Recipe[]) => recipes };
  const fp = {
    realName: (name: string) => realName(mapping, name),
    arrange: (name: string, recipes: Recipe[]) => arrange(mapping, name, recipes),
  };
  const whole = async (file: string, order: typeof plain): Promise<Build> => {
    const functions = load(`./${file}`) as Functions;
    const loaded = await importDefault(migrated, file);
    const names = Object.keys(functions).filter((name) => typeof functions[name] === "function" && name !== "_");
    return {
      ...order,
      file,
      names,
      original: functions,
      migrated: (loaded.value ?? {}) as Functions,
      fileOf: () => file,
      failure: loaded.failure,
    };
  };
  return [
    ...(await modules(load, original, migrated, ".", plain)),
    await whole("lodash.js", plain),
    await whole("lodash.min.js", plain),
    await whole("core.js", plain),
    await whole("core.min.js", plain),
    ...(await modules(load, original, migrated, "fp", fp)),
    await whole("fp.js", fp),
  ];
}

/** Each function from a file of its own. A file that does not load is a build of its own that failed. */
async function modules(
  load: NodeJS.Require,
  original: string,
  migrated: string,
  folder: string,
  order: Pick<Build, "realName" | "arrange">,
): Promise<Build[]> {
  const fileOf = (name: string) => posix.join(folder, `${name}.js`);
  const entire: Build = { ...order, file: folder, names: [], original: {}, migrated: {}, fileOf, failure: null };
  const failed: Build[] = [];
  const lodash = load("./lodash.js") as Functions;
  for (const file of modulesIn(original).filter((path) => posix.dirname(path) === folder)) {
    const name = posix.basename(file, ".js");
    // Both packages load every module in the same order: some of fp's leave marks on the functions that they wrap.
    const func = load(`./${file}`) as unknown;
    const { value, failure } = await importDefault(migrated, file);
    // Whole builds are compared as such; modules such as wrapperAt are no functions of lodash's interface.
    if (name.startsWith("_") || !(name in lodash || folder === "fp") || !isPlainFunction(func)) continue;
    if (failure !== null) failed.push({ ...entire, file, names: [name], failure });
    else {
      entire.names.push(name);
      entire.original[name] = func;
      entire.migrated[name] = value;
    }
  }
  return [entire, ...failed];
}

const isPlainFunction = (value: unknown): boolean => typeof value === "function" && !("VERSION" in value);

async function importDefault(root: string, file: string): Promise<{ value: unknown; failure: string | null }> {
  const path = join(root, file);
  if (!existsSync(path)) return { value: null, failure: "is missing" };
  try {
    const { default: value } = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return { value, failure: value === undefined ? "exports nothing by default" : null };
  } catch (error) {
    return { value: null, failure: `does not load: ${String(error)}` };
  }
}

function realName(mapping: Mapping, name: string): string {
  const real = mapping.aliasToReal[name] ?? name;
  return mapping.remap[real] ?? real;
}

function arrange(mapping: Mapping, name: string, recipes: Recipe[]): Recipe[] {
  const real = mapping.aliasToReal[name] ?? name;
  const count = Object.keys(mapping.aryMethod).find((ary) => mapping.aryMethod[ary]!.includes(real));
  if (count === undefined) return recipes;
  const order = mapping.methodRearg[real] ?? (mapping.skipRearg[real] ? undefined : mapping.aryRearg[count]);
  const taken = recipes.slice(0, Number(count));
  if (!order || taken.length < 2) return taken;
  const arranged = [...taken];
  // lodash gets at place k what fp was given at place order[k].
  order.forEach((from, to) => {
    if (from < arranged.length && to < taken.length) arranged[from] = taken[to]!;
  });
  return arranged;
}
