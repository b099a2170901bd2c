/** kill -9 at any moment: what was acknowledged stays, nothing happens twice, nothing is left running. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Dice } from "../simulation/random.ts";
import type { Running } from "./command.ts";
import { faultsOf, graphJob } from "./graph-job.ts";
import { kill, noneLeft, processesWith } from "./process-table.ts";
import { makeWorld, type World } from "./world.ts";

const seed = 20_261;
const roundsMax = 12;

test("an engine killed at many moments ends with the tree of an undisturbed run", async () => {
  const world = makeWorld();
  const job = graphJob(seed, 40);
  world.configure(job.setup);
  const calm = await world.startRun();
  const dice = new Dice(seed);
  const first = await world.startRun();
  const { run } = first;
  let engine: Running = first;
  let landed: string[] = [];
  let kills = 0;
  for (; kills < roundsMax; kills++) {
    // Moments all over the start of an engine and the work that follows.
    const over = await Promise.race([engine.ended, sleep(dice.int(100, 1_900))]);
    if (over) break;
    engine.signal("SIGKILL");
    await engine.ended;
    await noneLeft(`LONGHAUL_RUN=${run}`);
    const now = onTrunk(world, run);
    expect(now.slice(0, landed.length)).toEqual(landed);
    landed = now;
    engine = world.start("resume", "--run", run);
  }
  expect(await engine.ended).toMatchObject({ code: 0 });
  expect(kills).toBeGreaterThanOrEqual(3); // How many fit in depends on the machine.
  expect(await faultsOf(world, run, job.tasks)).toEqual([]);
  expect(onTrunk(world, run).slice(0, landed.length)).toEqual(landed);
  await noneLeft(`LONGHAUL_RUN=${run}`);

  expect(await calm.ended).toMatchObject({ code: 0 });
  expect(await faultsOf(world, calm.run, job.tasks)).toEqual([]);
  expect(world.git("rev-parse", `longhaul/${run}^{tree}`)).toBe(world.git("rev-parse", `longhaul/${calm.run}^{tree}`));
  expect(world.processes()).toEqual([]);
});

test("agents killed at random cost tries, and nothing else", async () => {
  const world = makeWorld();
  const job = graphJob(seed + 1, 16);
  world.configure(job.setup);
  const dice = new Dice(seed);
  const { run, ended } = await world.startRun();
  let kills = 0;
  // The pause between two kills is what makes them random.
  while (kills < 12 && !(await Promise.race([ended, sleep(dice.int(0, 400), null)]))) {
    const agents = processesWith(`LONGHAUL_RUN=${run}`).filter(({ command }) => command.includes("/agents/"));
    if (agents.length > 0) {
      kill(dice.pick(agents).pid);
      kills++;
    }
  }
  expect(await ended).toMatchObject({ code: 0 });
  expect(kills).toBeGreaterThanOrEqual(1); // How many fit in depends on the machine.
  expect(await faultsOf(world, run, job.tasks)).toEqual([]);
  await noneLeft(`LONGHAUL_RUN=${run}`);
});

test("status says that no engine drives a run whose engine was killed, and how to go on", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "a", title: "a" }] : [])),
    worker: ({ gate }) => gate("never"),
    acceptance: ["true"],
  });
  const engine = await world.startRun();
  await world.reached("never");
  engine.signal("SIGKILL");
  await engine.ended;
  expect((await world.longhaul("status")).stdout).toContain("longhaul resume");
});

/** The commits of the run's own branch, oldest first. */
function onTrunk(world: World, run: string): string[] {
  const refs = world.git("--git-dir=.longhaul/trunk.git", "for-each-ref", "--format=%(refname)", `refs/heads`);
  const ref = refs.split("\n").find((name) => name.includes(run));
  if (ref === undefined) return [];
  return world.git("--git-dir=.longhaul/trunk.git", "log", "--reverse", "--format=%H", ref).split("\n");
}
