/**
 * Owns what git sees besides its arguments. The repository's configuration belongs to the agent and may name programs
 * to run; all of those are overridden here, in variables, which no name of a setting can break out of.
 */
import { delimiter, isAbsolute, join } from "node:path";
import type { Environment } from "../../engine/ports.ts";

const settings: readonly (readonly [string, string])[] = [
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.pager", "cat"],
  ["core.untrackedCache", "false"],
  ["core.quotePath", "false"],
  ["core.sshCommand", "false"],
  ["core.askPass", "false"],
  ["core.alternateRefsCommand", "false"],
  ["credential.helper", ""],
  ["color.ui", "false"],
  ["column.ui", "never"],
  ["diff.external", ""],
  ["diff.submodule", "short"],
  ["diff.noprefix", "false"],
  ["diff.mnemonicPrefix", "false"],
  // Else re-merges, which would run merge drivers.
  ["log.diffMerges", "separate"],
  ["log.showSignature", "false"],
  ["gpg.program", "false"],
  ["gpg.openpgp.program", "false"],
  ["gpg.x509.program", "false"],
  ["gpg.ssh.program", "false"],
  ["gpg.ssh.defaultKeyCommand", "false"],
  ["grep.fullName", "false"],
  ["grep.fallbackToNoIndex", "false"],
  ["submodule.recurse", "false"],
  ["status.submoduleSummary", "false"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["safe.directory", "*"],
];

/** `drivers`: names of settings of the repository that hold a program's command, such as `filter.lfs.clean`. */
export function gitEnvironment(environment: Environment, workspace: string, drivers: readonly string[]): Environment {
  const clean = Object.entries(environment).filter(([name]) => !name.startsWith("GIT_"));
  const all = [...settings, ...drivers.map((name) => [name, neutral(name)] as const)];
  return {
    ...Object.fromEntries(clean),
    // Else a program of the workspace could go by the name of git.
    PATH: (environment["PATH"] ?? "").split(delimiter).filter(isAbsolute).join(delimiter),
    // Named, so that no other repository is found above, nor `core.worktree` obeyed.
    GIT_DIR: join(workspace, ".git"),
    GIT_WORK_TREE: workspace,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    GIT_PAGER: "cat",
    // None: a partial clone would fetch what is missing, with a program of the configuration's choice.
    GIT_ALLOW_PROTOCOL: "",
    GIT_NO_LAZY_FETCH: "1",
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([name, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, name],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** Settings that name a program which git would run to read a file: filters, converters, drivers of a diff; and hooks. */
export const driverPattern =
  "^(filter\\..*\\.(clean|smudge|process|required)|diff\\..*\\.(command|textconv)|hook\\..*\\.event)$";

const neutral = (name: string): string => (name.endsWith(".required") ? "false" : "");
