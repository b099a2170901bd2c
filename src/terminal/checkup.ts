/** `longhaul doctor`: one line for each thing that was looked at, by group, and at the end whether a run can start. */
import { canStart, findingGroups, type Finding } from "../domain/finding.ts";
import { counted } from "./amounts.ts";
import { cellWidth, fit, wrap } from "./cells.ts";
import { paint, quiet, strong, toned, type Line, type Paint, type Span, type Tone } from "./paint.ts";

const marks: { [S in Finding["state"]]: { sign: string; tone: Tone } } = {
  good: { sign: "✓", tone: "good" },
  absent: { sign: "–", tone: "quiet" },
  doubtful: { sign: "!", tone: "warn" },
  lacking: { sign: "✗", tone: "bad" },
};

const nameWidthMax = 24;
const linesMax = 8;

/** `untried`: there are coding agents here that nobody has started. */
export function renderCheckup(findings: readonly Finding[], { untried }: { untried: boolean }, options: Paint): string {
  const nameWidth = Math.min(nameWidthMax, Math.max(...findings.map(({ name }) => cellWidth(name))));
  const groups = findingGroups.flatMap((group): Line[] => {
    const own = findings.filter((finding) => finding.group === group);
    if (own.length === 0) return [];
    return [[strong(group)], ...own.flatMap((finding) => findingLines(finding, nameWidth, options.width)), []];
  });
  return paint([...groups, ...endLines(findings, untried, options.width)], options);
}

/** Whole, on as many lines as it takes: a path or a command that is cut cannot be used. */
function findingLines({ state, name, ...finding }: Finding, nameWidth: number, width: number): Line[] {
  const { sign, tone } = marks[state];
  const indent = nameWidth + 6;
  // What nobody needs gets no line for its mend.
  const inline = state === "absent" && finding.mend !== null;
  const found = inline ? `${finding.found} → ${finding.mend}` : finding.found;
  const mend = inline ? null : finding.mend;
  const words = found.split("\n").flatMap((line) => wrap(line, width - indent, linesMax));
  const said = words.slice(0, linesMax).map((text, at): Line => {
    const shown: Span = state === "absent" ? quiet(text) : text;
    if (at > 0) return [" ".repeat(indent), shown];
    return ["  ", toned(tone, sign), ` ${fit(name, nameWidth)}  `, shown];
  });
  const mending = mend === null ? [] : wrap(mend, width - indent - 2, linesMax);
  const mends = mending.map((text, at): Line => [" ".repeat(indent), at === 0 ? toned(tone, "→ ") : "  ", text]);
  return [...said, ...mends];
}

function endLines(findings: readonly Finding[], untried: boolean, width: number): Line[] {
  const lacks = findings.filter(({ state }) => state === "lacking").length;
  const [tone, end]: [Tone, string] = canStart(findings)
    ? ["good", 'A run can start: longhaul run "GOAL"']
    : ["bad", `No run can start here: ${counted(lacks, "thing")} ${lacks === 1 ? "is" : "are"} missing or wrong (✗).`];
  const hint = "longhaul doctor --agents starts the coding agents, to see whether they work; it asks no model.";
  return [
    ...wrap(end, width, linesMax).map((text): Line => [toned(tone, text)]),
    ...(untried ? wrap(hint, width, linesMax).map((text): Line => [quiet(text)]) : []),
  ];
}
