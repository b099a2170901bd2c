/** Agents that run too long: told to hand off, killed, or found silent. */
import { expect, test } from "vitest";
import type { BriefMessage } from "../../src/domain/brief.ts";
import { noneLeft } from "./process-table.ts";
import { landings, makeWorld } from "./world.ts";

type TaskEnded = Extract<BriefMessage, { kind: "task_ended" }>;

test("the soft deadline asks for what there is; the hard one kills, retries, and asks for smaller tasks", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: `Do ${name}` });
      const ended = brief.inbox.filter((message) => message.kind === "task_ended");
      for (const message of ended) note("ended", message);
      if (brief.tasks.length === 0) plan(create("polite"), create("deaf"));
      else
        plan(...(ended.some(({ name, status }) => name === "deaf" && status === "failed") ? [create("smaller")] : []));
    },
    worker: async ({ brief, write, appears, print, wait, note }) => {
      const { name } = brief.task;
      write(`${name}.txt`, name);
      if (name === "polite") {
        await appears(brief.deadline.handOffFile);
        print({ status: "partial", handoff: { done: "the first half", concerns: ["the second half is missing"] } });
      } else if (name === "deaf") {
        note("deaf", process.pid);
        process.on("SIGTERM", () => note("deaf", "asked to end"));
        process.getBuiltinModule("node:child_process").spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
        for (;;) await wait(50);
      }
    },
    acceptance: ["test -f polite.txt -a -f smaller.txt -a ! -f deaf.txt"],
    limits: { softDeadlineMs: 800, hardDeadlineMs: 4_000, attemptsMax: 2, retryBackoffMs: 400, retryBackoffMsMax: 400 },
  });
  const { code, run } = await world.finishRun();
  expect(code).toBe(0);
  await noneLeft(`LONGHAUL_RUN=${run}`);
  expect(world.notes("deaf").filter((note) => note === "asked to end")).toHaveLength(2);
  expect(landings(world, run).map(({ subject }) => subject)).toEqual(["Do polite", "Do smaller"]);

  const ended = new Map(world.notes<TaskEnded>("ended").map((message) => [message.name, message]));
  expect(ended.get("polite")).toMatchObject({ status: "landed", handoff: { done: "the first half" } });
  expect(ended.get("deaf")).toMatchObject({ status: "failed", commit: null });
  expect(ended.get("deaf")?.handoff.done).toMatch(/hard deadline/);
  expect(ended.get("deaf")?.handoff.suggestions.join()).toMatch(/smaller tasks/);

  const events = await world.events();
  const failed = events.filter(({ type, data }) => type === "session.ended" && data["failure"] === "timed_out");
  expect(failed).toHaveLength(2);
  const again = events.find(
    ({ type, task, seq }) => type === "session.started" && task === failed[0]?.task && seq > (failed[0]?.seq ?? 0),
  );
  expect((again?.at ?? 0) - (failed[0]?.at ?? 0)).toBeGreaterThanOrEqual(400);
});

test("an agent that prints nothing is killed as stalled, one that goes on printing is not", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ brief, plan }) =>
      plan(
        ...(brief.tasks.length === 0
          ? ["talks", "sulks"].map((name) => ({ type: "create_task", name, title: name }))
          : []),
      ),
    worker: async ({ brief, log, wait, write }) => {
      const { name, attempt } = brief.task;
      for (let i = name === "talks" ? 0 : 30; i < 30; i++) {
        log(".");
        await wait(100);
      }
      if (name === "sulks" && attempt === 1) await wait(1_000_000);
      write(name, "done");
    },
    acceptance: ["test -f talks -a -f sulks"],
    limits: { stallMs: 2_000, turnFailuresMax: 10 },
  });
  const { code, run, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/"sulks" failed: printed nothing for 2 s/);
  expect(
    landings(world, run)
      .map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(["sulks", "talks"]);
});
