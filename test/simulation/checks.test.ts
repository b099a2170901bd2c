/** The checks of a trunk of which no checkout can be made, on a real store. */
import { expect, test } from "vitest";
import { laneLimits } from "../../src/domain/limits.ts";
import { Checks } from "../../src/engine/checks.ts";
import { quiet } from "./clock.ts";
import { base, oneCycle, run } from "./one-cycle.ts";
import { SimTrunk } from "./trunk.ts";

test("what keeps the checks from beginning is told, and tried again, once in a while", async () => {
  const { change, clock, store } = await oneCycle({ checks: [{ name: "all", command: "all", timeoutMs: null }] });
  const step = () => Promise.resolve();
  const port = new SimTrunk(step, () => false).port(step, step);
  let broken = true;
  let tries = 0;
  const openWorkspace: typeof port.openWorkspace = (...how) => {
    tries++;
    return broken ? Promise.reject(new Error("the disk is full")) : port.openWorkspace(...how);
  };
  const reported: unknown[] = [];
  const passed = { exitCode: 0, timedOut: false, output: "", ms: 1 };
  const checks = new Checks({
    store,
    trunk: { ...port, openWorkspace },
    commands: { run: () => Promise.resolve(passed) },
    clock,
    run,
    config: (await change(async (tx) => tx.run)).config,
    report: (error) => void reported.push(error),
  });
  /** The engine looks each second, for so long. */
  const look = async (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      checks.tipMoved(base);
      await quiet();
      clock.timer(1_000, () => undefined);
      clock.next();
    }
  };
  const green = () => change(async (tx) => tx.run.green);
  await look((2 * laneLimits.checkAgainMs) / 1_000);
  expect([tries, reported.length, await green()]).toEqual([2, 2, null]);
  broken = false;
  await look((2 * laneLimits.checkAgainMs) / 1_000);
  expect([tries, reported.length, await green()]).toEqual([3, 2, base]);
});
