/**
 * The one place that says what the tests need from the system and what to do when it is missing. Everything else
 * comes from npm. Runs before any test, so that a missing program is one clear message and not a hundred failures.
 */
import { spawnSync } from "node:child_process";
import { whyNoMounts } from "../src/git/mounts.ts";
import { findPostgres } from "./postgres-programs.ts";

const gitNeeded: Version = [2, 38];

type Version = [major: number, minor: number];

/** The sandbox of Linux; elsewhere its tests say that they need Linux. */
function bubblewrapMissing(): string | null {
  if (process.platform !== "linux" || spawnSync("bwrap", ["--version"]).status === 0) return null;
  return 'bubblewrap is needed and there is none: install the package "bubblewrap".';
}

/** For the tests of overlays; elsewhere workspaces are copies. */
function mountsMissing(): string | null {
  const why = process.platform === "linux" ? whyNoMounts(process.env["PATH"] ?? "") : null;
  return why === null ? null : `mounts of one's own are needed (root, or user namespaces): ${why}`;
}

/** Each answer is null when the need is met, else what is missing and how to get it. */
export const needs: { name: string; missing(): string | null }[] = [
  { name: "git", missing: () => gitMissing(spawnSync("git", ["--version"], { encoding: "utf8" }).stdout) },
  { name: "bubblewrap", missing: bubblewrapMissing },
  { name: "mounts", missing: mountsMissing },
  {
    name: "openssl",
    missing: () =>
      spawnSync("openssl", ["version"]).status === 0
        ? null
        : 'openssl is needed to make certificates and there is none: install the package "openssl".',
  },
  {
    name: "PostgreSQL",
    missing: () => {
      const found = findPostgres();
      return found.ok ? null : found.reason;
    },
  },
];

/** `output` is what `git --version` printed; null when there is no git. */
export function gitMissing(output: string | null): string | null {
  const needed = gitNeeded.join(".");
  const found = /(\d+)\.(\d+)/.exec(output ?? "");
  if (found === null) return `git ${needed} or newer is needed and there is none: install the package "git".`;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > gitNeeded[0] || (major === gitNeeded[0] && minor >= gitNeeded[1])) return null;
  return `git ${needed} or newer is needed (for "git merge-tree --write-tree"); found ${major}.${minor}.`;
}

/** vitest's global setup. */
export default function setup(): void {
  const missing = needs.map((need) => need.missing()).filter((reason) => reason !== null);
  if (missing.length > 0) throw new Error(`The tests cannot run here:\n${missing.map((m) => `- ${m}`).join("\n")}`);
}
