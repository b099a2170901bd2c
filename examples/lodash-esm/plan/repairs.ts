/** The plan of a later cycle: from what acceptance saw, to the modules that cause it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { compare, siteLine, type Site } from "../sites.ts";
import { closureOf, readModule } from "../tree.ts";
import { hasPlainForm } from "./areas.ts";
import type { Draft } from "./notes.ts";

export type Repairs = { drafts: Draft[]; concerns: string[] };

export function planRepairs(root: string, sites: Site[]): Repairs {
  const bySource = new Map<string, Site[]>();
  const concerns: string[] = [];
  for (const site of sites) {
    const causes = causesOf(root, site);
    if (causes.length === 0) concerns.push(`no cause found in the source: ${siteLine(site)}`);
    for (const cause of causes) bySource.set(cause, [...(bySource.get(cause) ?? []), site]);
  }
  const drafts = [...bySource].toSorted(([a], [b]) => compare(a, b)).map(([path, seen]) => draftFor(root, path, seen));
  return { drafts, concerns };
}

/** A function that answers differently may do so because of any module below it: those that still ask for CommonJS. */
function causesOf(root: string, site: Site): string[] {
  if (!site.file.endsWith(".js")) return [site.file];
  if (!existsSync(join(root, site.file))) return [];
  if (site.kind === "strict") return [site.file];
  return closureOf(root, site.file).filter(
    (path) =>
      path.endsWith(".js") && (detects(root, path) || (path === site.file && hasPlainForm(readModule(root, path)))),
  );
}

const detects = (root: string, path: string): boolean =>
  existsSync(join(root, path)) && /\btypeof (exports|module)\b/.test(readModule(root, path));

function draftFor(root: string, path: string, seen: Site[]): Draft {
  const lines = seen.slice(0, 100).map(siteLine);
  const [agent, title] = !path.endsWith(".js")
    ? ["package", `Describe ES modules in ${path}`]
    : hasPlainForm(readModule(root, path))
      ? ["plain", `Convert what is left in ${path}`]
      : ["repair", `Mend ${path} as an ES module`];
  return {
    name: `mend ${path}`,
    title,
    agent,
    paths: [path],
    dependsOn: [],
    instructions: `Acceptance saw:\n${lines.join("\n")}`,
  };
}
