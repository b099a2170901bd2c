/** The sessions that run now, the longest-running first: one that hangs is seen at the top, and new ones join below. */
import { idText } from "../domain/ids.ts";
import { usd } from "../domain/budget.ts";
import type { RunConfig } from "../domain/run-config.ts";
import { roleOf } from "../domain/session.ts";
import type { SessionView } from "../engine/views.ts";
import { duration } from "./amounts.ts";
import { cellWidth, fit, phrase } from "./cells.ts";
import { quiet, toned, type Line } from "./paint.ts";
import { heading, listSection, type Section } from "./section.ts";

const roleCells = "planner".length;
const timeCells = "59m 59s".length;

export function sessionSection(
  running: readonly SessionView[],
  { agents, limits }: Pick<RunConfig, "agents" | "limits">,
  now: number,
  width: number,
  rowsMax: number,
): Section | null {
  if (running.length === 0) return null;
  const sessions = running.toSorted((a, b) => (a.startedAt ?? now) - (b.startedAt ?? now) || a.id - b.id);
  const id = Math.max(...sessions.map((session) => idText("session", session.id).length));
  const agentOf = (session: SessionView) => agentText(session, agents);
  const widestAgent = Math.max(...sessions.map((session) => cellWidth(agentOf(session))));
  // On a narrow screen the title is worth more than the agent, and the agent more than the money.
  const agent = width >= 60 ? Math.min(widestAgent, width >= 100 ? 30 : width >= 76 ? 22 : 18) : 0;
  const money = width >= 72 ? Math.max(...sessions.map((session) => moneyText(session).length)) : 0;
  const column = (cells: number) => (cells > 0 ? cells + 2 : 0);
  const title = Math.max(0, width - 2 - id - 2 - roleCells - 2 - column(agent) - column(money) - 2 - timeCells);
  return listSection([heading("running"), inRoles(sessions)], sessions, rowsMax, (session): Line => {
    const ranMs = now - (session.startedAt ?? now);
    return [
      quiet(`  ${fit(idText("session", session.id), id)}  `),
      `${roleOf[session.kind].padEnd(roleCells)}  `,
      fit(phrase(session.title) || "(no title)", title),
      ...(agent > 0 ? [quiet(`  ${fit(agentOf(session), agent)}`)] : []),
      ...(money > 0 ? [`  ${moneyText(session).padStart(money)}`] : []),
      "  ",
      toned(ranMs > limits.softDeadlineMs ? "warn" : null, duration(ranMs).padStart(timeCells)),
    ];
  });
}

/** A model under its own name; an agent that somebody named has that before it. */
function agentText({ agent, kind }: SessionView, agents: RunConfig["agents"]): string {
  const config = Object.hasOwn(agents, agent) ? agents[agent] : undefined;
  if (config?.kind !== "model") return phrase(agent);
  const model = phrase(config.model.slice(config.model.lastIndexOf("/") + 1));
  return agent === roleOf[kind] ? model : `${phrase(agent)} ${model}`;
}

const moneyText = ({ spend }: SessionView): string => (spend.microUsd > 0 ? usd(spend.microUsd) : "");

function inRoles(sessions: readonly SessionView[]): string {
  const roles = ["worker", "arbiter", "planner", "judge"] as const;
  const counts = roles.map((role) => ({ role, n: sessions.filter(({ kind }) => roleOf[kind] === role).length }));
  return `${sessions.length}: ${counts.flatMap(({ role, n }) => (n > 0 ? [`${n} ${role}${n === 1 ? "" : "s"}`] : [])).join("  ")}`;
}
