/**
 * Owns the prompts of model agents: the built-in ones from the package's `prompts/`, an operator's instead of them, and
 * their rendering. Keeps: what was loaded renders, and the same brief at the same time gives the same text.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { assertNever } from "../../domain/assert.ts";
import type { Brief } from "../../domain/brief.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import type { Role } from "../../domain/session.ts";
import { arbiterValues } from "./arbiter-text.ts";
import { durationText, finishText, type BriefContext } from "./brief-text.ts";
import { judgeValues } from "./judge-text.ts";
import { plannerValues } from "./planner-text.ts";
import { parseTemplate, renderTemplate, variablesOf, type Template, type TemplateFault } from "./template.ts";
import {
  isRolePrompt,
  outsideTools,
  promptFiles,
  promptNames,
  promptVariables,
  type PromptName,
  type PromptValues,
  type Variable,
} from "./variables.ts";
import { workerValues } from "./worker-text.ts";

export type Prompt = {
  /** The whole template. */
  text: string;
  /** The first 12 hex digits of the SHA-256 of `text`: what a session records. */
  hash: string;
  /** Above the line that splits it; empty when the prompt is one message. */
  system: Template;
  brief: Template;
};

export type Prompts = { readonly [N in PromptName]: Prompt };

/** Texts of templates that stand instead of the built-in ones. */
export type PromptOverrides = { readonly [N in PromptName]?: string | undefined };

export type RolePrompt = { system: string; brief: string; hash: string };

/** Three levels up, from `src/agents/prompts` in a checkout as from `dist/agents/prompts` in a package. */
const builtInFolder = new URL("../../../prompts/", import.meta.url);

/** Throws an `EnvironmentError` that names each faulty line of an override. */
export async function loadPrompts(overrides: PromptOverrides = {}): Promise<Prompts> {
  const loaded = await Promise.all(
    promptNames.map(async (name): Promise<[PromptName, Prompt]> => {
      const override = overrides[name];
      if (override !== undefined) return [name, parsePrompt(name, override, `prompts.${name}`)];
      const url = new URL(promptFiles[name], builtInFolder);
      const text = await readFile(url, "utf8").catch((cause: unknown) => {
        throw new EnvironmentError(fileURLToPath(url), "a built-in prompt cannot be read", "Install longhaul again.", {
          cause,
        });
      });
      return [name, parsePrompt(name, text, `prompts/${promptFiles[name]}`)];
    }),
  );
  return Object.fromEntries(loaded) as Prompts;
}

export function renderBrief(prompts: Prompts, brief: Brief, context: BriefContext): RolePrompt {
  const { system, brief: message, hash } = prompts[brief.role];
  const values = valuesOf(brief, context);
  return { system: renderTemplate(system, values), brief: renderTemplate(message, values), hash };
}

/** For an agent with tools of its own: what it calls instead of those that the role's prompt names, and how. */
export function renderOwnTools(
  prompts: Prompts,
  role: Role,
  way: { tools: "mcp"; toolPrefix: string } | { tools: "command"; program: string },
): string {
  const names = outsideTools[role];
  const how =
    way.tools === "mcp"
      ? `They are tools of the MCP server \`longhaul\`; you may see them under longer names, such as \`${way.toolPrefix || "mcp__longhaul__"}${names[0]}\`.`
      : `Each is a command of your shell, such as \`${way.program} tool ${names[0]} --json '{…}'\`; \`${way.program} tool\` lists them with their fields. Long input goes in by a quoted here-document: \`${way.program} tool ${names[0]} --json - <<'END'\`.`;
  const values: PromptValues<"ownTools"> = {
    tools: names.map((name) => `\`${name}\``).join(", "),
    how,
    finish: finishText(role),
  };
  return renderTemplate(prompts.ownTools.brief, values);
}

/** Asks a session whose context is nearly full for the summary that it goes on from. */
export function renderSummary(prompts: Prompts, role: Role): string {
  return renderTemplate(prompts.summary.brief, { finish: finishText(role) } satisfies PromptValues<"summary">);
}

/** Answers a reply that ended without a tool that ends the session. `left`: how many more will be answered so. */
export function renderNudge(prompts: Prompts, role: Role, left: number): string {
  const values: PromptValues<"nudge"> = { finish: finishText(role), left: String(left) };
  return renderTemplate(prompts.nudge.brief, values);
}

/** What comes to its end: the time (`leftMs` until the hard deadline), or the session's own budget. */
export type HandOffReason = { leftMs: number } | "budget";

/** Near the end of the session's time or budget. */
export function renderHandOff(prompts: Prompts, role: Role, why: HandOffReason): string {
  const reason =
    why === "budget"
      ? "The budget of this session is nearly used up; when it is, the session is cut."
      : `The time of this session is nearly over: in ${durationText(why.leftMs)} it is killed.`;
  const values: PromptValues<"handOff"> = { finish: finishText(role), reason };
  return renderTemplate(prompts.handOff.brief, values);
}

function valuesOf(brief: Brief, context: BriefContext): { [name: string]: string } {
  switch (brief.role) {
    case "planner":
      return plannerValues(brief, context);
    case "worker":
      return workerValues(brief, context);
    case "arbiter":
      return arbiterValues(brief, context);
    case "judge":
      return judgeValues(brief, context);
    default:
      return assertNever(brief, "brief");
  }
}

const splitLine = "<!-- brief -->";

/** `place`: how an error names the text. */
export function parsePrompt(name: PromptName, text: string, place: string): Prompt {
  const lines = text.split(/\r?\n/);
  const variables: { [variable: string]: Variable } = promptVariables[name];
  const known = Object.keys(variables);
  const split = findSplit(name, lines);
  const system = parseTemplate(lines.slice(0, split.at).join("\n"), known);
  const brief = parseTemplate(lines.slice(split.next).join("\n"), known, split.next + 1);
  const faults = [...split.faults, ...system.faults, ...brief.faults];
  if (split.faults.length === 0) {
    faults.push(...misplaced(system.template, variables));
    const used = new Set([...variablesOf(system.template), ...variablesOf(brief.template)]);
    for (const variable of known.filter((each) => variables[each]?.required && !used.has(each)))
      faults.push({ line: lines.length, problem: `{{${variable}}} is missing: ${variables[variable]?.meaning}` });
  }
  if (faults.length > 0) throw invalidPrompt(place, faults);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return { text, hash, system: system.template, brief: brief.template };
}

type Split = { at: number; next: number; faults: TemplateFault[] };

/** The line that splits a role's prompt; other prompts are one message and have none. */
function findSplit(name: PromptName, lines: string[]): Split {
  const splits = lines.flatMap((line, index) => (line.trim() === splitLine ? [index] : []));
  const [at] = splits;
  const wanted = isRolePrompt(name) ? 1 : 0;
  if (splits.length === wanted)
    return at === undefined ? { at: 0, next: 0, faults: [] } : { at, next: at + 1, faults: [] };
  const line = (splits[wanted] ?? 0) + 1;
  const problem =
    wanted === 0
      ? `"${splitLine}" splits only the prompts of roles: this one is a single message`
      : at === undefined
        ? `no line "${splitLine}": above it stands what is the same in all sessions, below it the first message`
        : `a second line "${splitLine}"`;
  return { at: 0, next: 0, faults: [{ line, problem }] };
}

function misplaced(system: Template, variables: { [variable: string]: Variable }): TemplateFault[] {
  return system.lines.flatMap((line, index) =>
    line.flatMap((part) =>
      "variable" in part && variables[part.variable]?.place === "brief"
        ? [
            {
              line: index + 1,
              problem: `{{${part.variable}}} is of one session: put it below the line "${splitLine}", so that what is above stays the same and can be cached`,
            },
          ]
        : [],
    ),
  );
}

function invalidPrompt(place: string, faults: TemplateFault[]): EnvironmentError {
  const list = faults.toSorted((a, b) => a.line - b.line).map(({ line, problem }) => `  line ${line}: ${problem}`);
  return new EnvironmentError(
    place,
    `not a valid prompt:\n${list.join("\n")}\n`,
    "Mend these lines; docs/prompts.md has the variables of each prompt.",
  );
}
