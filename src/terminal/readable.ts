/** JSON for people: one field a line, long texts as blocks, and nothing of what is empty. */

const indentStep = "  ";

/** The text as it is when it is no JSON: a transcript keeps only parts of very long entries. */
export function readableJson(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
  return typeof value === "object" && value !== null ? linesOf(value, "").join("\n") : text;
}

function linesOf(value: object, indent: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => itemLines(item, indent));
  return Object.entries(value).flatMap(([key, of]) => fieldLines(key, of, indent));
}

function fieldLines(key: string, value: unknown, indent: string): string[] {
  if (isEmpty(value)) return [];
  if (typeof value === "object" && value !== null)
    return [`${indent}${key}:`, ...linesOf(value, `${indent}${indentStep}`)];
  return scalarLines(`${indent}${key}:`, value, `${indent}${indentStep}`);
}

function itemLines(value: unknown, indent: string): string[] {
  if (typeof value !== "object" || value === null) return scalarLines(`${indent}-`, value, `${indent}${indentStep}`);
  const [first = "", ...rest] = linesOf(value, `${indent}${indentStep}`);
  return [`${indent}- ${first.trimStart()}`.trimEnd(), ...rest];
}

function scalarLines(head: string, value: unknown, indent: string): string[] {
  const text = String(value);
  if (!text.includes("\n")) return [`${head} ${text}`];
  return [
    `${head} |`,
    ...text
      .replace(/\n+$/, "")
      .split("\n")
      .map((line) => (line === "" ? "" : `${indent}${line}`)),
  ];
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
