import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, expect, test, vi } from "vitest";
import type { RunId } from "../domain/ids.ts";
import type { GroupOrder } from "../engine/ports.ts";
import { lives, livingWith } from "./living.fixture.ts";
import { openProcesses } from "./processes.ts";

vi.setConfig({ testTimeout: 30_000 });
const processes = openProcesses();
afterAll(() => processes.stop());
const run = `marked-test-${process.pid}` as RunId;
const patience = { timeout: 20_000, interval: 10 };

function start(script: string, environment: GroupOrder["environment"]) {
  return processes.groups.spawn({
    argv: ["/bin/sh", "-c", script],
    directory: "/",
    environment: { PATH: "/usr/bin:/bin", ...environment },
    stdin: null,
    onStdout: () => {},
    onStderr: () => {},
  });
}
/** Starts a daemon (two forks, a session of its own, no pipe of ours) and ends once that is on its own. */
const daemonise = (script: string) =>
  `up=$( (setsid sh -c 'echo; exec >/dev/null; ${script}' </dev/null 2>/dev/null &) | head -n 1)`;
const daemon = daemonise("sleep 1000 & sleep 1000; true");

test("daemons that left their group die, and the answer is how many they were", async () => {
  await start(daemon, { LONGHAUL_RUN: run }).ended;
  await start(daemon, { LONGHAUL_RUN: run }).ended;
  await vi.waitFor(() => expect(livingWith(`LONGHAUL_RUN=${run}`)).toHaveLength(6), patience);
  expect(await processes.leftovers.killAll(run)).toBe(6);
  expect(livingWith(`LONGHAUL_RUN=${run}`)).toEqual([]);
  expect(await processes.leftovers.killAll(run)).toBe(0);
});

test("the leftovers of an engine that is dead, started by another process", async () => {
  const other = `${run}-other` as RunId;
  const host = spawn("/bin/sh", ["-c", daemon], {
    env: { PATH: "/usr/bin:/bin", LONGHAUL_RUN: other },
    stdio: "ignore",
  });
  await once(host, "exit");
  await vi.waitFor(() => expect(livingWith(`LONGHAUL_RUN=${other}`)).toHaveLength(3), patience);
  expect(await processes.leftovers.killAll(other)).toBe(3);
  expect(livingWith(`LONGHAUL_RUN=${other}`)).toEqual([]);
});

test("only processes with exactly these variables die", async () => {
  const others = [
    { LONGHAUL_RUN: `${run}x`, LONGHAUL_SESSION: "s1" },
    { LONGHAUL_RUN: run, LONGHAUL_SESSION: "s11" },
    { XLONGHAUL_RUN: run, OTHER: `LONGHAUL_RUN=${run}`, LONGHAUL_SESSION: "s1" },
  ].map((environment) => start("sleep 1000; true", environment));
  const meant = start("sleep 1000; true", { LONGHAUL_RUN: run, LONGHAUL_SESSION: "s1" });
  await vi.waitFor(
    () => expect(livingWith(`LONGHAUL_SESSION=s1`).filter((pid) => pid === meant.pid)).toHaveLength(1),
    patience,
  );
  expect(await processes.groups.killMarked({ LONGHAUL_RUN: run, LONGHAUL_SESSION: "s1" })).toBeGreaterThanOrEqual(1);
  expect(await meant.ended).toEqual({ kind: "killed", signal: "SIGKILL" });
  expect(others.map(({ pid }) => lives(pid!))).toEqual([true, true, true]);
  await Promise.all(others.map((group) => group.kill(0)));
});

test("many searches at once all come to their answers", async () => {
  const sessions = Array.from({ length: 50 }, (_, i) => `s${i + 1}`);
  await Promise.all(
    sessions.map(
      (session) => start(daemonise("sleep 1000; true"), { LONGHAUL_RUN: run, LONGHAUL_SESSION: session }).ended,
    ),
  );
  const killed = await Promise.all(
    sessions.map((session) => processes.groups.killMarked({ LONGHAUL_RUN: run, LONGHAUL_SESSION: session })),
  );
  expect(killed).toEqual(killed.map(() => 2));
  expect(livingWith(`LONGHAUL_RUN=${run}`)).toEqual([]);
});

test("a program that keeps forking new sessions is killed all the same", async () => {
  const forker = "i=0; while [ $i -lt 2000 ]; do setsid sleep 1000 & i=$((i+1)); done; sleep 1000";
  await start(daemonise(forker), { LONGHAUL_RUN: run }).ended;
  await vi.waitFor(() => expect(livingWith(`LONGHAUL_RUN=${run}`).length).toBeGreaterThan(20), patience);
  await processes.leftovers.killAll(run);
  expect(livingWith(`LONGHAUL_RUN=${run}`)).toEqual([]);
});
