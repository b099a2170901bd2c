/** A clock that is set, or a machine that slept, takes no time from an agent, and gives it none. */
import { expect, test } from "vitest";
import { limitDefaults } from "../../src/domain/limits.ts";
import type { Commit } from "../../src/domain/ids.ts";
import { Mirror } from "../../src/engine/mirror.ts";
import { Watch } from "../../src/engine/watch.ts";
import { oneCycle, run } from "./one-cycle.ts";
import { VirtualClock } from "./clock.ts";

const hourMs = 3_600_000;

function watched() {
  const clock = new VirtualClock();
  const watch = new Watch(clock, limitDefaults, (error) => expect.unreachable(String(error)));
  watch.begin();
  return { clock, watch };
}

test("an agent whose machine slept is not late when its work is sent back", async () => {
  const { clock, watch } = watched();
  clock.jump(8 * hourMs);
  await watch.standsStill(Promise.resolve());
  clock.next();
  expect(watch.cutBy).toBe(null);
  expect(watch.hardAt - clock.now()).toBeGreaterThan(0);
});

test("an agent has no more time where the clock was put back", async () => {
  const { clock, watch } = watched();
  clock.jump(-8 * hourMs);
  await watch.standsStill(Promise.resolve());
  const began = clock.elapsed();
  while (watch.cutBy === null && clock.next());
  expect(clock.elapsed() - began).toBe(limitDefaults.hardDeadlineMs);
});

test("what lands is published on, where the clock was put back", async () => {
  const { store, change, clock } = await oneCycle();
  const limits = limitDefaults;
  let exchanges = 0;
  const exchange = async () => ({ pushed: [], faults: [], followed: (exchanges++, null) });
  const report = (error: unknown) => expect.unreachable(String(error));
  const mirror = new Mirror({ store, remote: { exchange }, clock, run, limits, follows: false, report });
  const heads = await change(async (tx) => ({ tip: tx.run.tip, green: tx.run.green }));
  mirror.look(heads);
  await mirror.settled();
  clock.jump(-8 * hourMs);
  clock.timer(limits.mirrorMs, () => mirror.look({ ...heads, tip: "newer" as Commit }));
  clock.next();
  await mirror.settled();
  expect(exchanges).toBe(2);
});
