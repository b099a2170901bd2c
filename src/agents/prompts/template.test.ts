import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseTemplate, renderTemplate } from "./template.ts";

const known = ["goal", "task"];
const faultsOf = (text: string) => parseTemplate(text, known).faults;
const render = (text: string, values: { [name: string]: string }) => {
  const { template, faults } = parseTemplate(text, known);
  expect(faults).toEqual([]);
  return renderTemplate(template, values);
};

test("variables are replaced by their values, as they are", () => {
  expect(render("a {{goal}}{{task}} b {{goal}}", { goal: "$& x\n", task: "{{goal}}" })).toBe(
    "a $& x\n{{goal}} b $& x\n",
  );
});

test.each([
  ["an unknown variable", "x\n{{gaol}}", 2, "unknown variable {{gaol}}: the variables are {{goal}}, {{task}}"],
  ["spaces in the braces", "{{ goal }}", 1, "{{ goal }} is not the name of a variable, written without spaces"],
  ["a section of another template language", "{{#if goal}}", 1, "is not the name of a variable"],
  ["no name", "{{}}", 1, "is not the name of a variable"],
  ["braces that are not closed", "a\nb\n{{goal", 3, '"{{" that is not closed on its line'],
  ["braces that are closed on another line", "{{goal\n}}", 1, '"{{" that is not closed on its line'],
  ["braces that close nothing", "goal}}", 1, '"}}" that closes nothing'],
  ["three braces", "{{{goal}}}", 1, "{{{goal}} is not the name of a variable"],
  ["what every object has", "{{constructor}}", 1, "unknown variable {{constructor}}"],
])("%s is a fault with its line", (_, text, line, problem) => {
  expect(faultsOf(text)[0]).toEqual({ line, problem: expect.stringContaining(problem) });
});

test("all faults are named, counted from the first line in the file", () => {
  expect(parseTemplate("{{a}}\n\n{{b}} }}", known, 10).faults.map(({ line }) => line)).toEqual([10, 12, 12]);
});

test("single braces are text", () => {
  expect(render('{ "a": {} }', {})).toBe('{ "a": {} }');
});

test("a value that is not given is a bug that names what is given", () => {
  expect(() => render("{{goal}}", { task: "x" })).toThrow("no value for {{goal}}: given are task");
});

test.each([
  ["between others", "a\n\n{{goal}}\n\nb", "a\n\nb"],
  ["at the start", "{{goal}}\n\nb", "b"],
  ["at the end", "a\n\n{{goal}}\n", "a"],
  ["several in a row", "a\n\n{{goal}}\n\n{{task}}\n\n{{goal}}\n\nb", "a\n\nb"],
  ["below a line of text", "a\n{{goal}}\n\nb", "a\n\nb"],
  ["inside a line", "a\n\nx{{goal}}\n\nb", "a\n\nx\n\nb"],
])("an empty value %s leaves no hole", (_, text, rendered) => {
  expect(render(text, { goal: "", task: "" })).toBe(rendered);
});

test("whatever a value holds, it stands in the text verbatim and once", () => {
  const hostile = fc
    .array(fc.constantFrom("{{", "}}", "{{goal}}", "{{task}}", "$&", "$1", "\n", "<!-- brief -->", "x", "`"))
    .map((parts) => parts.join(""))
    .filter((text) => text !== "");
  fc.assert(
    fc.property(hostile, hostile, (goal, task) => {
      expect(render("1 {{goal}} 2 {{task}} 3", { goal, task })).toBe(`1 ${goal} 2 ${task} 3`);
    }),
  );
});
