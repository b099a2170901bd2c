/**
 * Acceptance: every module of the original package is there and loads in Node as an ES module, in several orders and,
 * for the entry points, in a process of its own, since the order decides what a circular import finds initialized. The
 * package resolves by the names it had. Run in a checkout; the score is the number of modules that load.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, posix, relative } from "node:path";
import { originalLodash } from "../prepare.ts";
import { compare, report, type Site } from "../sites.ts";
import { modulesIn, requiredBy } from "../tree.ts";
import type { Trouble } from "./load-each.ts";

const atOnce = 2;

export async function loadSites(
  root: string,
): Promise<{ sites: Site[]; modules: number; loads: number; processes: number }> {
  const modules = modulesIn(root);
  const missing = modulesIn(originalLodash()).filter((file) => !modules.includes(file));
  const entries = entryPoints(root, modules);
  const orders = [
    modules,
    modules.toReversed(),
    byDigest(modules, "a"),
    byDigest(modules, "b"),
    ...entries.map((entry) => [entry]),
  ];
  const troubles: Trouble[] = [];
  const queue = [...orders];
  const lane = async () => {
    for (let order = queue.shift(); order; order = queue.shift()) troubles.push(...(await loadInOrder(root, order)));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const broken = new Set([...missing, ...troubles.map((trouble) => trouble.file)]);
  const sites = [...missing.map((file) => site(file, "is missing")), ...troubles.map(siteOf), ...packageSites(root)];
  return {
    sites,
    modules: modules.length,
    loads: modules.length - [...broken].filter((file) => modules.includes(file)).length,
    processes: orders.length,
  };
}

const site = (file: string, reason: string): Site => ({ kind: "load", file, line: null, column: null, reason });

/** A missing export is the fault of the module that should have it, not of the one that asks. */
function siteOf(trouble: Trouble): Site {
  const asked = /requested module '([^']+)' does not provide an export named '(\w+)'/.exec(trouble.reason);
  const asker = /^file:\/\/\S*?([^/\s]+\.js):\d+/.exec(trouble.stack)?.[1];
  const path = /^file:\/\/(\S+?\.js):\d+/.exec(trouble.stack)?.[1];
  if (!asked || !asker || !path) return site(trouble.file, trouble.reason);
  const from = relative(process.cwd(), decodeURIComponent(path)).replaceAll("\\", "/");
  return site(posix.join(posix.dirname(from), asked[1]!), `exports no ${asked[2]}, which ${from} imports`);
}

/** What users import most: modules that nothing else imports, and the largest, each alone. */
function entryPoints(root: string, modules: string[]): string[] {
  const imported = new Set(modules.flatMap((file) => requiredBy(root, file)));
  const builds = modules.filter((file) => !file.includes("/") && readFileSync(join(root, file)).length > 10_000);
  const tops = modules.filter((file) => !imported.has(file) && !file.includes("/_"));
  const some = byDigest(
    tops.filter((file) => !builds.includes(file)),
    "entry",
  ).slice(0, 20);
  return [...new Set([...builds, ...some])].toSorted(compare);
}

/** A fixed order that looks random. */
function byDigest(files: string[], salt: string): string[] {
  const digest = (text: string) =>
    Array.from(`${salt}${text}`).reduce(
      (hash, char) => Math.imul(hash ^ char.charCodeAt(0), 16_777_619) >>> 0,
      2_166_136_261,
    );
  return files.toSorted((a, b) => digest(a) - digest(b) || compare(a, b));
}

function loadInOrder(cwd: string, files: string[]): Promise<Trouble[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "load-each.ts")], {
      cwd,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", reject);
    child.on("close", (code) => {
      const troubles = output
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Trouble);
      if (code !== 0)
        troubles.push({
          file: files[0]!,
          reason: `the process that imports it ends with ${code}: ${errors.slice(-100)}`,
          stack: "",
        });
      resolve(troubles);
    });
    child.stdin.on("error", reject).end(files.join("\n"));
  });
}

function packageSites(root: string): Site[] {
  const file = "package.json";
  const path = join(root, file);
  if (!existsSync(path)) return [site(file, "is missing")];
  const { type, name, version } = JSON.parse(readFileSync(path, "utf8")) as {
    type?: string;
    name: string;
    version: string;
  };
  const original = JSON.parse(readFileSync(join(originalLodash(), file), "utf8")) as { version: string };
  const sites = type === "module" ? [] : [site(file, "does not declare type: module")];
  if (version !== original.version) sites.push(site(file, `has version ${version} instead of ${original.version}`));
  const from = createRequire(path);
  for (const [request, target] of [
    ["", "lodash.js"],
    ["/fp", "fp.js"],
    ["/at", "at.js"],
    ["/fp/curryN.js", "fp/curryN.js"],
  ] as const) {
    if (resolved(from, name + request) !== join(root, target))
      sites.push(site(file, `${name}${request} does not lead to ${target}`));
  }
  return sites;
}

/** Null where the package does not export that name. */
function resolved(from: NodeJS.Require, request: string): string | null {
  try {
    return from.resolve(request);
  } catch (error) {
    console.error(String(error));
    return null;
  }
}

if (import.meta.main) {
  const { sites, modules, loads, processes } = await loadSites(process.cwd());
  report(sites, loads, `${loads} of ${modules} modules load as ES modules, in ${processes} processes and orders`);
}
