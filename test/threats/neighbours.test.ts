/** Threats 11 and 12 in a whole run: a session that takes what it can get, and leaves behind what it can. */
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { landings, makeWorld } from "../e2e/world.ts";

const living = (mark: string): string[] =>
  readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(mark);
    } catch {
      return false; // It has ended meanwhile.
    }
  });

test("a session that swarms, burns and daemonises is ended with all that it began; its neighbour lands", async () => {
  const world = makeWorld();
  const mark = `swarm-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const scripts = {
    planner: `if grep -q '"kind":"task_ended"' "$LONGHAUL_BRIEF"; then echo '{"actions":[]}'; exit; fi
echo '{"actions":[{"type":"create_task","name":"swarm","title":"Swarm"},{"type":"create_task","name":"good","title":"Good"}]}'`,
    worker: `if grep -q '"name":"good"' "$LONGHAUL_BRIEF"; then sleep 2; echo good > good.txt; exit; fi
i=0
while [ $i -lt 150 ]; do
  setsid sh -c 'trap "" TERM HUP; while :; do sleep 5; done; : ${mark}' </dev/null >/dev/null 2>&1 &
  i=$((i+1))
done
setsid sh -c 'while :; do :; done; : ${mark}' </dev/null >/dev/null 2>&1 &
(setsid sh -c '(setsid sleep 600 &) ; : ${mark}' &)
echo all have begun
while :; do :; done`,
  };
  for (const [role, script] of Object.entries(scripts)) {
    world.write(`scripts/${role}.sh`, `#!/bin/sh\n${script}\n`);
    chmodSync(world.path(`scripts/${role}.sh`), 0o755);
  }
  world.writeConfig({
    sandbox: "auto",
    agents: {
      planner: { command: [world.path("scripts/planner.sh")] },
      worker: { command: [world.path("scripts/worker.sh")] },
    },
    roles: { planner: "planner", worker: "worker" },
    acceptance: ["test -e good.txt"],
    limits: { attemptsMax: 1, softDeadlineMs: 5_000, hardDeadlineMs: 6_000 },
  });
  const { code, run, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(landings(world, run).map(({ subject }) => subject)).toEqual(["Good"]);
  const tasks = await world.tasks();
  expect(tasks.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual(["good landed", "swarm failed"]);
  expect((await world.longhaul("export")).stdout).toContain("all have begun");
  expect(living(mark)).toEqual([]);
});
