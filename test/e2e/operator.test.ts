/** What an operator does from other terminals while an engine works. */
import { expect, test } from "vitest";
import type { PlannerTools, WorkerTools } from "./agent-tools.ts";
import { noneLeft, processesWith } from "./process-table.ts";
import { until } from "./until.ts";
import { jsonLines, landings, makeWorld, type World } from "./world.ts";

/** Two tasks that wait at gates of their names, a third after the first, and one more for every message. */
function planThree({ brief, plan, note }: PlannerTools): void {
  const asked = brief.inbox.flatMap((message) => (message.kind === "operator" ? [message.text] : []));
  note("asked", asked);
  const first = [
    { type: "create_task", name: "a", title: "a" },
    { type: "create_task", name: "b", title: "b" },
    { type: "create_task", name: "c", title: "c", dependsOn: ["a"] },
  ];
  const more = asked.map((text) => ({ type: "create_task", name: text, title: text }));
  plan(...(brief.tasks.length === 0 ? first : []), ...more);
}

async function writeAtGate({ brief, gate, write, log }: WorkerTools): Promise<void> {
  const { name } = brief.task;
  log(`working on ${name}\n`);
  if (name === "a" || name === "b") await gate(name);
  write(`${name}.txt`, name);
}

const inTheMiddle = async (world: World) => {
  world.configure({ planner: planThree, worker: writeAtGate, acceptance: ["test -f c.txt"] });
  const engine = await world.startRun();
  await world.reached("a");
  await world.reached("b");
  return engine;
};

test("look, send, pause, resume and export, each from a process of its own", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);

  const view = await world.status();
  expect(view).toMatchObject({
    run: { id: engine.run, state: { status: "running" } },
    tasks: { running: 2, blocked: 1 },
  });
  expect((await world.tasks()).map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual([
    "a running",
    "b running",
    "c blocked",
  ]);
  const session = view.running.find(({ title }) => title === "a")?.id ?? 0;
  const log = await until("a's words in the log", async () => {
    const { stdout } = await world.longhaul("logs", `s${session}`, "--json");
    return stdout.includes("working on a") && stdout;
  });
  expect(jsonLines<{ kind: string }>(log).map(({ kind }) => kind)).toEqual(["brief", "stderr"]);

  expect(await world.json("send", "root", "d")).toEqual({ run: engine.run, sent: true });
  await engine.says(/"d" created by p1/);
  await engine.says(/"d" landed/);
  expect(world.notes<string[]>("asked").flat()).toEqual(["d"]);

  expect(await world.json("pause")).toEqual({ run: engine.run, paused: true });
  const pausedAt = (await world.events()).at(-1)?.seq ?? 0;
  world.open("a");
  world.open("b");
  await engine.says(/"a" landed/);
  await engine.says(/"b" landed/);
  const paused = await until("nothing runs", async () => {
    const now = await world.status();
    return now.running.length === 0 && now;
  });
  expect(paused).toMatchObject({
    run: { state: { status: "paused", reason: "operator" } },
    tasks: { ready: 1, landed: 3 },
  });
  const since = (await world.events()).filter(({ seq, type }) => seq > pausedAt && type === "session.started");
  expect(since).toEqual([]);
  expect(await world.longhaul("pause")).toMatchObject({ code: 1, stdout: "" });

  expect(await world.json("resume")).toMatchObject({ run: engine.run, resumed: true, engine: engine.pid });
  const ended = await engine.ended;
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain(`longhaul/${engine.run}`);
  expect((await world.tasks()).map(({ status }) => status)).toEqual(["landed", "landed", "landed", "landed"]);

  const exported = jsonLines<{ table: string }>((await world.longhaul("export")).stdout);
  const tables = new Set(exported.map(({ table }) => table));
  for (const table of ["runs", "cycles", "planners", "tasks", "sessions", "messages", "verdicts", "events"])
    expect(tables).toContain(table);
});

test("a pause without grace cuts what runs, and stop ends the run with what has landed", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);
  world.open("a");
  await engine.says(/"a" landed/);
  await engine.says(/"c" landed/);
  expect((await world.longhaul("pause", "--grace", "0")).code).toBe(0);
  await until("b is cut", async () => (await world.status()).tasks.ready === 1);
  await noneLeft(`LONGHAUL_RUN=${engine.run}`, "LONGHAUL_ROLE=worker");

  expect(await world.longhaul("resume")).toMatchObject({ code: 0 });
  await until(
    "b is at work again",
    () => processesWith(`LONGHAUL_RUN=${engine.run}`, "LONGHAUL_ROLE=worker").length > 0,
  );
  expect(await world.json("stop", "--reason", "enough")).toMatchObject({ stopping: true, engine: engine.pid });
  expect(await engine.ended).toMatchObject({ code: 1 });
  await noneLeft(`LONGHAUL_RUN=${engine.run}`);
  expect((await world.status()).run.state).toMatchObject({ status: "ended", outcome: "stopped", reason: "enough" });
  expect((await world.tasks()).find(({ name }) => name === "b")).toMatchObject({ reason: "cut: the run was stopped" });
  expect(landings(world, engine.run).map(({ subject }) => subject)).toEqual(["a", "c"]);
  const again = await world.longhaul("pause");
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("has ended");
});

test("stop cancels what is open, as it says", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);
  await world.longhaul("stop");
  await engine.ended;
  expect((await world.tasks()).map(({ status }) => status)).toEqual(["cancelled", "cancelled", "cancelled"]);
});

test("Ctrl-C drains, a second one cuts; SIGTERM as well; stop without an engine ends the run by itself", async () => {
  const world = makeWorld();
  const first = await inTheMiddle(world);
  first.interrupt();
  await first.says(/paused \(interrupted\)/);
  world.open("a");
  await first.says(/"a" landed/);
  first.interrupt();
  expect(await first.ended).toMatchObject({ code: 130 });
  await noneLeft(`LONGHAUL_RUN=${first.run}`);
  expect(await world.status()).toMatchObject({
    run: { state: { status: "paused", reason: "interrupted" } },
    tasks: { landed: 1, ready: 2 },
    running: [],
  });

  const second = world.start("resume");
  await second.says(/"c" landed/);
  second.signal("SIGTERM");
  await second.says(/paused \(interrupted\)/);
  world.open("b");
  expect(await second.ended).toMatchObject({ code: 143 });
  expect((await world.status()).tasks).toMatchObject({ landed: 3 });

  expect(await world.longhaul("stop")).toMatchObject({ code: 0 });
  expect((await world.status()).run.state).toMatchObject({ status: "ended", outcome: "stopped" });
  expect(landings(world, first.run).map(({ subject }) => subject)).toEqual(["a", "c", "b"]);
});

test("a Ctrl-C that is taken back by a resume from elsewhere does not change how the run ends", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);
  engine.interrupt();
  await engine.says(/paused \(interrupted\)/);
  expect(await world.json("resume")).toMatchObject({ engine: engine.pid });
  world.open("a");
  world.open("b");
  expect(await engine.ended).toMatchObject({ code: 0 });
});

test("a Ctrl-C that is taken back leaves an engine that waits through a pause", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);
  engine.interrupt();
  await engine.says(/paused \(interrupted\)/);
  await world.json("resume");
  await world.json("pause", "--grace", "0");
  await until("nothing runs", async () => (await world.status()).running.length === 0);
  world.open("a");
  world.open("b");
  expect(await world.json("resume")).toMatchObject({ engine: engine.pid });
  expect(await engine.ended).toMatchObject({ code: 0 });
});

test("a resume while the engine is about to leave does not leave the run without one", async () => {
  const world = makeWorld();
  const engine = await inTheMiddle(world);
  world.slowGit("fetch");
  engine.interrupt();
  await engine.says(/paused \(interrupted\)/);
  engine.interrupt();
  await world.reached("git-fetch");
  expect(await world.json("resume")).toMatchObject({ engine: engine.pid });
  for (const gate of ["a", "b", "git-fetch"]) world.open(gate);
  expect(await engine.ended).toMatchObject({ code: 0 });
});

test("two engines never drive one run", async () => {
  const world = makeWorld();
  const first = await inTheMiddle(world);
  const refused = await world.longhaul("resume");
  expect(refused).toMatchObject({ code: 0 });
  expect(refused.stdout).toContain(String(first.pid));
  first.signal("SIGKILL");
  await first.ended;

  const racers = [world.start("resume"), world.start("resume"), world.start("resume")];
  const isOver = await Promise.race(
    racers.map((racer) => Promise.all(racers.filter((other) => other !== racer).map(({ ended }) => ended))),
  );
  for (const { code, stdout, stderr } of isOver)
    expect(`${code} ${stdout}${stderr}`).toMatch(/^[01] .*in process|by another engine/s);
  world.open("a");
  world.open("b");
  const codes = (await Promise.all(racers.map(({ ended }) => ended))).map(({ code }) => code);
  expect(codes).toContain(0);
  expect((await world.events()).filter(({ type }) => type === "engine.started")).toHaveLength(2);
  expect((await world.tasks()).map(({ status }) => status)).toEqual(["landed", "landed", "landed"]);
});
