/** Owns what of the host's environment a program may see: nothing but this list, so that secrets stay out. */
import type { Environment } from "../engine/ports.ts";

const allowed = new Set(["PATH", "HOME", "USER", "SHELL", "LANG", "TZ", "TMPDIR", "TERM"]);

/** The part of `host` that every program gets, and what the configuration lets through by name (`passEnv`). */
export function allowedEnvironment(
  host: { readonly [name: string]: string | undefined },
  passEnv: readonly string[] = [],
): Environment {
  const pass = new Set(passEnv);
  const entries = Object.entries(host).flatMap(([name, value]): [string, string][] =>
    value !== undefined && (allowed.has(name) || name.startsWith("LC_") || pass.has(name)) ? [[name, value]] : [],
  );
  return Object.fromEntries(entries);
}
