/** `longhaul costs`: what was spent, against the budgets, and on what. */
import { usd, type Budget } from "../domain/budget.ts";
import { sumTokens } from "../domain/call.ts";
import type { Run } from "../domain/run.ts";
import type { CostGroup, CostRow, Costs, CostView } from "../engine/views.ts";
import { count, counted, percent } from "./amounts.ts";
import { cellWidth, fit, phrase } from "./cells.ts";
import { costWords } from "./head.ts";
import { paint, quiet, strong, toned, type Line, type Paint } from "./paint.ts";
import { label, labelWidth, more } from "./section.ts";

const nameCellsMax = 32;
const titleCellsMin = 8;

/** `total` is the same in all views. */
export function renderCosts(run: Run, views: readonly CostView[], options: Paint): string {
  const total = views[0]?.total;
  const tables = views.flatMap((view) => (view.rows.length === 0 ? [] : [[], ...table(view, options.width)]));
  const lines: Line[] = [
    [strong("run".padEnd(labelWidth)), `${run.id}   `, ...costWords(run)],
    ...budgetLines(run),
    ...(total ? totalLines(total) : []),
    ...tables,
  ];
  return paint(lines, options);
}

/** What each part of the run may spend; the run's own budget stands beside what it has spent. */
function budgetLines({ config: { budget } }: Run): Line[] {
  const parts: [string, Budget][] = [
    ["each cycle", budget.cycle],
    ["each sub-planner with all below it", budget.planner],
    ["each session", budget.session],
  ];
  const words = parts.flatMap(([who, { microUsd, tokens }]) => {
    const most = [
      ...(microUsd === null ? [] : [usd(microUsd)]),
      ...(tokens === null ? [] : [`${count(tokens)} tokens`]),
    ];
    return most.length === 0 ? [] : [`${who} ${most.join(" and ")}`];
  });
  return words.length === 0 ? [] : [[label("at most"), words.join(", ")]];
}

function totalLines(total: Costs): Line[] {
  if (total.calls === 0) return [[label("ledger"), "nothing has been spent"]];
  const { input, cached, written, output } = total.tokens;
  const parts = [
    `${count(input)} input`,
    `${count(cached)} cached`,
    `${count(written)} written`,
    `${count(output)} output`,
  ];
  return [
    [label("ledger"), `${counted(total.calls, "call")}  ${usd(total.microUsd)}  ${parts.join("  ")}`],
    ...(total.guessedCalls === 0 ? [] : [[label("guessed"), toned("warn", guessWords(total))]]),
  ];
}

function guessWords({ microUsd, guessedMicroUsd, guessedCalls, calls }: Costs): string {
  const of = `${guessedCalls} of ${counted(calls, "call")}`;
  return microUsd === 0
    ? `the price of ${of} is not known and taken to be nothing`
    : `${usd(guessedMicroUsd)} (${percent(guessedMicroUsd, microUsd)}), ${of}: set the price with prices in the config`;
}

const heads: { [G in CostGroup]: { head: string; none: string } } = {
  session: { head: "session", none: "(none)" },
  task: { head: "task", none: "(none: planning and judging)" },
  planner: { head: "planner", none: "(none: judging)" },
  role: { head: "role", none: "(none)" },
  model: { head: "model", none: "(none)" },
  cycle: { head: "cycle", none: "(none)" },
};

const numbers = ["calls", "input", "cached", "written", "output", "cost", "share", "guessed"] as const;
type Cells = { name: string; title: string } & { [N in (typeof numbers)[number]]: string };

function table({ by, total, rows, hidden }: CostView, width: number): Line[] {
  const cells = rows.map((row) => cellsOf(by, row, total));
  const name = Math.min(
    nameCellsMax,
    Math.max(cellWidth(heads[by].head), ...cells.map((cell) => cellWidth(cell.name))),
  );
  const shown = columnsFor(cells, width - 2 - name);
  const taken = shown.reduce((sum, column) => sum + 2 + widthOf(cells, column), 0);
  const titled = cells.some((cell) => cell.title !== "");
  const titleRoom = width - 2 - name - taken - 2;
  const title = titled && titleRoom >= titleCellsMin ? titleRoom : 0;
  const line = (cell: Cells): string =>
    [
      `  ${fit(cell.name, name)}`,
      ...(title > 0 ? [fit(cell.title, title)] : []),
      ...shown.map((column) => cell[column].padStart(widthOf(cells, column))),
    ].join("  ");
  const head = Object.fromEntries(numbers.map((column) => [column, column])) as Cells;
  const note = by === "planner" ? ", each with all below it" : "";
  return [
    [strong(`by ${heads[by].head}`), quiet(note)],
    [quiet(line({ ...head, name: "", title: "" }))],
    ...cells.map((cell): Line => [line(cell)]),
    ...(hidden > 0 ? [more(hidden, "  ", ", which cost less")] : []),
  ];
}

const widthOf = (cells: readonly Cells[], column: (typeof numbers)[number]) =>
  Math.max(column.length, ...cells.map((cell) => cell[column].length));

/** On a narrow screen the parts of the tokens go first, then the calls; the money stays. */
function columnsFor(cells: readonly Cells[], width: number): (typeof numbers)[number][] {
  let shown = numbers.filter((column) => column !== "guessed" || cells.some((cell) => cell.guessed !== ""));
  const taken = () => shown.reduce((sum, column) => sum + 2 + widthOf(cells, column), 0);
  for (const least of ["written", "cached", "guessed", "input", "output", "calls", "share"] as const)
    if (taken() > width) shown = shown.filter((column) => column !== least);
  return shown;
}

function cellsOf(by: CostGroup, row: CostRow, total: Costs): Cells {
  const { input, cached, written, output } = row.tokens;
  return {
    name: phrase(row.name ?? heads[by].none),
    title: phrase(row.title),
    calls: count(row.calls),
    input: count(input),
    cached: count(cached),
    written: count(written),
    output: count(output),
    cost: usd(row.microUsd),
    share:
      total.microUsd > 0
        ? percent(row.microUsd, total.microUsd)
        : percent(sumTokens(row.tokens), Math.max(1, sumTokens(total.tokens))),
    guessed:
      row.guessedCalls === 0
        ? ""
        : row.microUsd > 0
          ? percent(row.guessedMicroUsd, row.microUsd)
          : `${row.guessedCalls}`,
  };
}
