/** Whole runs of real coding agents over ACP, their model calls metered. */
import { expect, test } from "vitest";
import type { NamedBrain } from "../fake-model/brain.ts";
import { codingJudge, codingPlanner, codingWorker, printed } from "./coding-brains.ts";
import { claude, codex, makeCodingWorld, useCodingAgents } from "./coding-world.ts";
import { ledgerFaults } from "./model-ledger.ts";
import { stored, type Row } from "./model-world.ts";

const folders = useCodingAgents("codex", "claude-code");
const tasks = ["a", "b", "c", "d"];
const sum = (rows: readonly Row[], column: string) => rows.reduce((total, row) => total + Number(row[column]), 0);

/** None goes on before all have edited, so that they do collide. */
function together(brain: NamedBrain): NamedBrain {
  const edited = new Set<string | null>();
  const all = Promise.withResolvers<void>();
  return {
    ...brain,
    async reply(view) {
      if (printed(view, /work is done/) > 0) {
        edited.add(view.session);
        if (edited.size === tasks.length) all.resolve();
        await all.promise;
      }
      return brain.reply(view);
    },
  };
}

test("Codex plans and works, Claude Code judges: edits, conflicts, landings, a verdict, and every token counted", async () => {
  const { world, model } = await makeCodingWorld(
    folders(),
    () => [
      codingPlanner(tasks),
      together(codingWorker((task) => `echo ${task} > ${task}.txt; echo ${task} >> shared.txt`)),
      codingJudge("cat shared.txt", (found) => ({
        verdict: tasks.every((task) => found.includes(task)) ? "achieved" : "continue",
        summary: `It holds: ${found}`,
        brief: "Do the rest.",
      })),
    ],
    { roles: { planner: codex, worker: codex, judge: claude }, acceptance: [], budget: { usd: 50 } },
  );
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:shared.txt`).split("\n").toSorted()).toEqual(tasks);
  expect(stderr).toMatch(/conflicts in shared\.txt, sent back/);

  const rows = await stored(world);
  // What was sent back was mended by the session that had written it.
  expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(tasks.length);
  const calls = rows("calls");
  expect(ledgerFaults(calls, model.ledger.entries())).toEqual([]);
  expect(new Set(calls.map(({ credential }) => credential))).toEqual(new Set(["openai", "anthropic"]));
  expect(calls.every(({ status }) => status === "answered")).toBe(true);
  const { spend } = (await world.status()).run;
  expect(spend).toMatchObject({ microUsd: sum(calls, "micro_usd"), reservedMicroUsd: 0, reservedTokens: 0 });

  // What was said and done can be read, and no key was anywhere near it.
  const judged = rows("sessions").find(({ kind }) => kind === "judgement");
  const log = (await world.longhaul("logs", `s${String(judged?.["id"])}`)).stdout;
  expect(log).toContain("[submit_verdict] The verdict is given.");
  expect(log).toContain("cat shared.txt");
  expect(JSON.stringify(rows("outputs")) + log).not.toContain("canary-key");
});

test("an agent without MCP calls Longhaul's tools as a command", async () => {
  const byCommand = {
    ...codex,
    acp: {
      name: "Codex by command",
      command: codexCommand,
      home: { env: { CODEX_HOME: "{home}" } },
      metered: { wire: "openai-responses" as const, env: { LONGHAUL_MODEL_TOKEN: "{token}" } },
      mode: "full-access",
      tools: "command" as const,
    },
  };
  const { world } = await makeCodingWorld(
    folders(),
    () => [codingPlanner(["a"], "command"), codingWorker((task) => `echo ${task} > ${task}.txt`, "command")],
    { roles: { planner: byCommand, worker: byCommand } },
  );
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:a.txt`)).toBe("a");
});

const codexCommand: [string, ...string[]] = [
  "codex-acp",
  ...[
    'model_provider="longhaul"',
    'model_providers.longhaul.name="longhaul"',
    'model_providers.longhaul.base_url="{url}/v1"',
    'model_providers.longhaul.wire_api="responses"',
    'model_providers.longhaul.env_key="LONGHAUL_MODEL_TOKEN"',
    'model="{model}"',
  ].flatMap((setting) => ["-c", setting]),
];
