/** The sessions that run now, the longest-running first: one that hangs is seen at the top, and new ones join below. */
import { idText } from "../domain/ids.ts";
import type { Limits } from "../domain/limits.ts";
import { roleOf } from "../domain/session.ts";
import type { SessionView } from "../engine/views.ts";
import { duration } from "./amounts.ts";
import { cellWidth, fit, phrase } from "./cells.ts";
import { quiet, toned, type Line } from "./paint.ts";
import { heading, listSection, type Section } from "./section.ts";

const agentCellsMax = 18;
const roleCells = "planner".length;
const timeCells = "59m 59s".length;

export function sessionSection(
  running: readonly SessionView[],
  limits: Limits,
  now: number,
  width: number,
  rowsMax: number,
): Section | null {
  if (running.length === 0) return null;
  const sessions = running.toSorted((a, b) => (a.startedAt ?? now) - (b.startedAt ?? now) || a.id - b.id);
  const id = Math.max(...sessions.map((session) => idText("session", session.id).length));
  const widestAgent = Math.max(...sessions.map(({ agent }) => cellWidth(phrase(agent))));
  // On a narrow screen the title is worth more than the agent.
  const agent = width >= 60 ? Math.min(widestAgent, agentCellsMax) : 0;
  const title = Math.max(0, width - 2 - id - 2 - roleCells - 2 - (agent > 0 ? agent + 2 : 0) - 2 - timeCells);
  return listSection([heading("running"), inRoles(sessions)], sessions, rowsMax, (session): Line => {
    const ranMs = now - (session.startedAt ?? now);
    return [
      quiet(`  ${fit(idText("session", session.id), id)}  `),
      `${roleOf[session.kind].padEnd(roleCells)}  `,
      fit(phrase(session.title) || "(no title)", title),
      ...(agent > 0 ? [quiet(`  ${fit(phrase(session.agent), agent)}`)] : []),
      "  ",
      toned(ranMs > limits.softDeadlineMs ? "warn" : null, duration(ranMs).padStart(timeCells)),
    ];
  });
}

function inRoles(sessions: readonly SessionView[]): string {
  const roles = ["worker", "planner", "judge"] as const;
  const counts = roles.map((role) => ({ role, n: sessions.filter(({ kind }) => roleOf[kind] === role).length }));
  return `${sessions.length}: ${counts.flatMap(({ role, n }) => (n > 0 ? [`${n} ${role}${n === 1 ? "" : "s"}`] : [])).join("  ")}`;
}
