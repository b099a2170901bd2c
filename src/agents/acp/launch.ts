/** Owns what an agent's program is started with: its preset, filled in with what the session has. Pure. */
import { join } from "node:path";
import type { AcpHome, AcpOwn, Json, Words } from "../../domain/acp-preset.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import type { Environment } from "../../engine/ports.ts";
import { nowhere, waysOut, type WaysOut } from "./ways-out.ts";

export type Launch = {
  argv: [string, ...string[]];
  environment: Environment;
  /** `_meta` of its session. */
  meta: { [name: string]: Json };
  home: LaunchHome | null;
  /** Where its own login needs to get. */
  ways: WaysOut;
  /** The method of `authenticate` to be called, should there be no login at `unless`. */
  authenticate: { method: string; unless: readonly string[] } | null;
};

/** A folder of the session's own: files to write, and the operator's files that are seen in it where they exist. */
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
  /** Whether it sees nothing of the operator's but what it is given. */
  confined: boolean;
};

/** Of the environment the later wins: preset, home, proxy or own login, the agent's own `env`. */
export function launchOf(order: LaunchOrder): Launch {
  const { config, environment, workspace, folder, metered, asRoot } = order;
  const { preset, env, ownModel } = config;
  const { own } = preset;
  const { confined } = order;
  const moved = preset.home !== null && (metered !== null || confined || preset.home.whenOwn);
  const home = moved ? join(folder, "home") : null;
  const model = metered?.model ?? ownModel ?? "";
  const fill = filler({ home: home ?? "", workspace, model, url: metered?.url ?? "", token: metered?.token ?? "" });
  const added = (metered && preset.metered) ?? ownWay(own, ownModel);
  const [program = "", ...rest] = [...preset.command, ...added.args].map(fill);
  const links = home === null || metered ? [] : linksOf(preset.home, home, environment);
  const passed = { ...environment, ...fillAll(env, fill) };
  const key = metered ? undefined : Object.keys(own.authenticate).find((name) => environment[name]);
  return {
    argv: [program, ...rest],
    environment: {
      ...environment,
      ...fillAll(preset.env, fill),
      ...(asRoot ? fillAll(preset.envAsRoot, fill) : {}),
      ...(home === null ? {} : fillAll(preset.home?.env ?? {}, fill)),
      ...fillAll(added.env, fill),
      ...fillAll(env, fill),
    },
    meta: fillObject(joined(preset.sessionMeta, added.sessionMeta), fill),
    home: home === null ? null : { folder: home, files: texts({ ...preset.home?.files, ...added.files }, fill), links },
    ways: metered ? nowhere : waysOut(own.hosts, passed),
    authenticate: key === undefined ? null : { method: own.authenticate[key] ?? "", unless: links.map(({ at }) => at) },
  };
}

const ownWay = ({ env, model }: AcpOwn, ownModel: string | null) => ({
  args: ownModel === null ? [] : model.args,
  env: { ...env, ...(ownModel === null ? {} : model.env) },
  sessionMeta: {},
  files: {},
});

/** To the operator's own files: where a variable says that they are, or where they usually are. */
function linksOf(home: AcpHome | null, folder: string, environment: Environment): LaunchHome["links"] {
  return Object.entries(home?.links ?? {}).map(([at, { variable, otherwise, path }]) => {
    const theirs = environment[variable] ?? join(environment["HOME"] ?? "/", otherwise);
    return { at: join(folder, at), to: join(theirs, path) };
  });
}

/** JSON is written as such. */
const texts = (files: JsonObject, fill: Fill): { [path: string]: string } =>
  Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === "string" ? fill(content) : `${JSON.stringify(fillJson(content, fill), null, 2)}\n`,
    ]),
  );

type Fill = (text: string) => string;

const filler =
  (has: Words): Fill =>
  (text) =>
    text.replace(/\{(\w+)\}/g, (all, name: string) => has[name] ?? all);

const fillAll = (values: Words, fill: Fill): { [name: string]: string } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));

function fillJson(value: Json, fill: Fill): Json {
  if (typeof value === "string") return fill(value);
  if (isList(value)) return value.map((each) => fillJson(each, fill));
  return isObject(value) ? fillObject(value, fill) : value;
}

/** Names are filled in as well. */
const fillObject = (value: JsonObject, fill: Fill): { [name: string]: Json } =>
  Object.fromEntries(Object.entries(value).map(([name, each]) => [fill(name), fillJson(each, fill)]));

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

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
