/**
 * Owns how a model of a provider is opened: always with its URL and its key in hand, for what is left out the SDK
 * looks up in the environment, which only the configuration may read.
 */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import type { ProviderConfig } from "../../domain/run-config.ts";

export type ProviderKind = ProviderConfig["kind"];

/** A provider as it is called: with one of its keys. Never kept, never shown. */
export type ProviderAccess = { kind: ProviderKind; baseUrl: string; key: string | null };

/** Null: there is no default, the operator says it. */
export const defaultBaseUrls: { readonly [kind in ProviderKind]: string | null } = {
  anthropic: "https://api.anthropic.com/v1",
  openai: "https://api.openai.com/v1",
  "openai-chat": "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
  "openai-compatible": null,
};

/** A model that can be called. */
export type Model = {
  /** `provider/id` */
  name: string;
  provider: string;
  id: string;
  access: ProviderAccess;
  language: LanguageModel;
};

/** `provider/id`, split at the first `/`: ids may hold more of them. Null: it is no such name. */
export function splitModelName(name: string): { provider: string; id: string } | null {
  const at = name.indexOf("/");
  return at <= 0 || at === name.length - 1 ? null : { provider: name.slice(0, at), id: name.slice(at + 1) };
}

/** @throws when the name is not `provider/id`: the configuration was to see to that */
export function openModel(name: string, access: ProviderAccess): Model {
  const split = splitModelName(name);
  if (split === null) throw new Error(`not the name of a model, which is provider/id: ${name}`);
  return { name, ...split, access, language: languageOf(split.provider, split.id, access) };
}

function languageOf(provider: string, id: string, { kind, baseUrl, key }: ProviderAccess): LanguageModel {
  // Without a key the empty one is given, so that the SDK does not look for one.
  const settings = { baseURL: baseUrl, apiKey: key ?? "" };
  switch (kind) {
    case "anthropic":
      return createAnthropic(settings)(id);
    case "openai":
      return createOpenAI(settings).responses(id);
    case "openai-chat":
      return createOpenAI(settings).chat(id);
    case "google":
      return createGoogle(settings)(id);
    case "openai-compatible":
      // Without `includeUsage` a stream says nothing of what it used.
      return createOpenAICompatible({
        name: provider,
        baseURL: baseUrl,
        includeUsage: true,
        ...(key === null ? {} : { apiKey: key }),
      })(id);
  }
}
