/**
 * Landing under contention: what workers do without a lane, against the lane. Each case is a process of its own, on a
 * repository made anew; everything is flushed to disk.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { inOwnMounts, whyNoMounts } from "../src/git/mounts.ts";
import { figure, median, quantile, table } from "./figures.ts";
import { schemes, type LandingCase, type LandingFigures, type Scheme } from "./landing-case.ts";
import type { Size } from "./landing-repository.ts";

const sizes: Size[] = ["small", "mid", "big"];
const names: { [S in Scheme]: string } = {
  naive: "fetch, rebase, push",
  lock: "the same behind a lock",
  bare: "bare lane",
  overlay: "lane, overlay workspaces",
  checkout: "lane, full checkouts",
};
/** Checkouts of many files by many landers would take an hour to make. */
const filesOnDiskMax: { [S in Size]: number } = { small: 200, mid: 50, big: 1 };

type Row = { size: Size; landers: number; overlap: number };
const landersOf = { small: [50, 200], mid: [1, 10, 50, 200], big: [50, 200] };
const rows: Row[] = sizes.flatMap((size) =>
  [0, 0.05].flatMap((overlap) => landersOf[size].map((landers) => ({ size, landers, overlap }))),
);

export async function measureLanding(repeats: number): Promise<string> {
  const canMount = whyNoMounts(process.env["PATH"] ?? "") === null;
  const lines: { row: Row; figures: Map<Scheme, LandingFigures[]> }[] = [];
  for (const row of rows.filter(({ landers, overlap }) => overlap === 0 || landers > 1)) {
    const figures = new Map<Scheme, LandingFigures[]>();
    for (const scheme of schemes) {
      if (scheme === "overlay" && !canMount) continue;
      if (scheme === "checkout" && row.landers > filesOnDiskMax[row.size]) continue;
      figures.set(
        scheme,
        Array.from({ length: repeats }, () => runCase(scheme, row)),
      );
    }
    lines.push({ row, figures });
  }
  return [
    "### Landings per second",
    rateTable(lines),
    "### Against fetch, rebase, push",
    ratioTable(lines),
    "### Tries and waits",
    "Tries of one landing (mean, most), and ms from the worker's answer to the landing (median / p95 / max).",
    waitTable(lines),
  ].join("\n\n");
}

function runCase(scheme: Scheme, { size, landers, overlap }: Row): LandingFigures {
  // Full checkouts take longer to make than to land.
  const landings = scheme === "checkout" ? Math.max(size === "big" ? 5 : 20, Math.min(400, 4 * landers)) : 400;
  const seconds = landers > 50 ? 20 : 10;
  const one: LandingCase = { scheme, size, landers, overlap, seconds, landings };
  // Mounts are seen by nobody else, and end with it.
  const words = [process.execPath, join(import.meta.dirname, "landing-run.ts"), JSON.stringify(one)];
  const [program = "", ...args] = scheme === "overlay" ? inOwnMounts(words) : words;
  const run = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  console.error(`${new Date().toISOString()} ${JSON.stringify(one)}`);
  if (run.status !== 0) throw new Error(`${JSON.stringify(one)}: ${run.stderr}`);
  return JSON.parse(run.stdout) as LandingFigures;
}

type Lines = readonly { row: Row; figures: Map<Scheme, LandingFigures[]> }[];

const head = ["repository", "edits of one line", "landers"];
const cells = ({ size, overlap, landers }: Row) => [size, `${overlap * 100}%`, String(landers)];
const rateOf = (figures: LandingFigures[] | undefined): number =>
  median((figures ?? []).map(({ landed, seconds }) => landed / seconds));

function rateTable(lines: Lines): string {
  return table(
    [...head, ...schemes.map((scheme) => names[scheme])],
    lines.map(({ row, figures }) => [...cells(row), ...schemes.map((scheme) => figure(rateOf(figures.get(scheme))))]),
  );
}

function ratioTable(lines: Lines): string {
  const against = schemes.filter((scheme) => scheme !== "naive");
  return table(
    [...head, ...against.map((scheme) => names[scheme]), "overlay lane / bare lane"],
    lines.map(({ row, figures }) => {
      const naive = figures.get("naive") ?? [];
      // None landed in the time: at most one did.
      const one = Math.max(rateOf(naive), 1 / median(naive.map(({ seconds }) => seconds)));
      const ratios = against.map((scheme) => `×${figure(rateOf(figures.get(scheme)) / one)}`);
      return [...cells(row), ...ratios, figure(rateOf(figures.get("overlay")) / rateOf(figures.get("bare")))];
    }),
  );
}

function waitTable(lines: Lines): string {
  return table(
    [...head, ...schemes.map((scheme) => names[scheme])],
    lines.map(({ row, figures }) => [
      ...cells(row),
      ...schemes.map((scheme) => {
        const all = figures.get(scheme) ?? [];
        const [tries, ms] = [all.flatMap((one) => one.tries), all.flatMap((one) => one.ms)];
        if (tries.length === 0) return "–";
        const mean = tries.reduce((sum, one) => sum + one, 0) / tries.length;
        const waits = [0.5, 0.95, 1].map((q) => figure(Math.round(quantile(ms, q))));
        return `${figure(mean)}, ${Math.max(...tries)}; ${waits.join(" / ")}`;
      }),
    ]),
  );
}
