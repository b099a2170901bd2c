/** What `longhaul doctor` says in a world of a test. */
import { mkdirSync } from "node:fs";
import type { Finding } from "../../src/domain/finding.ts";
import { makeWorld, type World } from "./world.ts";

export type Checkup = { canStart: boolean; findings: Finding[] };

export const canary = "canary-that-nobody-may-see";

/** Nobody is where an Ollama would be, and what agents would keep in the temporary folder stays in the world. */
export function makeHealthyWorld(): World {
  const world = makeWorld();
  mkdirSync(world.path("tmp"));
  Object.assign(world.environment, { OLLAMA_HOST: "127.0.0.1:9", TMPDIR: world.path("tmp") });
  return world;
}

export const programs = {
  roles: { planner: `echo '{ "version": 1, "actions": [] }'`, worker: "true" },
  acceptance: ["true"],
} as const;

export function configure(world: World, config: object): void {
  world.write("repository/longhaul.config.json", JSON.stringify(config));
}

export async function checkup(world: World, ...args: string[]) {
  const { code, stdout, stderr } = await world.longhaul("doctor", "--json", ...args);
  const { canStart, findings } = JSON.parse(stdout) as Checkup;
  const find = (group: string, name: string) => findings.find((each) => each.group === group && each.name === name);
  return { code, canStart, findings, find, stdout, stderr };
}

export const lacking = (findings: Finding[]) =>
  findings.filter(({ state }) => state === "lacking").map(({ group, name }) => `${group}: ${name}`);
