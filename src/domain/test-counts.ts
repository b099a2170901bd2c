/** Counts what a file of tests holds. Pure; the time that it takes grows with the text, whatever stands in it. */
import { testLanguageOf, type TestLanguage } from "./test-languages.ts";

export type TestCounts = { cases: number; assertions: number; marks: { [mark: string]: number } };

export const noTests: TestCounts = { cases: 0, assertions: 0, marks: {} };

export function countTests(path: string, text: string): TestCounts {
  const language = testLanguageOf(path);
  if (language === null) return noTests;
  const code = codeOf(text, language);
  const marks = language.marks.map(([name, pattern]) => [name, occurrences(code, pattern)] as const);
  return {
    cases: occurrences(code, language.cases),
    assertions: occurrences(code, language.assertions),
    marks: Object.fromEntries(marks.filter(([, count]) => count > 0)),
  };
}

function occurrences(code: string, pattern: RegExp): number {
  let count = 0;
  for (const _ of code.matchAll(pattern)) count++;
  return count;
}

/** What ends one of these is looked for once; what does not end goes to its line's or the text's end. */
const skipped: { [C in TestLanguage["comments"]]: RegExp } = {
  slashes: /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|`(?:\\[\s\S]|[^`\\])*(?:`|$)/g,
  hash: /#[^\n]*|"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?/g,
  dashes: /--[^\n]*|\{-[\s\S]*?(?:-\}|$)|"(?:\\.|[^"\\\n])*"?/g,
};

/** Without comments, and with nothing in texts, so that a case that was commented out counts as gone. */
function codeOf(text: string, { comments }: TestLanguage): string {
  return text.replace(skipped[comments], (found) => {
    const first = found[0] ?? "";
    return `"'\``.includes(first) ? first + first : " ";
  });
}
