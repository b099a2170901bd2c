/** The first configuration that `longhaul init` writes. It loads as it is; what is commented out shows the rest. */
import type { Choice } from "./init-choice.ts";

type Chosen = { strong: string; worker: string; because: string };
type Others = Choice["others"];

export function configTemplate({ roles, because, others }: Choice): string {
  return `/** Longhaul's configuration. What is left out has a default; the README explains every field. */
export default {
${rolesText(roles, because, others)}
  // The goal is reached when all of these pass, in a clean checkout. They are taken from this
  // file when the run starts: nothing that lands can change them.
  acceptance: ["npm test"],

  // Run behind the landings on the newest state; what passes becomes the branch longhaul/RUN-green.
  checks: [],

  // What agents run is confined (docs/sandbox.md). By default it reaches no host and reads nothing of yours.
  // network: { worker: ["packages.example.org"] }, readable: ["~/tools"], caches: [{ path: "~/.npm", mode: "private" }],

  parallel: { workers: 8, planners: 4 },
${budgets[roles.kind]}
  limits: {}, // { cyclesMax: 5, hardDeadlineMs: 3_600_000, … }
};
`;
}

function rolesText(roles: Choice["roles"], because: string | null, others: Others): string {
  switch (roles.kind) {
    case "models":
      return models(roles.chosen, others);
    case "coding_agent":
      return codingAgent(roles.name, because ?? "", others);
    case "programs":
      return programs;
  }
}

/** Commented out, one line each. */
const otherAgents = (others: Others): string =>
  others
    .map(({ name, model }) =>
      model === null
        ? `    // "${name}": { acp: "${name}", description: "A coding agent, with its own login." },\n`
        : `    // "${name}": { acp: "${name}", model: "${model}", description: "A coding agent." }, // its calls are counted\n`,
    )
    .join("");

const budgetOfModels = `
  // Hard: before each call its highest price must fit. A spent run pauses (longhaul resume --budget-usd 40 goes on), a
  // spent cycle goes to the judge, a spent sub-planner is given up, a spent session fails. "tokens" bounds likewise.
  budget: {
    usd: 20,
    // perCycle: { usd: 10 }, perPlanner: { usd: 5 }, perSession: { usd: 2 },
  },
`;

const budgets: { [K in Choice["roles"]["kind"]]: string } = {
  models: budgetOfModels,
  coding_agent: `
  // Hard, by what the agent says that it spends (not every agent does); the run pauses when it is spent. With a model in
  // place of its own login, each call is counted and has to fit.
  budget: {}, // { usd: 20, tokens: 5_000_000 }
`,
  programs: `  budget: {}, // { usd: 20, tokens: 5_000_000 }: hard; the run pauses when it is spent`,
};

const models = (
  { strong, worker, because }: Chosen,
  others: Others,
): string => `  // Who does what: "provider/model". These were chosen because ${because}.
  // effort: "none" to "max"; left out, the provider decides. Prices and what a run may cost: longhaul estimate
  roles: {
    planner: { model: "${strong}" },
    worker: { model: "${worker}" },
    judge: { model: "${strong}" }, // without a judge the acceptance commands alone decide
  },

  // More agents, by name: planners may ask for them for a task or a sub-planner, by what the description says.
  agents: {
    // strong: { model: "${strong}", effort: "high", roles: ["worker"], description: "For hard tasks; dear." },
    // Any program can be an agent as well (docs/command-agents.md), also in a role: roles: { worker: "codemod" }
    // codemod: { command: "npx jscodeshift -t /abs/tools/mod.ts src", description: "Runs our codemod; free." },
${otherAgents(others)}  },

  // Other agents for parts of the repository; the first area that holds all paths of a task counts.
  areas: [
    // { paths: ["src/parser/"], worker: "strong" },
  ],

  // Servers beside the known ones (anthropic, openai, google, openrouter, ollama). Keys stay in the environment.
  providers: {
    // vllm: { baseUrl: "http://127.0.0.1:8000/v1" }, // then: model: "vllm/NAME"; keyEnv: "MY_KEY" when it needs one
  },

  // Dollars for a million tokens, where the price list has none or not yours.
  prices: {
    // "vllm/NAME": { inputUsd: 0.1, outputUsd: 0.4 },
  },
`;

const codingAgent = (
  name: string,
  because: string,
  others: Others,
): string => `  // Who does what. Chosen because ${because}.
  // It works with its own login. With a key of a provider, its calls can be counted and bounded instead:
  // { acp: "${name}", model: "provider/model" }; and models can do it without a coding agent: { model: "provider/model" }.
  roles: {
    planner: { acp: "${name}" },
    worker: { acp: "${name}" },
    judge: { acp: "${name}" }, // without a judge the acceptance commands alone decide
  },

  // More agents, by name: planners may ask for them for a task or a sub-planner, by what the description says.
  agents: {
    // Any program can be an agent as well (docs/command-agents.md), also in a role: roles: { worker: "codemod" }
    // codemod: { command: "npx jscodeshift -t /abs/tools/mod.ts src", description: "Runs our codemod; free." },
${otherAgents(others)}  },
`;

const programs = `  // Who does what. A command agent is any program: an argv, or a text for \`sh -c\`.
  // It gets a brief as JSON on stdin and answers by what it prints, changes and exits with.
  agents: {
    plan: { command: "node tools/plan.ts" }, // prints a JSON plan: tasks, sub-planners
    work: { command: "node tools/work.ts" }, // changes files in its own checkout; exit 0: done
  },
  roles: { planner: "plan", worker: "work" }, // judge: "…" is optional

  // With a key in the environment, or a local Ollama, models can do it (README, "With language models"):
  // roles: {
  //   planner: { model: "anthropic/claude-opus-5" },
  //   worker: { model: "ollama/qwen3-coder" },
  //   judge: { model: "anthropic/claude-opus-5" },
  // },
`;
