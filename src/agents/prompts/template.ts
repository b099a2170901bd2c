/**
 * Owns templates: Markdown with `{{name}}` and nothing else. A template that parsed renders; a value is inserted as it
 * is and never looked at again, so nothing that an agent wrote can become part of a template.
 */

/** One line: texts and variables by turns. */
type Line = ({ text: string } | { variable: string })[];

export type Template = { readonly lines: readonly Line[] };

export type TemplateFault = { line: number; problem: string };

export type ParsedTemplate = { template: Template; faults: TemplateFault[] };

/** `firstLine`: the number in its file of the text's first line. */
export function parseTemplate(text: string, known: readonly string[], firstLine = 1): ParsedTemplate {
  const faults: TemplateFault[] = [];
  const lines = text
    .split("\n")
    .map((line, index) => parseLine(line, known, (problem) => faults.push({ line: firstLine + index, problem })));
  return { template: { lines }, faults };
}

export function variablesOf(template: Template): Set<string> {
  return new Set(template.lines.flat().flatMap((part) => ("variable" in part ? [part.variable] : [])));
}

/**
 * A variable that stands alone on its line and is empty takes its line with it and the blank line beside it, so that
 * a section that has nothing to say leaves no trace. Blank lines at both ends are left out.
 */
export function renderTemplate(template: Template, values: { readonly [name: string]: string }): string {
  const rendered: string[] = [];
  let skipBlank = true;
  for (const line of template.lines) {
    const text = line.map((part) => ("text" in part ? part.text : valueOf(values, part.variable))).join("");
    const isBlank = line.length === 0;
    if (isBlank && skipBlank) continue;
    const isGone = !isBlank && text === "";
    if (isGone) {
      skipBlank ||= rendered.at(-1) === "";
      continue;
    }
    skipBlank = false;
    rendered.push(text);
  }
  while (rendered.at(-1) === "") rendered.pop();
  return rendered.join("\n");
}

function valueOf(values: { readonly [name: string]: string }, name: string): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`no value for {{${name}}}: given are ${Object.keys(values).join(", ")}`);
  return value;
}

const variableName = /^[a-z][A-Za-z\d]*$/;

function parseLine(line: string, known: readonly string[], fault: (problem: string) => void): Line {
  if (line.trim() === "") return [];
  const parts: Line = [];
  const addText = (text: string) => {
    if (text.includes("}}")) fault('"}}" that closes nothing: write "} }" where no variable is meant');
    if (text !== "") parts.push({ text });
  };
  let rest = line;
  for (;;) {
    const open = rest.indexOf("{{");
    if (open === -1) break;
    addText(rest.slice(0, open));
    const close = rest.indexOf("}}", open);
    if (close === -1) {
      fault(`"{{" that is not closed on its line: ${knownText(known)}; write "{ {" where no variable is meant`);
      return parts;
    }
    const name = rest.slice(open + 2, close);
    if (!known.includes(name)) fault(unknownVariable(name, known));
    parts.push({ variable: name });
    rest = rest.slice(close + 2);
  }
  addText(rest);
  return parts;
}

function unknownVariable(name: string, known: readonly string[]): string {
  if (variableName.test(name)) return `unknown variable {{${name}}}: ${knownText(known)}`;
  return `{{${name}}} is not the name of a variable, written without spaces: ${knownText(known)}`;
}

const knownText = (known: readonly string[]) =>
  known.length === 0
    ? "this prompt has no variables"
    : `the variables are ${known.map((name) => `{{${name}}}`).join(", ")}`;
