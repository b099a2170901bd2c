/**
 * `longhaul tool`: the role's tools for shell scripts and for agents without MCP. Speaks with the engine that runs the
 * session; a connection that drops is tried again with the same key, so that the call still takes effect once.
 */
import { randomUUID } from "node:crypto";
import { text as textOf } from "node:stream/consumers";
import { sessionTools } from "../config.ts";
import { toolServerLimits } from "../domain/limits.ts";
import { describeJsonFault } from "../domain/json-place.ts";
import { safeText } from "../terminal/safe-text.ts";
import { exitCodes, UsageError } from "./exit.ts";
import { print, printJson, say } from "./output.ts";
import { askServer, type ToolServerAddress, type ToolServerAnswer } from "./tool-request.ts";

export type ToolOptions = { json?: string; schema?: boolean };

/** As `GET /tools` lists it. */
type Listed = { name: string; description: string; input: object };

const noSession =
  "longhaul tool: there is no session here: LONGHAUL_TOOLS_URL and LONGHAUL_TOOLS_TOKEN are not set. It works in the " +
  "programs that Longhaul runs as planners, workers and judges, while their session runs (docs/command-agents.md).";

export async function tool(name: string | undefined, { json, schema }: ToolOptions): Promise<number> {
  const { url, token } = sessionTools;
  if (url === null || token === null) {
    say(noSession);
    return exitCodes.environment;
  }
  const address = { url, token };
  if (name === undefined && json !== undefined) throw new UsageError("--json is the input of a tool: name the tool.");
  if (name === undefined || schema) return list(address, name, schema ?? false);
  return call(address, name, await inputText(json));
}

async function list(address: ToolServerAddress, name: string | undefined, schema: boolean): Promise<number> {
  const answer = await askServer(address, { method: "GET", path: "/tools" });
  if (answer.kind !== "answered") return tellUnanswered(answer);
  const { tools } = answer.body as { tools: Listed[] };
  const wanted = tools.filter((each) => name === undefined || each.name === name);
  if (wanted.length === 0) {
    say(`there is no tool ${JSON.stringify(name)}; the tools are: ${tools.map((each) => each.name).join(", ")}`);
    return exitCodes.failed;
  }
  if (schema) printJson(name === undefined ? wanted : wanted[0]);
  else print(wanted.map((each) => `${each.name.padEnd(16)}  ${firstSentence(each.description)}`).join("\n"));
  return exitCodes.ok;
}

async function call(address: ToolServerAddress, name: string, body: string): Promise<number> {
  const path = `/tools/${encodeURIComponent(name)}`;
  const answer = await askServer(address, { method: "POST", path, body, key: randomUUID() });
  if (answer.kind !== "answered") return tellUnanswered(answer);
  const { ok, text } = answer.body as { ok: boolean; text: string };
  if (ok) print(shown(text, process.stdout));
  else say(shown(text, process.stderr));
  return ok ? exitCodes.ok : exitCodes.failed;
}

async function inputText(json: string | undefined): Promise<string> {
  const text = json === "-" ? await textOf(process.stdin) : (json ?? "{}");
  if (Buffer.byteLength(text) > toolServerLimits.bodyBytesMax)
    throw new UsageError(`The input has more than ${toolServerLimits.bodyBytesMax} bytes.`);
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`The input is not JSON: ${describeJsonFault(text)}`);
  }
  return text;
}

function tellUnanswered(answer: Exclude<ToolServerAnswer, { kind: "answered" }>): number {
  if (answer.kind === "refused") {
    say(`longhaul tool: ${answer.message}`);
    return answer.status === 401 ? exitCodes.environment : exitCodes.failed;
  }
  say(
    `longhaul tool: the session's engine does not answer (${answer.reason}): it has ended, or the session has. End this program: ` +
      "the work goes on in a new session when the engine is back.",
  );
  return exitCodes.environment;
}

/** A terminal must not be steered by what a tool read; a pipe gets the bytes. */
const shown = (text: string, stream: NodeJS.WriteStream) => (stream.isTTY ? safeText(text) : text);

const firstSentence = (text: string) => /^.*?[.;:](?=\s|$)/s.exec(text)?.[0].replace(/[;:]$/, ".") ?? text;
