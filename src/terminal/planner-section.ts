/** The planners of the current cycle as a tree. */
import { usd } from "../domain/budget.ts";
import { idText } from "../domain/ids.ts";
import type { PlannerStatus } from "../domain/planner.ts";
import type { PlannerView } from "../engine/views.ts";
import { fit, phrase } from "./cells.ts";
import { lineWidth, quiet, toned, type Line, type Span, type Tone } from "./paint.ts";
import { heading, more, type Section } from "./section.ts";
import { shownOf } from "./allot.ts";
import { chooseBranches, treeOrder, type Branch } from "./tree.ts";

/** Deeper planners stand under the last step, so that their names keep some room. */
const indentStepsMax = 6;

const marks: { [S in PlannerStatus]: { mark: string; tone: Tone | null } } = {
  active: { mark: "●", tone: "busy" },
  done: { mark: "✓", tone: "good" },
  failed: { mark: "✗", tone: "bad" },
  cancelled: { mark: "-", tone: "quiet" },
};
const statuses = Object.keys(marks) as PlannerStatus[];

export function plannerSection(planners: readonly PlannerView[], width: number, rowsMax: number): Section | null {
  if (planners.length === 0) return null;
  const order = treeOrder(planners);
  const columns = columnsOf(planners, width);
  return {
    least: Math.min(order.length, 3) + 1,
    wanted: Math.min(order.length, rowsMax) + 1,
    lines(rows) {
      const shown = chooseBranches(order, shownOf(order.length, rows - 1));
      const hidden = order.length - shown.length;
      const left = hidden === 0 ? [] : order.filter((branch) => !shown.includes(branch)).map(({ planner }) => planner);
      return [
        headLine(planners, columns),
        ...shown.map((branch) => plannerLine(branch, columns)),
        ...(hidden > 0 && rows > 1 ? [more(hidden, "  ", `: ${inStates(left)}`)] : []),
      ];
    },
  };
}

const inStates = (planners: readonly PlannerView[]) =>
  statuses
    .map((status) => ({ status, n: planners.filter((planner) => planner.status === status).length }))
    .flatMap(({ status, n }) => (n > 0 ? [`${n} ${status}`] : []))
    .join("  ");

type Columns = { width: number; id: number; name: number; turn: number; money: number; tasks: number };

function columnsOf(planners: readonly PlannerView[], width: number): Columns {
  const id = Math.max(...planners.map((planner) => idText("planner", planner.id).length));
  const tasks = Math.max("tasks".length, ...planners.map((planner) => tasksText(planner).length));
  const turn = width >= 50 ? "turn running".length : 0;
  const widest = Math.max(...planners.map((planner) => moneyText(planner).length));
  const money = width >= 60 && widest > 0 ? Math.max("cost".length, widest) : 0;
  const beside = [turn, money].reduce((sum, cells) => sum + (cells > 0 ? cells + 2 : 0), 0);
  return { width, id, turn, money, tasks, name: Math.max(0, width - 4 - id - 1 - beside - tasks - 2) };
}

function headLine(planners: readonly PlannerView[], { width, money, tasks }: Columns): Line {
  const states: Line = [heading("planners"), `${planners.length}: ${inStates(planners)}`];
  const titles = `${money > 0 ? `${"cost".padStart(money)}  ` : ""}${"tasks".padStart(tasks)}`;
  const room = width - lineWidth(states) - titles.length;
  return room >= 2 ? [...states, " ".repeat(room), quiet(titles)] : states;
}

/** With all below it. */
const moneyText = ({ spend }: PlannerView): string => (spend.microUsd > 0 ? usd(spend.microUsd) : "");

function tasksText({ tasks }: PlannerView): string {
  const total = Object.values(tasks).reduce((sum, n) => sum + n, 0);
  return total === 0 ? "" : `${tasks.landed}/${total}`;
}

function plannerLine({ planner, depth }: Branch, columns: Columns): Line {
  const { mark, tone } = marks[planner.status];
  const indent = "  ".repeat(Math.min(depth, indentStepsMax, Math.floor(columns.name / 4)));
  const name = fit(phrase(planner.name) || "(no name)", columns.name - indent.length);
  const over = planner.status === "done" || planner.status === "cancelled";
  return [
    `  ${indent}`,
    toned(tone, mark),
    quiet(` ${idText("planner", planner.id).padEnd(columns.id)} `),
    over ? quiet(name) : name,
    ...(columns.turn > 0 ? ["  ", turnSpan(planner, columns.turn)] : []),
    ...(columns.money > 0 ? ["  ", quiet(moneyText(planner).padStart(columns.money))] : []),
    "  ",
    toned(planner.tasks.failed > 0 ? "bad" : over ? "quiet" : null, tasksText(planner).padStart(columns.tasks)),
  ];
}

function turnSpan({ turn }: PlannerView, width: number): Span {
  const text = fit(turn === null ? "" : `turn ${turn}`, width);
  return toned(turn === "running" ? "busy" : null, text);
}
