/** What a user may write in `longhaul.config.ts`. */
import { z } from "zod";
import { presetNames } from "./acp-presets.ts";
import { limitsSchema, timeoutMs } from "./limits-schema.ts";
import { acpLimits, modelAgentLimits, parallelDefaults } from "../domain/limits.ts";
import { entryFault, insideFault } from "../domain/network-target.ts";
import { allRoles } from "../domain/session.ts";
import { protectedPath, protectedPathFault } from "../domain/protected.ts";
import { branchFault, publishDefaults, remoteFault } from "../domain/publish-config.ts";
import {
  checkPolicies,
  configDefaults,
  sandboxChoices,
  workspacesChoices,
  type AcceptanceCommand,
  type CheckCommand,
  type PrepareCommand,
} from "../domain/run-config.ts";

const name = z.string().trim().min(1);
const role = z.enum(allRoles);
const everyAgent = {
  /** For planners, which may ask for this agent by its name. */
  description: z.string().default(""),
  /** Which roles it may have; left out: any, or the one that it stands in. */
  roles: z.array(role).min(1).optional(),
};

/** Told apart before it is read, so that a fault is named in the fields of the kind that was meant. */
function byKind<T>(choose: (written: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((written, context) => {
    const parsed = choose(written).safeParse(written);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.addIssue({ ...issue, code: "custom", message: issue.message });
    return z.NEVER;
  });
}

const commandSchema = z.strictObject({
  /** An argv, or a text for `sh -c`. */
  command: z.union([name, z.tuple([name], z.string())]),
  env: z.record(z.string(), z.string()).default({}),
  passEnv: z.array(name).default([]),
  costUsd: z.number().nonnegative().default(0),
  ...everyAgent,
});

const modelName = z
  .string()
  .regex(/^[^/\s]+\/\S+$/, 'expected the form: provider/model, such as "anthropic/claude-sonnet-5"');

const modelSchema = z.strictObject({
  model: modelName,
  effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).optional(),
  outputTokensMax: z.int().positive().default(modelAgentLimits.outputTokensDefault),
  contextTokens: z.int().positive().optional(),
  ...everyAgent,
});

const words = z.record(z.string(), z.string()).default({});
const meta = z.record(z.string(), z.json()).default({});

const files = z.record(z.string(), z.json()).default({});

/** Values may hold {model}, {url}, {token}, {home} and {workspace}: docs/coding-agents.md. */
const presetSchema = z.strictObject({
  name: name.optional(),
  install: z.string().default("see its own documentation"),
  command: z.array(name).min(1),
  env: words,
  envAsRoot: words,
  sessionMeta: meta,
  home: z
    .strictObject({
      env: words,
      whenOwn: z.boolean().default(false),
      links: z.record(name, z.strictObject({ variable: name, otherwise: name, path: name })).default({}),
      files,
    })
    .nullable()
    .default(null),
  own: z
    .strictObject({
      env: words,
      model: z.strictObject({ args: z.array(z.string()).default([]), env: words }).prefault({}),
      passEnv: z.array(name).default([]),
      hosts: z.array(checked((entry) => (entry.startsWith("$") ? null : entryFault(entry)))).default([]),
      authenticate: words,
    })
    .prefault({}),
  metered: z
    .strictObject({
      wire: z.enum(["anthropic", "openai-responses", "openai-chat"]),
      args: z.array(z.string()).default([]),
      env: words,
      sessionMeta: meta,
      files,
    })
    .nullable()
    .default(null),
  mode: name.nullable().default(null),
  title: z.literal("session/set_title").nullable().default(null),
  tools: z.enum(["mcp", "command"]).default("mcp"),
  toolPrefix: z.string().default(""),
  listsToolsEarly: z.boolean().default(false),
  memoryBytes: z.int().positive().default(acpLimits.memoryBytesDefault),
  resume: z.enum(["session/resume", "session/load"]).nullable().default(null),
  afterCancel: z.enum(["goes_on", "broken"]).default("goes_on"),
  usage: z
    .strictObject({
      tokens: z.enum(["prompt", "quota", "none"]).default("none"),
      cost: z.enum(["session", "none"]).default("none"),
    })
    .prefault({}),
  traps: z.array(z.string()).default([]),
});

const acpSchema = z.strictObject({
  /** The name of a preset, or one of your own. */
  acp: byKind<string | z.output<typeof presetSchema>>((written) =>
    typeof written === "object" && written !== null
      ? presetSchema
      : z.enum(presetNames, `expected one of ${presetNames.join(", ")}, or a preset of your own`),
  ),
  /** Its calls go there, counted and within the budgets. Left out: the agent's own login. */
  model: modelName.optional(),
  /** With its own login: the model, as the agent itself calls it. */
  ownModel: name.optional(),
  env: words,
  passEnv: z.array(name).default([]),
  costUsd: z.number().nonnegative().default(0),
  ...everyAgent,
});
export type WrittenAcpAgent = z.output<typeof acpSchema>;

export type WrittenAgent = z.output<typeof commandSchema> | z.output<typeof modelSchema> | WrittenAcpAgent;
export type WrittenRole = string | WrittenAgent;

/** `agents.NAME`, and an agent that stands in a role itself. */
const agentSchema = byKind<WrittenAgent>((written) => {
  const has = (field: string) => typeof written === "object" && written !== null && field in written;
  return has("acp") ? acpSchema : has("model") && !has("command") ? modelSchema : commandSchema;
});

const roleSchema = byKind<WrittenRole>((written) => (typeof written === "string" ? name : agentSchema));

const providerSchema = z.strictObject({
  kind: z.enum(["anthropic", "openai", "openai-chat", "google", "openai-compatible"]).default("openai-compatible"),
  /** Ends with the version: `http://127.0.0.1:8000/v1`. */
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  keyEnv: name.nullable().optional(),
});
export type WrittenProvider = z.output<typeof providerSchema>;

const checkSchema = byKind<CheckCommand>((written) =>
  typeof written === "string"
    ? name.transform((command) => ({ name: command, command, timeoutMs: null }))
    : z.strictObject({ name, command: name, timeoutMs }),
);

const protectedSchema = z.string().transform((written, context) => {
  const fault = protectedPathFault(written);
  if (fault !== null) context.addIssue({ code: "custom", message: `${JSON.stringify(written)}: ${fault}` });
  return protectedPath(written);
});

const acceptanceSchema = byKind<AcceptanceCommand>((written) =>
  typeof written === "string"
    ? name.transform((command) => ({ name: command, command, timeoutMs: null, protected: [] }))
    : z.strictObject({ name, command: name, timeoutMs, protected: z.array(protectedSchema).default([]) }),
);

const prepareSchema = byKind<PrepareCommand>((written) =>
  typeof written === "string"
    ? name.transform((command) => ({ name: command, command, timeoutMs: null, when: [] }))
    : z.strictObject({ name, command: name, timeoutMs, when: z.array(name).default([]) }),
);

const budget = { usd: z.number().nonnegative().optional(), tokens: z.int().nonnegative().optional() };
const partBudget = z.strictObject(budget).default({});

const price = z.number().nonnegative();

/** What a sandbox lets through: `docs/sandbox.md`. */
const hosts = z.array(checked(entryFault)).default([]);
const range = z
  .union([z.cidrv4(), z.cidrv6()], { error: 'expected a range of addresses, such as "10.20.0.0/16"' })
  .pipe(checked(insideFault));

/** A text with which nothing is wrong. */
function checked(faultOf: (text: string) => string | null) {
  return z.string().superRefine((text, context) => {
    const fault = faultOf(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });
}

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  agents: z.record(name, agentSchema).default({}),
  /** An agent's name from `agents`, or the agent itself. A text that names no agent is a command for `sh -c`. */
  roles: z
    .strictObject({
      planner: roleSchema.optional(),
      worker: roleSchema.optional(),
      arbiter: roleSchema.optional(),
      judge: roleSchema.optional(),
    })
    .optional(),
  /** Other agents, by name, for parts of the repository. */
  areas: z
    .array(z.strictObject({ paths: z.array(name).min(1), planner: name.optional(), worker: name.optional() }))
    .default([]),
  providers: z.record(z.string().regex(/^[^/\s]+$/, "expected a name without slash"), providerSchema).default({}),
  /** Dollars for a million tokens, by `provider/model`. */
  prices: z
    .record(
      name,
      z.strictObject({ inputUsd: price, cachedUsd: price.optional(), writtenUsd: price.optional(), outputUsd: price }),
    )
    .default({}),
  /** Files in place of the built-in prompts; relative to the configuration. */
  prompts: z.record(name, name).default({}),
  /** `protected`: paths that the commands find as they were when the run began. */
  acceptance: z.array(acceptanceSchema).default([]),
  checks: z.array(checkSchema).default([]),
  /** Run in a clean checkout; what they add is there in every workspace. `when`: paths; run again when one has changed. */
  prepare: z.array(prepareSchema).default([]),
  /** When they run: behind the landings; also in each worker's own tree before it lands; or on what would land, as a gate. */
  checkPolicy: z.enum(checkPolicies).default(configDefaults.checkPolicy),
  budget: z
    .strictObject({ ...budget, perCycle: partBudget, perPlanner: partBudget, perSession: partBudget })
    .prefault({}),
  parallel: z
    .strictObject({
      workers: z.int().min(1).default(parallelDefaults.workers),
      planners: z.int().min(1).default(parallelDefaults.planners),
    })
    .prefault({}),
  limits: limitsSchema.default({}),
  identity: z
    .string()
    .regex(/^[^<>\n]+ <[^<>\s]+>$/, "expected the form: Name <address>")
    .default(configDefaults.identity),
  /** Landed commits carry the identity's `Signed-off-by`. */
  signOff: z.boolean().default(configDefaults.signOff),
  /** A remote that the branches are pushed to while the run goes. */
  publish: z
    .strictObject({
      /** A remote's name, or its URL or folder. */
      remote: checked(remoteFault),
      /** Branches there; `{run}` stands for the run's id. */
      trunk: checked(branchFault).default(publishDefaults.trunk),
      green: checked(branchFault).default(publishDefaults.green),
      /** The branch whose new commits are brought onto the trunk. */
      follow: checked(branchFault).nullable().default(null),
    })
    .refine(({ trunk, green }) => trunk !== green, "trunk and green need a branch each")
    .nullable()
    .default(null),
  /**
   * `auto`: overlays where they work. `copied`: real files also for programs outside, such as a Docker daemon. `sparse`: for trees
   * that are too large to be there whole each time: sessions of a task or planner with paths get only these.
   */
  workspaces: z.enum(workspacesChoices).default(configDefaults.workspaces),
  /** `auto`: the first that works here; without one nothing runs. `none`: programs run with your own rights. */
  sandbox: z.enum(sandboxChoices).default(configDefaults.sandbox),
  /** The image that containers of `sandbox: "docker"` are made of; it is never pulled. */
  sandboxImage: name.nullable().default(null),
  /** Hosts that sessions of a role may reach: "example.org", "*.example.org", "example.org:8443". */
  network: z
    .strictObject({
      planner: hosts,
      worker: hosts,
      arbiter: hosts.optional(),
      judge: hosts,
      prepare: hosts,
      /** Ranges of your own network that these names may lead to, beside the public internet: "10.20.0.0/16". */
      inside: z.array(range).default([]),
    })
    .prefault({}),
  /** Paths that programs may read, beside the system's: absolute, `~/…`, or relative to the configuration. */
  readable: z.array(name).default([]),
  caches: z.array(z.strictObject({ path: name, mode: z.enum(["read-only", "private"]) })).default([]),
});

export type WrittenConfig = z.output<typeof configSchema>;
