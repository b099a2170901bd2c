/** The same product on PostgreSQL: work, kill -9 and resume, and steering from other processes. */
import { expect, inject, onTestFinished, test } from "vitest";
import { freshDatabase } from "../fresh-database.ts";
import { faultsOf, graphJob } from "./graph-job.ts";
import { noneLeft } from "./process-table.ts";
import { until } from "./until.ts";
import { makeWorld, type World } from "./world.ts";

async function makeClusterWorld(): Promise<World> {
  const database = await freshDatabase(inject("postgresUrl"));
  onTestFinished(() => database.drop());
  return makeWorld({ databaseUrl: database.url });
}

test("an engine on PostgreSQL is killed twice, and the run ends as it should", async () => {
  const world = await makeClusterWorld();
  const job = graphJob(7, 9);
  world.configure(job.setup);
  const first = await world.startRun();
  await first.says(/landed/);
  first.signal("SIGKILL");
  await first.ended;
  await noneLeft(`LONGHAUL_RUN=${first.run}`);
  const second = world.start("resume");
  await second.says(/landed/);
  second.signal("SIGKILL");
  await second.ended;
  expect(await world.longhaul("resume", "--run", first.run)).toMatchObject({ code: 0 });
  expect(await faultsOf(world, first.run, job.tasks)).toEqual([]);
  await noneLeft(`LONGHAUL_RUN=${first.run}`);
});

test("send, pause, resume and stop reach an engine on PostgreSQL from other processes", async () => {
  const world = await makeClusterWorld();
  world.configure({
    planner: ({ brief, plan, note }) => {
      const asked = brief.inbox.flatMap((message) => (message.kind === "operator" ? [message.text] : []));
      if (asked.length > 0) note("asked", asked);
      const names = brief.tasks.length === 0 ? ["first", ...asked] : asked;
      plan(...names.map((name) => ({ type: "create_task", name, title: name })));
    },
    worker: async ({ brief, gate, write }) => {
      await gate(brief.task.name);
      write(`${brief.task.name}.txt`, brief.task.name);
    },
    acceptance: ["false"],
  });
  const engine = await world.startRun();
  await world.reached("first");
  expect((await world.longhaul("send", "root", "second")).code).toBe(0);
  await world.reached("second");
  expect(world.notes("asked")).toEqual([["second"]]);
  expect((await world.longhaul("pause")).code).toBe(0);
  await engine.says(/paused \(operator\)/);
  world.open("first");
  await engine.says(/"first" landed/);
  expect((await world.longhaul("resume")).stdout).toContain(String(engine.pid));
  expect((await world.longhaul("stop", "--reason", "seen enough")).code).toBe(0);
  expect((await engine.ended).code).toBe(1);
  const ended = await until("the end to be stored", async () => {
    const { run } = await world.status();
    return run.state.status === "ended" && run;
  });
  expect(ended.state).toMatchObject({ outcome: "stopped", reason: "seen enough" });
  expect((await world.longhaul("export")).stdout.split("\n").length).toBeGreaterThan(10);
});

test("a server that cannot be reached is an environment fault that says so", async () => {
  const world = makeWorld({ databaseUrl: "postgresql://nobody@127.0.0.1:1/nothing" });
  world.configure({ planner: () => {}, worker: () => {}, acceptance: ["true"] });
  const { code, stdout, stderr } = await world.longhaul("run", "Do it", "--config", world.path("longhaul.config.json"));
  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toMatch(/DATABASE_URL.*cannot be reached/s);
  expect(stderr).not.toMatch(/^\s+at /m);
});
