/** Which requests there are, and which of them a provider speaks. */
import { HttpError } from "../loopback/exchange.ts";
import type { ProviderKind } from "../model/providers.ts";
import type { Wire } from "./wires.ts";

export type Endpoint = {
  /** Behind the base URL, with the query. */
  path: string;
  /** null: it costs nothing. */
  wire: Wire | null;
};

type Api = "anthropic" | "openai";
type Listed = { method: "GET" | "POST"; path: string; of: Api | null; wire: Wire | null };

const endpoints: readonly Listed[] = [
  { method: "POST", path: "/messages", of: "anthropic", wire: "messages" },
  { method: "POST", path: "/messages/count_tokens", of: "anthropic", wire: null },
  { method: "POST", path: "/responses", of: "openai", wire: "responses" },
  // A model writes a summary of a conversation that has become long.
  { method: "POST", path: "/responses/compact", of: "openai", wire: "responses" },
  { method: "POST", path: "/chat/completions", of: "openai", wire: "chat" },
  { method: "GET", path: "/models", of: null, wire: null },
];

/** Whether a compatible server has the Responses is found out by asking it: many do. */
const apiOf: { readonly [kind in ProviderKind]: Api | null } = {
  anthropic: "anthropic",
  openai: "openai",
  "openai-chat": "openai",
  "openai-compatible": "openai",
  google: null,
};

/** With or without the version in the path: clients differ in whether their base URL has it. Throws `HttpError`. */
export function endpointOf(provider: { name: string; kind: ProviderKind }, method: string, url: string): Endpoint {
  const [whole = ""] = url.split("?", 1);
  const path = whole.replace(/^\/v1(?=\/)/, "");
  const api = apiOf[provider.kind];
  const found = endpoints.find((each) => each.method === method && each.path === path);
  if (found && api !== null && (found.of ?? api) === api)
    return { path: path + url.slice(whole.length), wire: found.wire };
  const spoken = api === null ? [] : endpoints.filter((each) => (each.of ?? api) === api);
  const there = spoken.map((each) => `${each.method} /v1${each.path}`).join(", ") || "nothing that an agent could ask";
  const mend = found
    ? `: an agent that asks for ${path} needs a provider of another kind in Longhaul's configuration (${kindsOf(found.of)}), with a base URL that speaks it`
    : "";
  throw new HttpError(404, `the provider ${provider.name} is of kind ${provider.kind}, where there is ${there}${mend}`);
}

const kindsOf = (api: Api | null): string =>
  Object.entries(apiOf)
    .filter(([, each]) => each !== null && (each === api || api === null))
    .map(([kind]) => kind)
    .join(", ");
