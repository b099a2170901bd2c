import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { isRolePrompt, promptNames, promptVariables, roleTools, type PromptName, type Variable } from "./variables.ts";

const doc = await readFile(new URL("../../../docs/prompts.md", import.meta.url), "utf8");
const section = (name: PromptName): string => doc.split(`\n## ${name}\n`)[1]?.split("\n## ")[0] ?? "";

/** A table's cells, without the head and the padding. */
const rowsOf = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test.each(promptNames)("docs/prompts.md has the variables of %s as the code has them", (name) => {
  const variables: { [variable: string]: Variable } = promptVariables[name];
  const rows = Object.entries(variables).map(([variable, { place, required, meaning }]) => [
    `\`{{${variable}}}\``,
    isRolePrompt(name) && place === "brief" ? "below" : "anywhere",
    required ? "yes" : "no",
    meaning,
  ]);
  expect(rowsOf(section(name))).toEqual(rows);
});

test.each(promptNames.filter(isRolePrompt))("docs/prompts.md names the tools of %s", (role) => {
  expect(section(role).replaceAll("\n", " ")).toContain(
    `Tools: ${roleTools[role].map((tool) => `\`${tool}\``).join(", ")}.`,
  );
});
