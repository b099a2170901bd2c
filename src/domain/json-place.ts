/**
 * Owns saying where a text stops being JSON. `JSON.parse` judges; this one is asked only afterwards, because V8
 * tells the place for some faults and not for others.
 */
import { commandAgentLimits } from "./limits.ts";
import { cutEnd } from "./text.ts";

const token =
  // oxlint-disable-next-line no-control-regex -- JSON forbids them in texts
  /\s*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b))/y;

/** What may come next. */
type Expected = "value" | "value or ]" | "name or }" | "name" | ":" | ", or ]" | ", or }" | "end";

/** `line 3, column 7: expected a value, found "}"`. */
export function describeJsonFault(text: string): string {
  const { at, expected } = findFault(text);
  const before = text.slice(0, at).split("\n");
  const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  const rest = text.slice(at);
  if (rest.startsWith('"') && /value|name/.test(expected)) {
    return `${place}: a text in double quotes that does not end, spans lines or has an unknown escape: ${excerpt(rest)}`;
  }
  const found = rest === "" ? "the end" : excerpt(rest);
  return `${place}: expected ${wording[expected]}, found ${found}`;
}

/** The start of the line, in quotes. */
function excerpt(rest: string): string {
  const line = rest.slice(0, 4 * commandAgentLimits.excerptBytesMax).split("\n", 1)[0] ?? "";
  return JSON.stringify(cutEnd(line, commandAgentLimits.excerptBytesMax));
}

const wording: Record<Expected, string> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  "name or }": 'a name in double quotes or "}"',
  name: "a name in double quotes",
  ":": '":"',
  ", or ]": '"," or "]"',
  ", or }": '"," or "}"',
  end: "nothing more after the JSON object (log belongs on stderr)",
};

function findFault(text: string): { at: number; expected: Expected } {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = 0;
  const after = (): Expected => (open.length === 0 ? "end" : open.at(-1) === "{" ? ", or }" : ", or ]");
  for (;;) {
    token.lastIndex = at;
    const match = token.exec(text);
    const next: Expected | null = match && step(expected, match, open, after);
    if (!match || !next) break;
    at = token.lastIndex;
    expected = next;
  }
  return { at: at + /^\s*/.exec(text.slice(at))![0].length, expected };
}

/** What is expected after the token; null when the token itself is not expected. */
function step(expected: Expected, match: RegExpExecArray, open: ("{" | "[")[], after: () => Expected): Expected | null {
  const [, sign, text, literal] = match;
  if (sign === "{" || sign === "[") {
    if (!expected.startsWith("value")) return null;
    open.push(sign);
    return sign === "{" ? "name or }" : "value or ]";
  }
  if (sign === "}" || sign === "]") {
    if (!expected.endsWith(sign)) return null;
    open.pop();
    return after();
  }
  if (sign === ",") return expected === ", or }" ? "name" : expected === ", or ]" ? "value" : null;
  if (sign === ":") return expected === ":" ? "value" : null;
  if (text !== undefined && expected.startsWith("name")) return ":";
  if (text !== undefined || literal !== undefined) return expected.startsWith("value") ? after() : null;
  return null;
}
