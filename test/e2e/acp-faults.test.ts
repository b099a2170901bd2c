/** Real coding agents that are killed, stand still, run out of time or of money, and engines that die under them. */
import { expect, test } from "vitest";
import { answered, codingPlanner, codingWorker, printed, shell, toldIn } from "./coding-brains.ts";
import { claude, codex, gate, makeCodingWorld, useCodingAgents } from "./coding-world.ts";
import type { NamedBrain } from "../fake-model/brain.ts";
import { ledgerFaults } from "./model-ledger.ts";
import { stored, type Row } from "./model-world.ts";
import { kill, noneLeft, processesWith } from "./process-table.ts";
import { until } from "./until.ts";

const folders = useCodingAgents("codex", "claude-code");
const attempts = (rows: (table: string) => Row[]) => rows("sessions").filter(({ kind }) => kind === "attempt");

/** The agent's own program in a worker's session. */
const agentsOf = (run: string, program: string) =>
  processesWith(`LONGHAUL_RUN=${run}`, "LONGHAUL_ROLE=worker").filter(({ command }) => command.includes(program));

test.each([
  ["Codex", codex, "codex-acp"],
  ["Claude Code", claude, "claude-agent-acp"],
])("%s, killed in the middle of a turn, is started again and goes on in its session", async (_, worker, program) => {
  const { world } = await makeCodingWorld(
    folders(),
    (w) => [codingPlanner(["a"]), codingWorker(() => `echo half > a.txt; ${gate(w, "half")}; echo a > a.txt`)],
    { sandbox: "none", roles: { planner: codex, worker } },
  );
  const { run, ended } = await world.startRun();
  await world.reached("half");
  for (const { pid } of agentsOf(run, program)) kill(pid);
  world.open("half");
  const { code, stderr } = await ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:a.txt`)).toBe("a");
  const rows = await stored(world);
  expect(attempts(rows)).toMatchObject([{ outcome: "succeeded" }]);
  const log = (await world.longhaul("logs", `s${String(attempts(rows)[0]?.["id"])}`)).stdout;
  expect(log).toContain("it is started again");
  await noneLeft(`LONGHAUL_RUN=${run}`);
});

test("the engine killed in the middle of a turn: the next one goes on in the agent's conversation", async () => {
  const { world } = await makeCodingWorld(
    folders(),
    (w) => [codingPlanner(["a"]), codingWorker(() => `${gate(w, "first")}; echo a > a.txt`)],
    { sandbox: "none" },
  );
  const { run, pid, ended } = await world.startRun();
  await world.reached("first");
  kill(pid);
  await ended;
  await noneLeft(`LONGHAUL_RUN=${run}`);
  world.open("first");
  const { code, stderr } = await world.longhaul("resume");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:a.txt`)).toBe("a");
  const rows = await stored(world);
  expect(attempts(rows)).toMatchObject([{ outcome: "succeeded", token: 2 }]);
  const log = (await world.longhaul("logs", `s${String(attempts(rows)[0]?.["id"])}`)).stdout;
  expect(log).not.toContain("begins anew");
});

test("an agent that stands still is cut at its deadline, with all that it started, and the task is tried again", async () => {
  const { world } = await makeCodingWorld(
    folders(),
    () => [
      codingPlanner(["a"]),
      codingWorker((_, view) => (toldIn(view).includes("This is attempt 2") ? "echo a > a.txt" : "sleep 4711")),
    ],
    { limits: { softDeadlineMs: 6_000, hardDeadlineMs: 9_000 } },
  );
  const stubborn = await world.startRun();
  await until("the agent to stand still", () => processesWith(`LONGHAUL_RUN=${stubborn.run}`).some(sleeps));
  const { code, stderr } = await stubborn.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const rows = await stored(world);
  expect(attempts(rows)).toMatchObject([{ outcome: "failed" }, { outcome: "succeeded" }]);
  expect(String(attempts(rows)[0]?.["failure"])).toContain("timed_out");
  await noneLeft(`LONGHAUL_RUN=${stubborn.run}`);
});

const sleeps = ({ command }: { command: string }) => command === "sleep 4711";

test("at the soft deadline its turn is broken off and it is asked to hand off", async () => {
  const handOff = /The time of this session is nearly over/;
  const worker: NamedBrain = {
    name: "worker",
    when: (view) => view.tools.length > 0 && /You are a worker of Longhaul/.test(toldIn(view)),
    reply: (view) => {
      if (answered(view, "submit", /Submitted/) > 0) return { parts: [{ type: "text", text: "Submitted." }] };
      const told = handOff.test(toldIn(view));
      if (printed(view, /half is done/) === 0 && !told)
        return { parts: [shell(view, "echo a > a.txt; echo half is done")] };
      if (!told) return { parts: [shell(view, "sleep 4711")] };
      const submit = view.tools.find(({ name }) => name.endsWith("submit"))?.name ?? "submit";
      const args = { status: "partial", message: "Half of a", handoff: { done: "Half of it." } };
      return { parts: [{ type: "tool-call", name: submit, args }] };
    },
  };
  const { world } = await makeCodingWorld(folders(), () => [codingPlanner(["a"]), worker], {
    limits: { softDeadlineMs: 6_000, hardDeadlineMs: 60_000 },
  });
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:a.txt`)).toBe("a");
  expect(attempts(await stored(world))).toMatchObject([{ outcome: "succeeded" }]);
});

test("a spent budget pauses the run before the call is made, and more money lets it go on", async () => {
  const { world, model } = await makeCodingWorld(
    folders(),
    () => [codingPlanner(["a", "b", "c"]), codingWorker((task) => `echo ${task} > ${task}.txt`)],
    { budget: { usd: 0.34 }, parallel: { workers: 1, planners: 1 } },
  );
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 4 });
  const spent = (await world.status()).run.spend.microUsd;
  expect(spent).toBeLessThanOrEqual(340_000);
  expect((await world.longhaul("resume", "--budget-usd", "50")).code).toBe(0);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`).split("\n")).toEqual(
    expect.arrayContaining(["a.txt", "b.txt", "c.txt"]),
  );
  const rows = await stored(world);
  expect(ledgerFaults(rows("calls"), model.ledger.entries())).toEqual([]);
});

test("a key that is refused pauses the run and is named, and the agent never had it", async () => {
  const { world } = await makeCodingWorld(folders(), () => [codingPlanner(["a"])], {});
  world.environment["KEY_OPENAI"] = "canary-wrong-key-0123456789";
  const { code, stderr } = await world.finishRun();
  expect(code).toBe(3);
  expect(stderr).toMatch(/KEY_OPENAI/);
  const rows = await stored(world);
  expect(JSON.stringify([rows("sessions"), rows("outputs"), rows("events")])).not.toContain("canary-wrong-key");
});

test("with its own key an agent says itself what it cost", async () => {
  const { world, model } = await makeCodingWorld(
    folders(),
    () => [codingPlanner(["a"]), codingWorker((task) => `echo ${task} > ${task}.txt`)],
    { roles: { planner: codex, worker: { acp: "claude-code", ownModel: "claude-sonnet-5" } } },
  );
  world.environment["ANTHROPIC_API_KEY"] = "canary-key-of-anthropic";
  world.environment["ANTHROPIC_BASE_URL"] = model.anthropicUrl.replace(/\/v1$/, "");
  const { run, code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.git("show", `longhaul/${run}:a.txt`)).toBe("a");
  const [attempt] = attempts(await stored(world));
  expect(Number(attempt?.["micro_usd"])).toBeGreaterThan(0);
});
