/** `longhaul doctor`: which providers of models there are keys for. Asks none of them, but for an Ollama on this machine. */
import { environment, keyOf } from "../../config.ts";
import { knownKeys, lookForOllama, type KnownKey } from "../../config/models.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { absent, doubtful, good, type Finding } from "../../domain/finding.ts";
import { credentialOf, type RunConfig } from "../../domain/run-config.ts";
import { counted } from "../../terminal/amounts.ts";

export type Models = {
  keys: KnownKey[];
  ollama: { baseUrl: string; models: string[] | null } | EnvironmentError;
  /** Those that agents of the configuration use. */
  used: UsedProvider[];
};

export type UsedProvider = {
  name: string;
  baseUrl: string;
  /** null: it takes none. */
  key: { variable: string; isSet: boolean } | null;
  agents: string[];
};

export async function lookAtModels(config: RunConfig | null): Promise<Models> {
  return {
    keys: knownKeys(environment),
    ollama: await lookForOllama(environment).catch((fault: unknown) => {
      if (fault instanceof EnvironmentError) return fault;
      throw fault;
    }),
    used: config === null ? [] : usedProviders(config),
  };
}

function usedProviders({ providers, agents }: RunConfig): UsedProvider[] {
  return Object.entries(providers).flatMap(([name, provider]) => {
    const users = Object.entries(agents).flatMap(([agent, each]) => (credentialOf(each) === name ? [agent] : []));
    const { keyEnv, baseUrl } = provider;
    const key = keyEnv === null ? null : { variable: keyEnv, isSet: keyOf(provider) !== null };
    return users.length === 0 ? [] : [{ name, baseUrl, key, agents: users }];
  });
}

export function modelFindings({ keys, ollama, used }: Models): Finding[] {
  const usedAs = (name: string) => used.find((each) => each.name === name);
  const known = keys.map((key) => {
    const use = usedAs(key.provider);
    return use ? usedFinding(use) : keyFinding(key);
  });
  const names = [...keys.map(({ provider }) => provider), "ollama"];
  const others = used.filter(({ name }) => !names.includes(name)).map(usedFinding);
  return [...known, ...others, ollamaFinding(ollama, usedAs("ollama"))];
}

const at = (name: string) => ({ group: "models", name }) as const;

const keyFinding = ({ provider, keyEnvs, set }: KnownKey): Finding =>
  set === null ? absent(at(provider), `no key (${keyEnvs.join(" or ")})`) : good(at(provider), `${set} is set`);

/** That a key is missing is said where its agent stands as well, with the mend. */
function usedFinding({ name, baseUrl, key, agents }: UsedProvider): Finding {
  const use = `used by ${agents.join(", ")} at ${new URL(baseUrl).host}`;
  if (key === null) return good(at(name), `no key needed; ${use}`);
  return key.isSet
    ? good(at(name), `${key.variable} is set; ${use}`)
    : doubtful(at(name), `${key.variable} is not set; ${use}`);
}

function ollamaFinding(ollama: Models["ollama"], use: UsedProvider | undefined): Finding {
  if (ollama instanceof EnvironmentError)
    return doubtful(at("ollama"), `${ollama.place}: ${ollama.problem}`, ollama.mend);
  const { models } = ollama;
  const { host } = new URL(use?.baseUrl ?? ollama.baseUrl);
  const used = use ? `; used by ${use.agents.join(", ")}` : "";
  if (models !== null) return good(at("ollama"), `answers at ${host} with ${counted(models.length, "model")}${used}`);
  const found = `nobody answers at ${host}${used}`;
  return use ? doubtful(at("ollama"), found, "Start it: ollama serve.") : absent(at("ollama"), found);
}
