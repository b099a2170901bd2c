/**
 * The one way from words to a screen: every line is cut to the width here, and every text passes `cellText` here. With
 * `color: false` not one escape sequence is printed.
 */
import { styleText } from "node:util";
import { cellText, cellWidth, take } from "./cells.ts";

export type Tone = "strong" | "quiet" | "good" | "bad" | "warn" | "busy";
/** A text without a tone is printed as the terminal prints. */
export type Span = string | { text: string; tone: Tone };
export type Line = readonly Span[];
export type Paint = { color: boolean; width: number };

const styles = { strong: "bold", quiet: "dim", good: "green", bad: "red", warn: "yellow", busy: "cyan" } as const;

export const quiet = (text: string): Span => ({ text, tone: "quiet" });
export const strong = (text: string): Span => ({ text, tone: "strong" });
export const toned = (tone: Tone | null, text: string): Span => (tone === null ? text : { text, tone });

const textOf = (span: Span) => (typeof span === "string" ? span : span.text);

export const lineWidth = (line: Line) => line.reduce((sum, span) => sum + cellWidth(textOf(span)), 0);

export function paint(lines: readonly Line[], { color, width }: Paint): string {
  return lines.map((line) => paintLine(line, color, width)).join("\n");
}

function paintLine(line: Line, color: boolean, width: number): string {
  return withoutEndBlanks(cutLine(line, width))
    .map((span) =>
      color && typeof span !== "string"
        ? styleText(styles[span.tone], span.text, { validateStream: false })
        : textOf(span),
    )
    .join("");
}

/** At most `width` cells, safe to print; `…` at the end says that something is missing. */
function cutLine(line: Line, width: number): Line {
  const spans = line.map((span) => withText(span, cellText(textOf(span))));
  if (lineWidth(spans) <= width) return spans;
  const result: Span[] = [];
  let room = Math.max(0, width - 1);
  for (const span of spans) {
    const part = take(textOf(span), room);
    room -= cellWidth(part);
    const whole = part === textOf(span) && room > 0;
    result.push(withText(span, whole ? part : `${part.trimEnd()}${width > 0 ? "…" : ""}`));
    if (!whole) break;
  }
  return result;
}

const withText = (span: Span, text: string): Span => (typeof span === "string" ? text : { text, tone: span.tone });

/** Blanks at a line's end would wrap when the terminal is made narrower. */
function withoutEndBlanks(line: Line): Line {
  const spans = [...line];
  for (let last = spans.pop(); last !== undefined; last = spans.pop()) {
    const text = textOf(last).trimEnd();
    if (text !== "") return [...spans, withText(last, text)];
  }
  return [];
}

/** Two columns of lines side by side. */
export function beside(left: readonly Line[], right: readonly Line[], leftWidth: number, gap: number): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const [a, b] = [cutLine(left[i] ?? [], leftWidth), right[i]];
    return b ? [...a, " ".repeat(leftWidth - lineWidth(a) + gap), ...b] : a;
  });
}
