/**
 * What a run may cost, before it begins. Nobody knows what a goal will take, so every figure is a range, and what the
 * ranges rest on stands in one table.
 */
import type { Budgets } from "./budget.ts";
import type { PriceSource } from "./call.ts";
import { modelAgentLimits } from "./limits.ts";
import type { Effort } from "./run-config.ts";
import type { Role } from "./session.ts";

export type Range = { low: number; high: number };

/**
 * A session is a number of calls; each sends everything before it once more, and adds what the tools answered. `low` is a
 * quick session on small files, `high` one that takes its time on big ones; the middle is about 12 calls for a planner's turn
 * and 30 for a worker.
 */
/** Arbitrations are exceptions: nobody can say how many there will be. */
const estimatedRoles = ["planner", "worker", "judge"] as const satisfies readonly Role[];
export type EstimatedRole = (typeof estimatedRoles)[number];

export const assumptions = {
  /** Of source code; prose has more, dense JSON fewer. */
  bytesPerToken: 3.5,
  sessions: {
    planner: { calls: { low: 5, high: 20 }, opening: { low: 6_000, high: 15_000 } },
    worker: { calls: { low: 15, high: 50 }, opening: { low: 5_000, high: 10_000 } },
    judge: { calls: { low: 10, high: 50 }, opening: { low: 6_000, high: 20_000 } },
  } satisfies { [R in EstimatedRole]: { calls: Range; opening: Range } },
  /** Tokens that one call adds: results of its tools, and its own output, thinking included. */
  resultsPerCall: { low: 1_000, high: 2_500 },
  outputPerCall: { low: 300, high: 800 },
  /** Of what was sent before, the part that a cache still has, where the provider has one. */
  cacheHits: { low: 0.97, high: 0.9 },
  /** Tracked files for one task; the goal decides, so the range is wide. */
  filesPerTask: { low: 40, high: 4 },
  tasksMin: { low: 2, high: 8 },
  tasksMax: { low: 100, high: 2_000 },
  /** Sessions for one task: attempts that fail or are sent back, and turns that its end wakes. */
  attemptsPerTask: { low: 1, high: 1.4 },
  turnsPerTask: { low: 0.3, high: 1.2 },
  judgements: { low: 1, high: 3 },
  /** What has been measured: on such jobs one agent is 3–4 times cheaper and 4–13 times faster than a swarm. */
  smallJobFiles: 15,
  /** Of a worker's window: so much of it is read at one go. */
  smallJobShare: 0.25,
  /** Bigger files are seldom source, and never read whole. */
  textBytesMax: 524_288,
} as const;

/** Dollars for a million tokens. */
export type TokenPrice = { inputUsd: number; cachedUsd: number; writtenUsd: number; outputUsd: number };

export type EstimatedAgent = { agent: string } & (
  | {
      kind: "model";
      model: string;
      effort: Effort | null;
      price: TokenPrice;
      priceSource: PriceSource;
      /** null: not known. */
      contextTokens: number | null;
    }
  /** `costUsd`: for each session; 0: the program says itself what it spends, or nothing. */
  | { kind: "command"; costUsd: number }
);

export type SessionEstimate = { role: EstimatedRole; agent: EstimatedAgent; usd: Range; tokens: Range };

/** `textTokens`: of the files that an agent would read. */
export type RepositorySize = { files: number; bytes: number; textTokens: number };

export type Estimate = {
  repository: RepositorySize;
  /** In the order of the roles; a judge only when there is one. */
  roles: SessionEstimate[];
  /** Agents for areas, or that planners may ask for. */
  others: SessionEstimate[];
  run: { tasks: Range; sessions: Range; usd: Range; tokens: Range };
  budget: Budgets;
  /** Why one agent would do; null: nothing says so. */
  small: "few_files" | "fits_one_context" | null;
};

export function estimateRun(given: {
  repository: RepositorySize;
  roles: { [R in EstimatedRole]: EstimatedAgent | null };
  others: { role: EstimatedRole; agent: EstimatedAgent }[];
  budget: Budgets;
}): Estimate {
  const { repository, budget } = given;
  const roles = estimatedRoles.flatMap((role) => {
    const agent = given.roles[role];
    return agent ? [estimateSession(role, agent)] : [];
  });
  return {
    repository,
    roles,
    others: given.others.map(({ role, agent }) => estimateSession(role, agent)),
    run: estimateSessions(repository, roles),
    budget,
    small: smallness(repository, given.roles.worker),
  };
}

/** One session of the role with this agent. */
export function estimateSession(role: EstimatedRole, agent: EstimatedAgent): SessionEstimate {
  if (agent.kind === "command")
    return { role, agent, usd: { low: agent.costUsd, high: agent.costUsd }, tokens: { low: 0, high: 0 } };
  const [low, high] = [sessionAt("low", role, agent), sessionAt("high", role, agent)];
  return {
    role,
    agent,
    usd: { low: low.usd, high: high.usd },
    tokens: { low: low.tokens, high: high.tokens },
  };
}

function sessionAt(end: keyof Range, role: EstimatedRole, agent: EstimatedAgent & { kind: "model" }) {
  const { sessions, resultsPerCall, outputPerCall, cacheHits } = assumptions;
  const { calls, opening } = sessions[role];
  const window = agent.contextTokens ?? modelAgentLimits.contextTokensDefault;
  // A conversation that nears the window is summarised, and grows again.
  const prefixMax = window * modelAgentLimits.contextShare;
  const added = resultsPerCall[end] + outputPerCall[end];
  let [cached, written, output] = [0, opening[end], 0];
  for (let call = 0; call < calls[end]; call++) {
    const prefix = Math.min(prefixMax, call === 0 ? 0 : opening[end] + (call - 1) * added);
    cached += prefix * cacheHits[end];
    written += prefix * (1 - cacheHits[end]) + (call === 0 ? 0 : added);
    output += outputPerCall[end];
  }
  const { cachedUsd, writtenUsd, outputUsd } = agent.price;
  const usd = (cached * cachedUsd + written * writtenUsd + output * outputUsd) / 1_000_000;
  return { usd, tokens: cached + written + output };
}

function estimateSessions({ files }: RepositorySize, roles: readonly SessionEstimate[]): Estimate["run"] {
  const { filesPerTask, tasksMin, tasksMax, attemptsPerTask, turnsPerTask, judgements } = assumptions;
  const at = (end: keyof Range) => {
    const tasks = Math.round(Math.min(tasksMax[end], Math.max(tasksMin[end], files / filesPerTask[end])));
    const sessions: { [R in EstimatedRole]: number } = {
      planner: 1 + tasks * turnsPerTask[end],
      worker: tasks * attemptsPerTask[end],
      judge: judgements[end],
    };
    const sum = (of: (role: SessionEstimate) => number) =>
      roles.reduce((total, each) => total + sessions[each.role] * of(each), 0);
    return {
      tasks,
      sessions: Math.round(sum(() => 1)),
      usd: sum(({ usd }) => average(usd)[end]),
      tokens: sum(({ tokens }) => average(tokens)[end]),
    };
  };
  const [low, high] = [at("low"), at("high")];
  return {
    tasks: { low: low.tasks, high: high.tasks },
    sessions: { low: low.sessions, high: high.sessions },
    usd: { low: low.usd, high: high.usd },
    tokens: { low: low.tokens, high: high.tokens },
  };
}

/** Of many sessions: quick ones and slow ones even out, so the average lies nearer to the middle. */
function average({ low, high }: Range): Range {
  const middle = Math.sqrt(low * high);
  return { low: Math.sqrt(low * middle), high: Math.sqrt(high * middle) };
}

/** Only a repository with something in it can be small: an empty one says nothing of the goal. */
function smallness({ files, textTokens }: RepositorySize, worker: EstimatedAgent | null): Estimate["small"] {
  if (files === 0) return null;
  if (files <= assumptions.smallJobFiles) return "few_files";
  const window = (worker?.kind === "model" ? worker.contextTokens : null) ?? modelAgentLimits.contextTokensDefault;
  // Beyond that, a window says what can be sent, not what is read well.
  const readable = Math.min(window, modelAgentLimits.contextTokensDefault);
  return textTokens <= readable * assumptions.smallJobShare ? "fits_one_context" : null;
}

const binary =
  /\.(?:png|jpe?g|gif|webp|avif|ico|bmp|tiff?|psd|pdf|zip|gz|tgz|bz2|xz|zst|7z|rar|jar|war|whl|exe|dll|so|dylib|a|o|class|wasm|node|bin|dat|db|sqlite|parquet|mp[34]|m4a|mov|avi|webm|ogg|wav|flac|ttf|otf|woff2?|eot)$/i;

/** From the files of a commit. */
export function repositorySize(files: readonly { path: string; bytes: number }[]): RepositorySize {
  const sum = (list: readonly { bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0);
  const text = files.filter(({ path, bytes }) => bytes <= assumptions.textBytesMax && !binary.test(path));
  return {
    files: files.length,
    bytes: sum(files),
    textTokens: Math.round(sum(text) / assumptions.bytesPerToken),
  };
}
