/** A world whose agents are language models: the fake model server stands for four providers, each with a key of its own. */
import { onTestFinished } from "vitest";
import type { Config } from "../../src/config.ts";
import type { FakeModelOptions } from "../fake-model/mind.ts";
import { startFakeModel, type FakeModel, type ListenOptions } from "../fake-model/server.ts";
import { jsonLines, makeWorld, type World, type WorldOptions } from "./world.ts";

/** By the provider's name, which is also the name of the server's credential. */
export const keys = {
  anthropic: "canary-key-of-anthropic",
  openai: "canary-key-of-openai",
  google: "canary-key-of-google",
  local: "canary-key-of-local",
};

const keyEnvs = { anthropic: "KEY_ANTHROPIC", openai: "KEY_OPENAI", google: "KEY_GOOGLE", local: "KEY_LOCAL" };

export type ModelWorld = { world: World; model: FakeModel };

export async function makeModelWorld(
  server: Omit<FakeModelOptions, "credentials">,
  options: WorldOptions = {},
): Promise<ModelWorld> {
  const world = makeWorld(options);
  const model = await startModel(server);
  for (const [name, key] of Object.entries(keys)) world.environment[keyEnvs[name as keyof typeof keys]] = key;
  return { world, model };
}

export async function startModel(
  server: Omit<FakeModelOptions, "credentials">,
  listen: ListenOptions = {},
): Promise<FakeModel> {
  const model = await startFakeModel({ credentials: keys, ...server }, listen);
  onTestFinished(() => model.stop());
  return model;
}

export function providersAt(model: Pick<FakeModel, "anthropicUrl" | "openaiUrl" | "googleUrl">) {
  return {
    anthropic: { kind: "anthropic", baseUrl: model.anthropicUrl, keyEnv: keyEnvs.anthropic },
    openai: { kind: "openai", baseUrl: model.openaiUrl, keyEnv: keyEnvs.openai },
    google: { kind: "google", baseUrl: model.googleUrl, keyEnv: keyEnvs.google },
    local: { kind: "openai-compatible", baseUrl: model.openaiUrl, keyEnv: keyEnvs.local },
  } as const;
}

/** Everything is planned and done by one cheap model, unless the test says otherwise. */
export function configureModels({ world, model }: ModelWorld, config: Config = {}): void {
  const { roles, ...rest } = config;
  const usual = { model: "anthropic/claude-sonnet-5" };
  world.writeConfig({
    providers: providersAt(model),
    roles: { planner: usual, worker: usual, ...roles },
    ...(roles?.judge === undefined && { acceptance: ["true"] }),
    ...rest,
  });
}

export type Row = { [column: string]: unknown };

/** What the store holds of the newest run, by table, as `longhaul export` tells it. */
export async function stored(world: World, ...args: string[]): Promise<(table: string) => Row[]> {
  const { code, stdout, stderr } = await world.longhaul("export", ...args);
  if (code !== 0) throw new Error(`longhaul export ended with ${code}: ${stderr}`);
  const rows = jsonLines<Row>(stdout);
  return (table) => rows.filter((row) => row["table"] === table);
}
