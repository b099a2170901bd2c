/** fault-table.md says what AI SDK 7 gives for each fault. It is written by this test and must stay true. */
import { expect, test } from "vitest";
import { call, sequence, text } from "./brains.ts";
import { cases, outcomeOf, type Outcome } from "./fault-outcome.testsuite.ts";
import { providers, started, type ProviderName } from "./sdk.testsuite.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const columns = ["error", "seen", "step", "finish", "usage", "tool"] as const;

/** One row for all providers that behave alike. */
async function rowsOf(mode: "stream" | "whole"): Promise<string[]> {
  const model = await started({
    brains: [
      {
        name: "worker",
        reply: sequence([text("Let me read the file first."), call("read", { path: "a.txt" })], "Done."),
      },
    ],
  });
  const rows: string[] = [];
  for (const one of cases) {
    const outcomes = await Promise.all(
      providers.map(async (provider) => [provider, await outcomeOf(model, provider, mode, one)] as const),
    );
    const groups = Map.groupBy(outcomes, ([, outcome]) => lineOf(outcome));
    for (const [line, alike] of groups)
      rows.push(`| ${one.name} | ${namesOf(alike.map(([name]) => name))} | ${line} |`);
  }
  return rows;
}

const namesOf = (names: readonly ProviderName[]): string =>
  names.length === providers.length ? "all" : names.join(", ");

const lineOf = (outcome: Outcome): string =>
  columns.map((column) => outcome[column].replaceAll("|", "\\|")).join(" | ");

const head = (title: string, seen: string): string =>
  `## ${title}\n\n| fault | providers | error | ${seen} | step | finishReason (raw) | usage | tool |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n`;

test("what the AI SDK gives for each fault", async () => {
  const stream = await rowsOf("stream");
  const whole = await rowsOf("whole");
  const table = [
    "# What AI SDK 7 gives for each fault\n",
    "Written by fault-table.test.ts (`npx vitest run test/fake-model/fault-table.test.ts -u`); README.md explains it.\n",
    `${head("streamText", "seen as")}${stream.join("\n")}\n`,
    `${head("generateText", "promise")}${whole.join("\n")}\n`,
  ].join("\n");
  await expect(table).toMatchFileSnapshot("fault-table.md");
});
