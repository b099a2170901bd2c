/** The bounds of single fields of a plan: sizes, names, paths, agents. */
import { parseId } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { TaskSpec } from "./task.ts";

export type Refuse = (what: string) => void;

export function checkTask(
  spec: TaskSpec & { dependsOn: string[] },
  agents: string[],
  limits: Limits,
  refuse: Refuse,
): void {
  checkName(spec.name, limits, refuse);
  checkPaths(spec.paths, limits, refuse);
  checkAgent(spec.agent, agents, refuse);
  if (bytes(spec.title) > limits.titleBytesMax) refuse(tooLong("title", spec.title, limits.titleBytesMax));
  if (bytes(spec.instructions) > limits.instructionsBytesMax)
    refuse(tooLong("instructions", spec.instructions, limits.instructionsBytesMax));
  if (bytes(spec.acceptance) > limits.instructionsBytesMax)
    refuse(tooLong("acceptance", spec.acceptance, limits.instructionsBytesMax));
  if (spec.dependsOn.length > limits.dependenciesPerTaskMax)
    refuse(
      `${spec.dependsOn.length} dependencies, at most ${limits.dependenciesPerTaskMax} are allowed (dependenciesPerTaskMax)`,
    );
}

export function checkName(name: string, limits: Limits, refuse: Refuse): void {
  if (name.trim() === "") refuse("the name is empty");
  if (bytes(name) > limits.titleBytesMax) refuse(tooLong("name", name, limits.titleBytesMax));
  if (parseId("task", name) !== undefined) refuse(`the name "${name}" looks like a task id: use another name`);
}

export function checkPaths(paths: string[], limits: Limits, refuse: Refuse): void {
  if (paths.length > limits.pathsMax)
    refuse(`${paths.length} paths, at most ${limits.pathsMax} are allowed (pathsMax): name folders or globs instead`);
  const outside = paths.find((path) => path.startsWith("/") || path.split("/").includes("..") || path.includes("\0"));
  if (outside !== undefined) refuse(`the path ${JSON.stringify(outside)} is not relative to the repository's root`);
}

export function checkAgent(agent: string | null, onOffer: string[], refuse: Refuse): void {
  if (agent !== null && !onOffer.includes(agent))
    refuse(`no agent "${agent}" in the configuration for this role: the agents are ${onOffer.join(", ")}`);
}

export const bytes = (text: string) => Buffer.byteLength(text);
export const tooLong = (what: string, text: string, max: number) =>
  `the ${what} has ${bytes(text)} bytes, at most ${max} are allowed: shorten it`;
