/** `longhaul estimate`, and the lines with which a run opens: what it may cost, and whether one agent would do. */
import { usd, type Budgets } from "../domain/budget.ts";
import type { Estimate, EstimatedAgent, Range, SessionEstimate } from "../domain/estimate.ts";
import { count, counted } from "./amounts.ts";
import { cellWidth, fit, phrase, wrap } from "./cells.ts";
import { paint, quiet, strong, toned, type Line, type Paint } from "./paint.ts";
import { label, labelWidth } from "./section.ts";

const proseLinesMax = 6;

export function renderEstimate(estimate: Estimate, options: Paint): string {
  const { repository, roles, others, run, budget } = estimate;
  const prose = (text: string): Line[] =>
    wrap(text, options.width - 2, proseLinesMax).map((line): Line => [`  ${line}`]);
  const noModel = roles.every(({ agent }) => agent.kind === "command");
  const lines: Line[] = [
    [strong("repository".padEnd(labelWidth)), sizeWords(repository)],
    [],
    [
      strong("agents".padEnd(labelWidth)),
      ...(noModel ? [] : [quiet("prices of a million tokens, and where they are from")]),
    ],
    ...agentTable([...roles, ...others], roles.length),
    [],
    ...wrap(
      `${range(run.tasks, about)} tasks, ${range(run.sessions, about)} sessions: ${runCost(estimate)}`,
      options.width - labelWidth,
      proseLinesMax,
    ).map((line, i): Line => [strong((i === 0 ? "run" : "").padEnd(labelWidth)), line]),
    [label("budget"), ...budgetWords(budget)],
    [],
    ...(noModel ? [] : prose(basis)),
    ...(noModel ? [] : prose(oneAgentWords(estimate))),
  ];
  return paint(lines, options);
}

/** For stderr, before anything is spent. Empty when no model is asked. */
export function openingLines(estimate: Estimate): string[] {
  const { roles, budget, small, repository } = estimate;
  const models = roles.flatMap(({ role, agent, usd: cost }) =>
    agent.kind === "model"
      ? [`${role}: ${nameWords(agent)}, ${ratesWords(agent)} a million tokens, ${perSession(cost)}`]
      : [],
  );
  if (models.length === 0) return [];
  const bound =
    budget.microUsd === null && budget.tokens === null
      ? "No budget is set: budget: { usd: 20 } in the configuration is a hard stop."
      : `The budget of ${budgetAmounts(budget)} is a hard stop.`;
  return [
    ...models.map((line) => phrase(line)),
    `This repository (${counted(repository.files, "file")}) may take ${runCost(estimate)}: longhaul estimate says why. ${bound}`,
    ...(small === null ? [] : [`Small: ${measured}.`]),
  ];
}

const basis =
  "The ranges rest on sessions of 5 to 50 calls that carry a growing context, and on one task for 4 to 40 files; what your goal asks for decides. Nothing was asked of a provider.";

/** Measured elsewhere, on jobs of at most 15 files. */
const measured =
  "on jobs of 15 files or fewer one agent alone has been measured to be 3–4 times cheaper and 4–13 times faster than a swarm";

function oneAgentWords({ small, repository }: Estimate): string {
  switch (small) {
    case "few_files":
      return `One agent would do: there ${repository.files === 1 ? "is" : "are"} only ${counted(repository.files, "file")}, and ${measured}.`;
    case "fits_one_context":
      return `One agent may do: the whole repository (about ${about(repository.textTokens)} tokens) fits into its context, and ${measured}.`;
    case null:
      return `Should the goal be a small one: ${measured}.`;
  }
}

/** Two lines each, so that nothing is cut on a narrow screen. */
function agentTable(agents: readonly SessionEstimate[], roles: number): Line[] {
  const rows = agents.map(({ role, agent, usd: cost }, at) => ({
    who: at < roles ? role : phrase(agent.agent),
    what: phrase(nameWords(agent)),
    price: agent.kind === "model" ? priceWords(agent) : null,
    cost: agent.kind === "command" && agent.costUsd === 0 ? "says itself what it spends" : perSession(cost),
  }));
  const who = Math.max(...rows.map((row) => cellWidth(row.who)));
  const what = Math.max(...rows.map((row) => cellWidth(row.what)));
  return rows.flatMap((row): Line[] => [
    [`  ${fit(row.who, who)}  ${fit(row.what, what)}  ${row.cost}`],
    ...(row.price === null ? [] : [[quiet(`  ${" ".repeat(who)}  ${row.price}`)]]),
  ]);
}

function nameWords(agent: EstimatedAgent): string {
  if (agent.kind === "command") return "a program";
  return `${agent.model}${agent.effort === null ? "" : ` (effort ${agent.effort})`}`;
}

/** `$5 in, $0.50 cached, $25 out (known); context 1.0M tokens`. */
function priceWords(agent: EstimatedAgent & { kind: "model" }): string {
  const { contextTokens } = agent;
  const context = contextTokens === null ? "not known" : `${count(contextTokens)} tokens`;
  return `${ratesWords(agent)}; context ${context}`;
}

function ratesWords({ price, priceSource }: EstimatedAgent & { kind: "model" }): string {
  const { inputUsd, cachedUsd, outputUsd } = price;
  return `${dollars(inputUsd)} in, ${dollars(cachedUsd)} cached, ${dollars(outputUsd)} out (${priceSource})`;
}

function runCost({ run, roles }: Estimate): string {
  const silent = roles.some(({ agent }) => agent.kind === "command" && agent.costUsd === 0);
  if (run.usd.high > 0)
    return `about ${range(run.usd, money)}${silent ? ", without what programs say that they spend" : ""}`;
  return silent ? "what your programs spend is theirs to say" : "no money";
}

const perSession = (cost: Range): string =>
  cost.high === 0
    ? "no price"
    : cost.low === cost.high
      ? `${dollars(cost.low)} a session`
      : `about ${range(cost, money)} a session`;

function budgetWords(budget: Budgets): Line {
  if (budget.microUsd === null && budget.tokens === null)
    return [toned("warn", "none"), ": budget: { usd: 20 } in the configuration makes it a hard stop"];
  return [`${budgetAmounts(budget)}: a hard stop`];
}

function budgetAmounts({ microUsd, tokens }: Budgets): string {
  const parts = [
    ...(microUsd === null ? [] : [usd(microUsd)]),
    ...(tokens === null ? [] : [`${count(tokens)} tokens`]),
  ];
  return parts.join(" and ");
}

const range = ({ low, high }: Range, show: (value: number) => string): string =>
  show(low) === show(high) ? show(low) : `${show(low)}–${show(high)}`;

/** One digit that counts: `$0.3`, `$4`, `$60`. More would be false. */
function money(value: number): string {
  const rounded = Number(value.toPrecision(1));
  return rounded < 0.01 ? "$0.01" : dollars(rounded);
}

/** `$5`, `$0.50`, `$0.075`. */
function dollars(value: number): string {
  const exact = Number(value.toPrecision(4));
  return `$${Number.isInteger(exact) ? exact : exact < 0.1 ? exact : exact.toFixed(2)}`;
}

function sizeWords({ files, bytes: size, textTokens }: Estimate["repository"]): string {
  if (files === 0) return "nothing is committed yet, so its size says nothing";
  return `${counted(files, "tracked file")}, ${bytes(size)}, about ${about(textTokens)} tokens of text`;
}

/** Two digits that count. */
const about = (value: number): string => count(Number(value.toPrecision(2)));

const bytes = (value: number): string => (value < 1_000 ? `${value} bytes` : `${count(value)}B`);
