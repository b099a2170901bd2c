/**
 * A site is a place in the package that the acceptance programs found wrong, with what they saw. Sites travel as lines
 * of text through the acceptance output, the judge's brief and a task's instructions, because that is all that one
 * program of a run can tell another.
 */
export type SiteKind = "form" | "load" | "differs" | "strict";
export type Site = { kind: SiteKind; file: string; line: number | null; column: number | null; reason: string };

const kinds: readonly string[] = ["form", "load", "differs", "strict"] satisfies SiteKind[];
const reasonCharsMax = 160;
/** The judge reads the acceptance output up to a bound; a first cycle that fails everywhere must not hide its shape. */
const sitesPrintedMax = 150;

export function siteLine(site: Site): string {
  const place = site.line === null ? site.file : `${site.file}:${site.line}:${site.column ?? 0}`;
  return `SITE ${site.kind} ${place} ${site.reason.replace(/\s+/g, " ").slice(0, reasonCharsMax)}`;
}

export function readSites(text: string): Site[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*SITE (\w+) (\S+?)(?::(\d+):(\d+))? (.*)$/.exec(line);
    if (!match || !kinds.includes(match[1]!)) return [];
    const [, kind, file, row, column, reason] = match;
    return [
      {
        kind: kind as SiteKind,
        file: file!,
        line: row ? Number(row) : null,
        column: column ? Number(column) : null,
        reason: reason!,
      },
    ];
  });
}

/** Each place once, in an order that does not depend on how it was found. */
export function sorted(sites: Site[]): Site[] {
  const byPlace = new Map<string, Site>();
  for (const site of sites) {
    const key = `${site.file}:${site.line ?? 0}:${site.column ?? 0}:${site.kind}`;
    const before = byPlace.get(key);
    if (!before || site.reason < before.reason) byPlace.set(key, site);
  }
  // What is no module first: where package.json is wrong, everything is, and the list of modules is cut.
  const rank = (site: Site) => Number(site.file.endsWith(".js"));
  return [...byPlace.values()].toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compare(a.kind, b.kind),
  );
}

/** Prints the sites and the score of an acceptance program and sets its exit code. */
export function report(sites: Site[], score: number, summary: string): void {
  const all = sorted(sites);
  for (const site of all.slice(0, sitesPrintedMax)) console.log(siteLine(site));
  if (all.length > sitesPrintedMax) console.log(`and ${all.length - sitesPrintedMax} more sites`);
  console.log(summary);
  console.log(`score=${score}`);
  if (all.length > 0) process.exitCode = 1;
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
