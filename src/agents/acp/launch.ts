/** Owns what an agent's program is started with: its preset, filled in with what the session has. Pure. */
import { join } from "node:path";
import type { Json, Words } from "../../domain/acp-preset.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import type { Environment } from "../../engine/ports.ts";

export type Launch = {
  argv: [string, ...string[]];
  environment: Environment;
  /** `_meta` of its session. */
  meta: { [name: string]: Json };
  home: LaunchHome | null;
  /** The method of `authenticate` to be called, should there be no login at `unless`. */
  authenticate: { method: string; unless: readonly string[] } | null;
};

/** A folder of the session's own: files to write and links to make in it, where what they lead to exists. */
export type LaunchHome = { folder: string; files: Words; links: readonly { at: string; to: string }[] };

/** Where its model calls go. `token`: in place of a key. */
export type MeteredAt = { url: string; token: string; model: string };

export type LaunchOrder = {
  config: Pick<AcpAgentConfig, "preset" | "env" | "ownModel">;
  /** What is let through of the operator's, with the marks of the session. */
  environment: Environment;
  workspace: string;
  /** Of the session; absolute. */
  folder: string;
  metered: MeteredAt | null;
  asRoot: boolean;
};

/** Of the environment the later wins: preset, proxy, the agent's own `env`. */
export function launchOf({ config, environment, workspace, folder, metered, asRoot }: LaunchOrder): Launch {
  const { preset, env, ownModel } = config;
  const { own } = preset;
  const isPrivate = preset.home !== null && (metered !== null || preset.home.own);
  const home = isPrivate ? join(folder, "home") : "";
  const model = metered?.model ?? ownModel ?? "";
  const fill = filler({ home, workspace, model, url: metered?.url ?? "", token: metered?.token ?? "" });
  const ofModel = ownModel === null ? { args: [], env: {} } : own.model;
  const added = (metered && preset.metered) ?? { ...ofModel, sessionMeta: {} };
  const [program = "", ...rest] = [...preset.command, ...added.args].map(fill);
  const variable = Object.keys(own.authenticate).find((name) => environment[name]);
  const launchHome = isPrivate && preset.home ? homeOf(preset.home, home, environment, metered === null) : null;
  return {
    argv: [program, ...rest],
    environment: {
      ...environment,
      ...fillAll(preset.env, fill),
      ...(asRoot ? fillAll(preset.envAsRoot, fill) : {}),
      ...(isPrivate && preset.home ? { [preset.home.variable]: home } : {}),
      ...fillAll(added.env, fill),
      ...fillAll(env, fill),
    },
    meta: fillJson(joined(preset.sessionMeta, added.sessionMeta), fill) as { [name: string]: Json },
    home: launchHome && { ...launchHome, files: fillAll(launchHome.files, fill) },
    authenticate:
      metered === null && variable !== undefined
        ? { method: own.authenticate[variable] ?? "", unless: launchHome?.links.map(({ at }) => at) ?? [] }
        : null,
  };
}

function homeOf(
  { variable, operators, links, files }: NonNullable<AcpAgentConfig["preset"]["home"]>,
  folder: string,
  environment: Environment,
  withLogin: boolean,
): LaunchHome {
  const theirs = environment[variable] ?? join(environment["HOME"] ?? "/", operators);
  const made = withLogin ? links.map((name) => ({ at: join(folder, name), to: join(theirs, name) })) : [];
  return { folder, files, links: made };
}

type Fill = (text: string) => string;

const filler =
  (has: Words): Fill =>
  (text) =>
    text.replace(/\{(\w+)\}/g, (all, name: string) => has[name] ?? all);

const fillAll = (values: Words, fill: Fill): { [name: string]: string } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));

function fillJson(value: Json, fill: Fill): Json {
  if (typeof value === "string") return fill(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((each: Json) => fillJson(each, fill));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fillJson(each, fill)]));
}

type JsonObject = { readonly [name: string]: Json };

/** Objects in both are joined, else the second counts. */
function joined(first: JsonObject, second: JsonObject): JsonObject {
  const both: { [name: string]: Json } = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const before = both[name];
    both[name] = isObject(before) && isObject(value) ? joined(before, value) : value;
  }
  return both;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
