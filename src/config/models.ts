/** Providers that need no configuration but a key, and which models a run takes when nobody names any. */
import { z } from "zod";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { ProviderConfig } from "../domain/run-config.ts";

export type Environment = Readonly<{ [name: string]: string | undefined }>;

type KnownProvider = Omit<ProviderConfig, "keyEnv"> & {
  /** The first that is set counts. */
  keyEnvs: string[];
  /** The variable by which users already point their other tools at a gateway. */
  baseUrlEnv: string | null;
  /** For planning and judging, and for working. */
  models: { strong: string; worker: string } | null;
};

/** In the order in which a key decides. */
const known: { [name: string]: KnownProvider } = {
  anthropic: {
    kind: "anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    keyEnvs: ["ANTHROPIC_API_KEY"],
    baseUrlEnv: "ANTHROPIC_BASE_URL",
    models: { strong: "claude-opus-5", worker: "claude-sonnet-5" },
  },
  openai: {
    kind: "openai",
    baseUrl: "https://api.openai.com/v1",
    keyEnvs: ["OPENAI_API_KEY"],
    baseUrlEnv: "OPENAI_BASE_URL",
    models: { strong: "gpt-5.5", worker: "gpt-5.4" },
  },
  google: {
    kind: "google",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyEnvs: ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GOOGLE_API_KEY"],
    baseUrlEnv: "GOOGLE_GEMINI_BASE_URL",
    models: { strong: "gemini-3-pro-preview", worker: "gemini-2.5-pro" },
  },
  openrouter: {
    kind: "openai-compatible",
    baseUrl: "https://openrouter.ai/api/v1",
    keyEnvs: ["OPENROUTER_API_KEY"],
    baseUrlEnv: null,
    models: null,
  },
  ollama: {
    kind: "openai-compatible",
    baseUrl: "http://127.0.0.1:11434/v1",
    keyEnvs: [],
    baseUrlEnv: "OLLAMA_HOST",
    models: null,
  },
};

export const knownProviders = Object.keys(known);

/** What is known of a provider by its name, as this environment has it; null: it has to be configured. */
export function knownProvider(name: string, environment: Environment): ProviderConfig | null {
  const provider = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!provider) return null;
  const { kind, baseUrl, keyEnvs, baseUrlEnv } = provider;
  const named = baseUrlEnv === null ? undefined : environment[baseUrlEnv]?.trim();
  const keyEnv = keyEnvs.find((each) => environment[each]?.trim()) ?? keyEnvs[0] ?? null;
  return { kind, baseUrl: named ? withVersion(named, baseUrl, baseUrlEnv ?? "") : baseUrl, keyEnv };
}

/** Some tools want the version in such a variable and some do not; a host without scheme is Ollama's habit. */
function withVersion(named: string, usual: string, variable: string): string {
  const address = /^https?:\/\//.test(named) ? named : `http://${named}`;
  // What it holds is not said: such addresses may have a password in them.
  if (!URL.canParse(address))
    throw new EnvironmentError(variable, "this is not an address", `Write it as ${usual}, or unset it.`);
  const url = new URL(address);
  const version = new URL(usual).pathname.split("/").at(-1) ?? "";
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${/\/v\d/.test(path) ? path : `${path}/${version}`}`;
}

export type ChosenModels = { strong: string; worker: string; because: string };

/** The models of the first provider whose key is there, else those of an Ollama that answers; null: neither. */
export async function chooseModels(environment: Environment): Promise<ChosenModels | null> {
  for (const [name, { models, keyEnvs }] of Object.entries(known)) {
    const keyEnv = keyEnvs.find((each) => environment[each]?.trim());
    if (models && keyEnv)
      return {
        strong: `${name}/${models.strong}`,
        worker: `${name}/${models.worker}`,
        because: `${keyEnv} is set`,
      };
  }
  const { baseUrl, models } = await lookForOllama(environment);
  const model = models?.[0];
  return model
    ? { strong: `ollama/${model}`, worker: `ollama/${model}`, because: `an Ollama answers at ${baseUrl}` }
    : null;
}

/** `set`: the variable that has a key in it; of no provider the key itself. */
export type KnownKey = { provider: string; keyEnvs: readonly string[]; set: string | null };

export const knownKeys = (environment: Environment): KnownKey[] =>
  Object.entries(known).flatMap(([provider, { keyEnvs }]) =>
    keyEnvs.length > 0 ? [{ provider, keyEnvs, set: keyEnvs.find((each) => environment[each]?.trim()) ?? null }] : [],
  );

/** `models` null: nobody answers there, or no Ollama. */
export async function lookForOllama(environment: Environment): Promise<{ baseUrl: string; models: string[] | null }> {
  const { baseUrl } = knownProvider("ollama", environment) ?? { baseUrl: "" };
  return { baseUrl, models: await ollamaModels(baseUrl) };
}

/** Which keys and servers `chooseModels` looked for. */
export const lookedFor = `${Object.values(known)
  .filter((provider) => provider.models)
  .flatMap((provider) => provider.keyEnvs)
  .join(", ")}, and a local Ollama`;

const tagsSchema = z.object({ models: z.array(z.object({ name: z.string() })) });
const ollamaMs = 1_000;

async function ollamaModels(baseUrl: string): Promise<string[] | null> {
  try {
    const answer = await fetch(new URL("/api/tags", baseUrl), { signal: AbortSignal.timeout(ollamaMs) });
    const tags = tagsSchema.safeParse(await answer.json());
    return tags.success ? tags.data.models.map(({ name }) => name) : null;
  } catch (error) {
    // Nobody there, or no Ollama: both are common, and both mean that there is none.
    if (error instanceof Error) return null;
    throw error;
  }
}
