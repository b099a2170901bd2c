/** What stands above the transcript of a session: whose it is, how it stands, what it was told with, what it cost. */
import { usd } from "../domain/budget.ts";
import { idText } from "../domain/ids.ts";
import type { RunConfig } from "../domain/run-config.ts";
import { roleOf } from "../domain/session.ts";
import type { SessionView } from "../engine/views.ts";
import { count, duration } from "./amounts.ts";
import { phrase } from "./cells.ts";
import { confinementLines } from "./head.ts";
import { paint, quiet, strong, toned, type Line, type Paint } from "./paint.ts";
import { label } from "./section.ts";

export type SessionHead = {
  session: SessionView;
  config: RunConfig;
  /** Of the prompt that a model got; null: it is no model's, or has not begun. */
  promptHash: string | null;
  now: number;
};

export function renderSessionHead(head: SessionHead, options: Paint): string {
  const { session, promptHash } = head;
  const { spend } = session;
  const lines: Line[] = [
    [strong(idText("session", session.id)), `  ${roleOf[session.kind]}`, ...aboutWords(session)],
    [label("agent"), agentWords(head)],
    ...confinementLines(head.config),
    [label("state"), ...stateWords(head)],
    ...(promptHash === null
      ? []
      : [
          [
            label("prompt"),
            promptHash,
            quiet(`   longhaul prompts show --session ${idText("session", session.id)}`),
          ] as Line,
        ]),
    [
      label("cost"),
      `${usd(spend.microUsd)}  ${count(spend.tokens)} tokens`,
      ...(spend.reservedMicroUsd + spend.reservedTokens > 0
        ? [quiet(`  + ${usd(spend.reservedMicroUsd)}, ${count(spend.reservedTokens)} tokens reserved`)]
        : []),
    ],
    [],
  ];
  return paint(lines, options);
}

function aboutWords({ kind, task, planner, title }: SessionView): string[] {
  if (kind === "judgement") return [];
  const whose = task === null ? planner && idText("planner", planner) : idText("task", task);
  return [` of ${whose ?? "?"}: ${phrase(title)}`];
}

/** `strong, which is anthropic/claude-opus-5 (effort high)`. */
function agentWords({ session, config }: SessionHead): string {
  const agent = Object.hasOwn(config.agents, session.agent) ? config.agents[session.agent] : undefined;
  const name = phrase(session.agent);
  if (agent?.kind !== "model") return name;
  const effort = agent.effort === null ? "" : ` (effort ${agent.effort})`;
  return `${name}: ${phrase(agent.model)}${effort}`;
}

function stateWords({ session, now }: SessionHead): Line {
  const { status, startedAt, endedAt, outcome, failure } = session;
  if (status === "queued") return ["queued", ...(startedAt === null ? [] : [": goes on later"])];
  if (status === "running") return [toned("busy", "running"), ` for ${duration(now - (startedAt ?? now))}`];
  const took = startedAt === null || endedAt === null ? "" : ` after ${duration(endedAt - startedAt)}`;
  const word = outcome ?? "ended";
  return [
    toned(word === "succeeded" ? "good" : word === "failed" ? "bad" : null, word),
    `${took}${failure === null ? "" : `: ${phrase(failure)}`}`,
  ];
}
