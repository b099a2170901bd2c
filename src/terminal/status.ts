/** The body of `longhaul status` and of the live view: one run on one screen. */
import type { RunView } from "../engine/views.ts";
import { allotRows } from "./allot.ts";
import { headLines } from "./head.ts";
import { beside, paint, type Line, type Paint } from "./paint.ts";
import { plannerSection } from "./planner-section.ts";
import type { Section } from "./section.ts";
import { sessionSection } from "./session-section.ts";
import { scoreSection, verdictSection } from "./verdict-section.ts";

type StatusOptions = Paint & {
  /** Without it, long lists are still shortened: a person reads this; programs read `--json`. */
  height?: number;
};

/** Rows of a list on a screen of any height. */
const listRowsMax = 40;
const verdictRowsMax = 5;
const scoreRowsMax = 8;
/** From here on planners and sessions stand side by side. */
const twoColumnsWidth = 140;
const columnGap = 4;
/** From here on a blank line stands before each section. */
const airyHeight = 34;

/** Never wider than `width`, never more than `height` lines, no line end at the end. */
export function renderStatus(view: RunView, options: StatusOptions): string {
  return paint(statusLines(view, options.width, options.height ?? null), options);
}

export function statusLines(view: RunView, width: number, height: number | null): Line[] {
  const head = headLines(view, width);
  const sections = sectionsOf(view, width, height);
  const gaps = height === null || height >= airyHeight ? sections.length : Math.min(1, sections.length);
  const rows = height === null ? Infinity : height - head.length - gaps;
  const given = height === null ? sections.map(({ wanted }) => wanted) : allotRows(rows, sections);
  const airy = gaps === sections.length;
  const body = sections.flatMap((section, i) => {
    const own = given[i] ?? 0;
    return own > 0 ? [...(airy || i === 0 ? [[]] : []), ...section.lines(own)] : [];
  });
  const lines = [...head, ...body];
  return height === null ? lines : lines.slice(0, height);
}

/** From what changes seldom to what changes all the time, so that little on the screen moves. */
function sectionsOf(view: RunView, width: number, height: number | null): Section[] {
  const listRows = height === null ? listRowsMax : Math.max(listRowsMax, height);
  const twoColumns = width >= twoColumnsWidth && view.planners.length > 0 && view.running.length > 0;
  const left = twoColumns ? Math.floor((width - columnGap) * 0.45) : width;
  const right = twoColumns ? width - columnGap - left : width;
  const planners = plannerSection(view.planners, left, listRows);
  const sessions = sessionSection(view.running, view.run.config, view.now, right, listRows);
  return [
    verdictSection(view.verdicts, verdictRowsMax),
    scoreSection(view.verdicts, width, scoreRowsMax),
    ...(twoColumns && planners && sessions ? [sideBySide(planners, sessions, left)] : [planners, sessions]),
  ].filter((section) => section !== null);
}

function sideBySide(a: Section, b: Section, leftWidth: number): Section {
  return {
    least: Math.max(a.least, b.least),
    wanted: Math.max(a.wanted, b.wanted),
    lines: (rows) => beside(a.lines(rows), b.lines(rows), leftWidth, columnGap),
  };
}
