/**
 * Owns what a call costs, from the price list that is installed: nothing is ever fetched. Money is whole micro-USD, each call
 * rounded up.
 *
 * Whose list: the one whose API the base URL is, else that of the provider's kind. In it, which price:
 * - the operator's own: `overridden`;
 * - the list names the model, or a version of it (a date, `latest`, `preview` behind the name): `known`;
 * - the list's looser patterns take it for one of theirs: `guessed`;
 * - a compatible server on this machine or a private network: nothing, `guessed`. A proxy there to vendors that cost needs
 *   prices of the operator's: no list can tell what stands behind it;
 * - another vendor's list knows it, as for open models and resellers: `guessed`;
 * - the family has other numbers (`claude-opus-4-9`, `gpt-5.9`): the dearest of the nearest, `guessed`;
 * - nothing near: the dearest tier that is common, `guessed`. A budget should end early rather than late.
 */
import { calcPrice, findProvider, type MatchLogic, type ModelInfo, type Provider } from "@pydantic/genai-prices";
import type { Cost } from "../../domain/budget.ts";
import type { PriceSource, Tokens } from "../../domain/call.ts";
import { isLocal } from "./local-address.ts";
import type { Model, ProviderKind } from "./providers.ts";

/** USD per million tokens. Left out: read from a cache as input, written to one at Anthropic's surcharge of a quarter. */
export type PriceOverride = { inputUsd: number; cachedUsd?: number; writtenUsd?: number; outputUsd: number };

export type ModelPrice = {
  source: PriceSource;
  /** The model's window; null: the list does not say. Of a guessed model, that of its neighbour. */
  contextTokens: number | null;
  /** Of one call, in micro-USD: tiers go by the input of a single request. */
  cost(tokens: Tokens): number;
};

/** What a call can cost, to be reserved for it before it is made. */
export const mostOf = (price: ModelPrice, input: number, output: number): Cost => ({
  // What is written to a cache is the dearest kind of input.
  microUsd: price.cost({ input: 0, cached: 0, written: input, output }),
  tokens: input + output,
});

/** Of a model in a list. */
type Listed = { provider: Provider; model: ModelInfo };

const dearest: PriceOverride = { inputUsd: 15, cachedUsd: 1.5, writtenUsd: 18.75, outputUsd: 75 };
const free: PriceOverride = { inputUsd: 0, outputUsd: 0 };

/** `overrides` by `provider/model`. */
export function priceOf(
  model: Pick<Model, "name" | "id"> & { access: Pick<Model["access"], "kind" | "baseUrl"> },
  overrides: { readonly [name: string]: PriceOverride },
): ModelPrice {
  const { kind, baseUrl } = model.access;
  const id = model.id.toLowerCase();
  const provider = findProvider({ providerApiUrl: baseUrl }) ?? listOf(kind);
  const listed = provider === null ? null : lookUp(provider, id);
  const override = Object.hasOwn(overrides, model.name) ? overrides[model.name] : undefined;
  if (override !== undefined)
    return { ...priceFrom(own(override)), source: "overridden", contextTokens: windowOf(listed) };
  if (listed !== null) return { ...priceFrom(listed), source: names(listed.model, id) ? "known" : "guessed" };
  if (kind === "openai-compatible" && isLocal(baseUrl)) return priceFrom(own(free));
  return priceFrom(elsewhere(id) ?? relative(provider, id) ?? own(dearest));
}

const listIds: { readonly [kind in ProviderKind]: string | null } = {
  anthropic: "anthropic",
  openai: "openai",
  "openai-chat": "openai",
  google: "google",
  "openai-compatible": null,
};

const listOf = (kind: ProviderKind): Provider | null => findProvider({ providerId: listIds[kind] ?? "" }) ?? null;

const windowOf = (listed: Listed | null): number | null => listed?.model.context_window ?? null;

function priceFrom(listed: Listed): ModelPrice {
  const { provider, model } = listed;
  // Matched by nothing but its own name: what found the model is not asked again.
  const alone: Provider = { ...provider, models: [{ ...model, match: { equals: model.id } }] };
  return { source: "guessed", contextTokens: windowOf(listed), cost: (tokens) => costOf(alone, model.id, tokens) };
}

/** Some prices go by the hour or the day, so each call is reckoned when it is over. */
function costOf(provider: Provider, id: string, { input, cached, written, output }: Tokens): number {
  const usage = {
    input_tokens: input + cached + written,
    cache_read_tokens: cached,
    cache_write_tokens: written,
    output_tokens: output,
  };
  const price = calcPrice(usage, id, { provider });
  if (price === null) throw new Error(`the price list has lost ${id}`);
  // A price list counts in millionths of a USD per million tokens; what is smaller than that is the floating point's.
  return Math.ceil(Number((price.total_price * 1e6).toFixed(6)));
}

/** A list of one model, for what no list has. */
function own({ inputUsd, cachedUsd, writtenUsd, outputUsd }: PriceOverride): Listed {
  const prices = {
    input_mtok: inputUsd,
    cache_read_mtok: cachedUsd ?? inputUsd,
    cache_write_mtok: writtenUsd ?? inputUsd * 1.25,
    output_mtok: outputUsd,
  };
  const model: ModelInfo = { id: "own", match: { equals: "own" }, prices };
  return { provider: { id: "own", name: "own", api_pattern: "", models: [model] }, model };
}

function lookUp(provider: Provider | undefined, id: string): Listed | null {
  const found = provider === undefined ? null : calcPrice({}, id, { providerId: provider.id });
  return found === null ? null : { provider: found.provider, model: found.model };
}

/** By the vendor that such a name belongs to; resellers put a maker before it. */
function elsewhere(id: string): Listed | null {
  const last = id.slice(id.lastIndexOf("/") + 1);
  return lookUp(findProvider({ modelId: last }), last);
}

const version = /^(?:[-@:](?:\d{8}|\d{6}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{2}-\d{4}|\d{3}|latest|preview|exp)){0,3}$/;
const isVersion = (id: string, of: string): boolean => id.startsWith(of) && version.test(id.slice(of.length));

/** Whether this is the model, and not merely one that the list's pattern catches. */
const names = (model: ModelInfo, id: string): boolean =>
  isVersion(id, model.id.toLowerCase()) || meant(model.match, id);

function meant(match: MatchLogic, id: string): boolean {
  if ("or" in match) return match.or.some((one) => meant(one, id));
  if ("and" in match) return match.and.some((one) => meant(one, id));
  if ("equals" in match) return match.equals.toLowerCase() === id;
  if ("starts_with" in match) return isVersion(id, match.starts_with.toLowerCase());
  return "regex" in match && /^\^.*[^)]\$$/.test(match.regex) && new RegExp(match.regex).test(id);
}

const tokenOf = /\d+|[a-z]+/g;
const noFamily = new Set(["latest", "preview", "exp", "models"]);
const partsOf = (id: string): string[] => id.match(tokenOf)?.filter((part) => !noFamily.has(part)) ?? [];
const wordsOf = (parts: readonly string[]): string =>
  parts
    .filter((part) => !/\d/.test(part))
    .toSorted()
    .join(" ");

/** A model with the same words and other numbers: those with the longest common beginning, of them the dearest. */
function relative(provider: Provider | null, id: string): Listed | null {
  const last = id.slice(id.lastIndexOf("/") + 1);
  const list = provider ?? findProvider({ modelId: last });
  const parts = partsOf(last);
  let best: { model: ModelInfo; common: number; cost: number } | null = null;
  for (const model of list?.models ?? []) {
    const theirs = partsOf(model.id.toLowerCase());
    if (wordsOf(theirs) !== wordsOf(parts) || model.deprecated === true) continue;
    const differs = parts.findIndex((part, at) => part !== theirs[at]);
    const common = differs === -1 ? parts.length : differs;
    const cost = priceFrom({ provider: list!, model }).cost({ input: 10_000, cached: 0, written: 0, output: 1000 });
    if (best === null || common > best.common || (common === best.common && cost > best.cost))
      best = { model, common, cost };
  }
  return best === null || list === undefined ? null : { provider: list, model: best.model };
}
