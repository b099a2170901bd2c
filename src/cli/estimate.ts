/** `longhaul estimate`, and what `longhaul run` says before it spends anything. Asks no provider. */
import { loadPrompts } from "../agents/prompts/prompts.ts";
import { priceOf } from "../agents/model/prices.ts";
import { splitModelName } from "../agents/model/providers.ts";
import { environment } from "../config.ts";
import {
  estimateRun,
  repositorySize,
  type Estimate,
  type EstimatedAgent,
  type EstimatedRole,
  type TokenPrice,
} from "../domain/estimate.ts";
import type { Effort, RunConfig } from "../domain/run-config.ts";
import { Git } from "../git/git-process.ts";
import { trackedFiles } from "../git/tracked-files.ts";
import { findRepository, readUserHead, type UserRepository } from "../git/user-repository.ts";
import { renderEstimate } from "../terminal/estimate.ts";
import { readConfig, sayChosen } from "./choose-config.ts";
import { colorOn, print, printJson, widthOf } from "./output.ts";

export type EstimateOptions = { config?: string; json?: boolean };

export async function estimate(options: EstimateOptions): Promise<void> {
  const repository = await findRepository(new Git(environment), process.cwd());
  const loaded = await readConfig(repository.topLevel, options);
  await loadPrompts(loaded.config.prompts);
  sayChosen(loaded);
  const made = await estimateFor(repository, loaded.config);
  if (options.json) printJson(made);
  else print(renderEstimate(made, { color: colorOn(process.stdout), width: widthOf(process.stdout) }));
}

/** Of the last commit, which a run starts from. */
export async function estimateFor(repository: UserRepository, config: RunConfig): Promise<Estimate> {
  const git = new Git(environment);
  const { commit } = await readUserHead(git, repository);
  const size = repositorySize(commit === null ? [] : await trackedFiles(git, repository, commit));
  const { planner, worker, judge } = config.roles;
  const named = new Set([planner, worker, judge]);
  return estimateRun({
    repository: size,
    roles: {
      planner: agentOf(config, planner),
      worker: agentOf(config, worker),
      judge: judge === null ? null : agentOf(config, judge),
    },
    others: Object.keys(config.agents)
      .filter((name) => !named.has(name))
      .flatMap((name) => {
        const agent = agentOf(config, name);
        return agent?.kind === "model" ? [{ role: roleFor(config, name), agent }] : [];
      }),
    budget: config.budget,
  });
}

/** An agent that may have several is mostly there to work. */
function roleFor({ agents }: RunConfig, name: string): EstimatedRole {
  const roles = agents[name]?.roles ?? [];
  const first = roles.find((role) => role !== "arbiter") ?? "worker";
  return roles.includes("worker") ? "worker" : first;
}

function agentOf(config: RunConfig, name: string): EstimatedAgent | null {
  const agent = Object.hasOwn(config.agents, name) ? config.agents[name] : undefined;
  if (!agent) return null;
  switch (agent.kind) {
    case "command":
      return { kind: "command", agent: name, costUsd: agent.costMicroUsd / 1_000_000 };
    case "model":
      return modelOf(config, name, agent);
    case "acp": {
      const { model, costMicroUsd } = agent;
      return model === null
        ? { kind: "command", agent: name, costUsd: costMicroUsd / 1_000_000 }
        : modelOf(config, name, { model, effort: null, contextTokens: null });
    }
  }
}

type Asked = { model: string; effort: Effort | null; contextTokens: number | null };

function modelOf(config: RunConfig, name: string, { model, effort, contextTokens }: Asked): EstimatedAgent {
  const split = splitModelName(model);
  const provider = config.providers[split?.provider ?? ""];
  if (!split || !provider) throw new Error(`the configuration has no provider for ${model}`);
  const listed = priceOf({ name: model, id: split.id, access: provider }, config.prices);
  return {
    kind: "model",
    agent: name,
    model,
    effort,
    price: perMillion((tokens) => listed.cost({ input: 0, cached: 0, written: 0, output: 0, ...tokens })),
    priceSource: listed.source,
    contextTokens: contextTokens ?? listed.contextTokens,
  };
}

/** Asked for a call of ordinary size, since prices of some models rise with a call's input. */
function perMillion(cost: (tokens: { [part: string]: number }) => number): TokenPrice {
  const usd = (part: string): number => Number(((cost({ [part]: 10_000 }) * 100) / 1_000_000).toPrecision(6));
  return { inputUsd: usd("input"), cachedUsd: usd("cached"), writtenUsd: usd("written"), outputUsd: usd("output") };
}
