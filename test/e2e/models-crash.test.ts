/** kill -9 in the middle of conversations: the same sessions go on, and what they have recorded is never done again. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, onTestFinished, test } from "vitest";
import { freshDatabase } from "../fresh-database.ts";
import { Dice } from "../simulation/random.ts";
import type { Running } from "./command.ts";
import { bash, judge, once, planner, sharing, submitted, worker, writes } from "./model-brains.ts";
import {
  brokenConversations,
  Hold,
  holding,
  killEngine,
  noting,
  recordedCommands,
  remembering,
  timesRan,
} from "./model-kills.ts";

import { undercharged } from "./model-ledger.ts";
import { configureModels, makeModelWorld, stored } from "./model-world.ts";
import { landings, type WorldOptions } from "./world.ts";

/** Commands note beside the repository how often they ran, which no sandbox lets them. */
const noted = { sandbox: "none" } as const;

async function onPostgres(): Promise<WorldOptions> {
  const database = await freshDatabase(inject("postgresUrl"));
  onTestFinished(() => database.drop());
  return { databaseUrl: database.url };
}

const gateInShell = (name: string): string =>
  `cd "$LONGHAUL_CONFIG_DIR/gates"; touch ${name}.reached; while [ ! -e ${name}.open ]; do sleep 0.02; done`;

test.each([
  ["SQLite", async () => ({})],
  ["PostgreSQL", onPostgres],
] as const)("on %s a session that is killed wherever it stands goes on as itself", async (_, optionsOf) => {
  const [ordered, begun, first, third, judged] = [new Hold(), new Hold(), new Hold(), new Hold(), new Hold()];
  const logs = (name: string) => `${noting(name)}; echo ${name} >> log.txt`;
  const { brains, seen } = remembering([
    holding(
      planner(() => ({ tasks: [{ name: "one" }] })),
      { tool: "create_tasks", answer: /^Created/, hold: ordered },
    ),
    holding(
      worker(() => [
        bash(`${logs("A")}; echo A-done`, /^A-done/),
        bash(`${logs("B")}; (${gateInShell("B")}); echo B-done`, /^B-done/),
        bash(`${logs("C")}; echo C-done`, /^C-done/),
        submitted,
      ]),
      { tool: null, hold: begun },
      { tool: "bash", answer: /^A-done/, hold: first },
      { tool: "bash", answer: /^B-done/, hold: third },
    ),
    holding(
      judge(`${noting("J")}; cat log.txt`, () => ({ verdict: "achieved", summary: "It is logged." })),
      { tool: "run_command", answer: /exit code/, hold: judged },
    ),
  ]);
  const at = await makeModelWorld({ brains }, await optionsOf());
  const { world } = at;
  configureModels(at, { ...noted, roles: { judge: { model: "google/gemini-2.5-pro" } } });

  const engine = await world.startRun();
  const { run } = engine;
  const again = async (killed: Running): Promise<Running> => {
    await killEngine(killed);
    return world.start("resume", "--run", run);
  };
  await ordered.reached; // A planner's turn, in a model call.
  let now = await again(engine);
  ordered.open();
  begun.open();
  await first.reached; // A worker's attempt, in a model call.
  now = await again(now);
  first.open();
  await world.reached("B"); // In a command.
  now = await again(now);
  world.open("B");
  await third.reached;
  world.slowGit("update-ref --stdin");
  third.open();
  await world.reached("git-update-ref"); // While it lands.
  now = await again(now);
  world.open("git-update-ref");
  await judged.reached; // A judgement, in a model call.
  now = await again(now);
  judged.open();
  expect(await now.ended).toMatchObject({ code: 0 });

  const rows = await stored(world);
  // One session each that has begun, however often it was claimed.
  const sessions = rows("sessions").filter(({ opening }) => opening !== null);
  expect(sessions.map(({ kind }) => kind)).toEqual(["turn", "attempt", "turn", "judgement"]);
  const [turn, attempt, , judgement] = sessions.map(({ token }) => Number(token));
  expect([turn, judgement]).toEqual([2, 2]);
  expect(attempt).toBeGreaterThanOrEqual(4); // It may have begun before the planner's engine was killed.
  expect(brokenConversations(seen)).toEqual([]);
  // Twice only what was killed before it was recorded; and of that the workspace kept nothing.
  expect(timesRan(world)).toEqual({ A: 1, B: 2, C: 1, J: 1 });
  expect(world.git("show", `longhaul/${run}:log.txt`)).toBe("A\nB\nC");
  expect(landings(world, run)).toHaveLength(1);
  expect(rows("tasks")).toHaveLength(1);
});

test("engines killed at random repeat nothing that is recorded, and end with everything done once", async () => {
  const names = Array.from({ length: 10 }, (_, at) => `task-${at}`);
  const { brains, seen } = remembering([
    planner((name) =>
      name === "root"
        ? { planners: [{ name: "left" }, { name: "right" }] }
        : { tasks: names.slice(...(name === "left" ? [0, 5] : [5])).map((task) => ({ name: task })) },
    ),
    worker((task) => [
      once("read_file", { path: "README.md" }, /project/),
      bash(`${noting(`${task} first`)}; echo ${task} >> ${task}.log; echo first`, /^first/),
      writes(`${task}.txt`, `${task}\n`),
      bash(`${noting(`${task} second`)}; echo ${task} >> ${task}.log; echo second`, /^second/),
      ...sharing("shared.txt", task),
      submitted,
    ]),
  ]);
  const at = await makeModelWorld({ brains });
  const { world, model } = at;
  configureModels(at, {
    ...noted,
    parallel: { workers: 4, planners: 2 },
    limits: { attemptsMax: 20, interruptionsMax: 50 },
  });
  const dice = new Dice(20_263);
  const first = await world.startRun();
  const { run } = first;
  let engine: Running = first;
  const recorded = new Map<string, number>();
  let kills = 0;
  // Moments all over the start of an engine and the work that follows: the pause between two kills is what makes them random.
  while (kills < 8 && !(await Promise.race([engine.ended, sleep(dice.int(400, 2_400), null)]))) {
    await killEngine(engine);
    kills++;
    const times = timesRan(world);
    const steps = (await stored(world, "--run", run))("steps");
    for (const command of recordedCommands(steps)) {
      const name = /'"(.+?)"'/.exec(command)?.[1];
      if (name !== undefined && !recorded.has(name)) recorded.set(name, times[name] ?? 0);
    }
    engine = world.start("resume", "--run", run);
  }
  expect(await engine.ended).toMatchObject({ code: 0 });
  expect(kills).toBeGreaterThanOrEqual(3); // How many fit in depends on the machine.

  const times = timesRan(world);
  expect([...recorded].filter(([name, count]) => times[name] !== count)).toEqual([]);
  const rows = await stored(world);
  expect(
    rows("tasks")
      .map(({ name, status }) => `${String(name)} ${String(status)}`)
      .toSorted(),
  ).toEqual(names.map((name) => `${name} landed`));
  expect(rows("planners")).toHaveLength(3);
  expect(landings(world, run)).toHaveLength(names.length);
  for (const name of names) expect(world.git("show", `longhaul/${run}:${name}.log`)).toBe(`${name}\n${name}`);
  expect(world.git("show", `longhaul/${run}:shared.txt`)).toBe(names.join("\n"));
  // A session that had begun is never begun again.
  const begun = rows("sessions").filter(({ kind, opening }) => kind === "attempt" && opening !== null);
  expect(begun).toHaveLength(names.length);
  expect(brokenConversations(seen)).toEqual([]);
  expect(undercharged(rows("calls"), model.ledger.entries())).toEqual([]);
  expect((await world.status()).run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
});

test("after Ctrl-C, and another, what was cut in the middle of an answer goes on from there", async () => {
  const hold = new Hold();
  const { brains, seen } = remembering([
    planner(() => ({ tasks: [{ name: "one" }] })),
    holding(
      worker(() => [bash(`${noting("A")}; echo A > a.txt; echo A-done`, /^A-done/), submitted]),
      { tool: "bash", answer: /^A-done/, hold },
    ),
  ]);
  const at = await makeModelWorld({ brains });
  const { world, model } = at;
  configureModels(at, noted);
  const engine = await world.startRun();
  await hold.reached;
  engine.interrupt();
  await engine.says(/paused \(interrupted\)/);
  engine.interrupt();
  expect(await engine.ended).toMatchObject({ code: 130 });
  expect((await world.status()).run.spend).toMatchObject({ reservedMicroUsd: 0, reservedTokens: 0 });
  hold.open();
  expect(await world.longhaul("resume")).toMatchObject({ code: 0 });
  const rows = await stored(world);
  expect(rows("sessions").map(({ kind, token }) => [kind, Number(token)])).toContainEqual(["attempt", 2]);
  expect(timesRan(world)).toEqual({ A: 1 });
  expect(brokenConversations(seen)).toEqual([]);
  expect(undercharged(rows("calls"), model.ledger.entries())).toEqual([]);
});
