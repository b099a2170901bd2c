/** Which coding agents are on this machine, and whether they look logged in. Starts none of them. */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { findProgram, type FoundProgram } from "../agents/command/program.ts";
import { environment } from "../config.ts";
import type { AcpPreset } from "../domain/acp-preset.ts";
import { acpPresets } from "../config/acp-presets.ts";
import { allowedEnvironment } from "../processes/environment.ts";

/** How an agent shows from outside that it is logged in. */
export type Login =
  | { kind: "key"; variable: string }
  | { kind: "file"; path: string }
  /** It keeps a login in a file that is not there, and no variable has a key. */
  | { kind: "none" }
  /** It keeps its login where nobody else looks. */
  | { kind: "hidden" }
  /** Its preset says nothing of one. */
  | { kind: "unsaid" };

export type FoundAgent = {
  preset: AcpPreset;
  program: FoundProgram;
  /** The preset whose program it is in truth: two packages may bring programs of one name. */
  rival: string | null;
  login: Login;
};

export const isInstalled = ({ program, rival }: FoundAgent): boolean => program.kind === "found" && rival === null;

type Variables = { readonly [name: string]: string | undefined };

export const foundPresets = (): ({ name: string } & FoundAgent)[] =>
  Object.entries(acpPresets).map(([name, preset]) => ({ name, ...lookForAgent(preset, environment) }));

/** `variables`: those of the operator, with what the configuration adds. */
export function lookForAgent(preset: AcpPreset, variables: Variables, directory = process.cwd()): FoundAgent {
  const program = findProgram(preset, allowedEnvironment(variables), directory);
  return {
    preset,
    program,
    rival: program.kind === "found" ? rivalOf(preset, realpathSync(program.path), acpPresets) : null,
    login: loginOf(preset, variables, existsSync),
  };
}

/** `path`: of the program itself, which lies in its package. null: it is not known to be another preset's. */
export function rivalOf(
  preset: AcpPreset,
  path: string,
  presets: { readonly [name: string]: AcpPreset },
): string | null {
  const [, ofPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  const isOf = ({ install }: AcpPreset) => ofPackage !== undefined && install.split(/\s+/).includes(ofPackage);
  if (isOf(preset)) return null;
  const others = Object.entries(presets).filter(([, each]) => each.command[0] === preset.command[0] && isOf(each));
  return others[0]?.[0] ?? null;
}

/** Of what it is passed, settings have other names. */
export const keyVariables = ({ own }: AcpPreset): string[] => [
  ...new Set([...Object.keys(own.authenticate), ...own.passEnv.filter((name) => /_(KEY|TOKEN)$/.test(name))]),
];

export function loginOf(preset: AcpPreset, variables: Variables, exists: (path: string) => boolean): Login {
  const variable = keyVariables(preset).find((name) => variables[name]?.trim());
  if (variable !== undefined) return { kind: "key", variable };
  const { home } = preset;
  if (home === null && keyVariables(preset).length === 0) return { kind: "unsaid" };
  const logins = Object.values(home?.links ?? {});
  const path = logins
    .map((file) => join(variables[file.variable] ?? join(variables["HOME"] ?? "/", file.otherwise), file.path))
    .find(exists);
  if (path !== undefined) return { kind: "file", path };
  // One that stays in the operator's home may keep its login there in other ways, such as a keychain.
  return logins.length > 0 && home?.whenOwn ? { kind: "none" } : { kind: "hidden" };
}

/** One sentence. */
export function loginMend(preset: AcpPreset): string {
  const keys = keyVariables(preset);
  const key = keys.length === 0 ? "" : `, or set ${keys.join(" or ")}`;
  const model = preset.metered === null ? "" : ', or give it a model in the configuration (model: "provider/name")';
  return `Log in with its own program${key}${model}.`;
}
