/** Verdicts: what the judge says, what the acceptance commands say, and who wins. */
import { expect, test } from "vitest";
import type { RunView } from "../../src/engine/views.ts";
import { makeWorld } from "./world.ts";

/** As it lies in the repository; workers may change that copy as they like. */
const projectFiles = {
  "README.md": "# A project\n",
  "longhaul.config.json": '{ "acceptance": ["sh accept.sh"] }\n',
  "accept.sh": "exit 1\n",
};

test("achieved needs every acceptance command of the stored configuration, whatever judge and workers do", async () => {
  const world = makeWorld({ files: projectFiles });
  world.write("accept.sh", 'n=$(ls done | wc -l); echo "score=$n.5"; test "$n" -ge 2\n');
  world.configure({
    planner: ({ brief, plan, note }) => {
      note("cycles", { number: brief.cycle.number, brief: brief.cycle.brief, history: brief.cycle.history });
      plan(
        ...(brief.tasks.length === 0
          ? [{ type: "create_task", name: "work", title: `Cycle ${brief.cycle.number}` }]
          : []),
      );
    },
    worker: ({ brief, write }) => {
      if (brief.cycle.number > 1) write(`done/${brief.cycle.number}`, "done");
      write("longhaul.config.json", `{ "acceptance": ["true"], "cycle": ${brief.cycle.number} }\n`);
      write("accept.sh", "exit 0\n");
    },
    judge: ({ brief, print, note, log }) => {
      note(
        "judged",
        brief.acceptance.map(({ name, passed, score }) => ({ name, passed, score })),
      );
      log("looked at it\n");
      const two = { verdict: "continue", summary: "half way", brief: "Write the second file." };
      print(brief.cycle.number === 2 ? two : { verdict: "achieved", summary: "Trust me." });
    },
    acceptance: [{ name: "enough", command: 'sh "$LONGHAUL_CONFIG_DIR/accept.sh"' }],
  });
  const { code, stdout } = await world.finishRun();
  expect(code).toBe(0);

  const { verdicts } = await world.status();
  const told = verdicts.toSorted((a, b) => a.cycle - b.cycle);
  expect(
    told.map(({ cycle, verdict, evidence }) => [
      cycle,
      verdict,
      evidence.acceptance[0]?.passed,
      evidence.acceptance[0]?.score,
    ]),
  ).toEqual([
    [1, "continue", false, 0.5],
    [2, "continue", false, 1.5],
    [3, "achieved", true, 2.5],
  ]);
  expect(told[0]?.evidence.remarks.join()).toMatch(/overruled.*enough/);
  expect(world.notes("judged").length).toBe(3);

  type Cycle = { number: number; brief: string; history: unknown[] };
  const starts = [1, 2, 3].map((number) => world.notes<Cycle>("cycles").find((cycle) => cycle.number === number));
  expect(starts[0]).toMatchObject({ brief: "", history: [] });
  expect(starts[1]?.brief).toContain('"enough" fails');
  expect(starts[2]).toMatchObject({ brief: "Write the second file.", history: [{ number: 1 }, { number: 2 }] });
  for (const text of [stdout, (await world.longhaul("status")).stdout]) expect(text).toContain("2.5");
});

test("without a judge the acceptance commands decide, and cycles that bring nothing end the run", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    acceptance: ["echo nothing is there >&2; false"],
    limits: { idleCyclesMax: 1 },
  });
  const { code, stdout } = await world.finishRun("--json");
  expect(code).toBe(1);
  const { run, verdicts } = JSON.parse(stdout) as RunView;
  expect(run.state).toMatchObject({ status: "ended", outcome: "stopped" });
  expect(verdicts.map(({ verdict }) => verdict).toSorted()).toEqual(["continue", "stop"]);
  expect(verdicts.map(({ summary }) => summary).join()).toContain("brought nothing");
});

test("a judge that cannot judge pauses the run, and a resume asks it again", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    judge: ({ data, read, print }) => {
      print(read(data) === null ? "{ I am undecided" : { verdict: "achieved", summary: "Fine." });
    },
    data: world.path("heart"),
    limits: { judgementFailuresMax: 2 },
  });
  const { code, stdout } = await world.finishRun();
  expect(code).toBe(1);
  expect(stdout).toMatch(/the judgement failed 2 times.*not.*JSON/s);
  expect((await world.status()).run.state).toMatchObject({ status: "paused", reason: "judge" });
  world.write("heart", "");
  expect((await world.longhaul("resume")).code).toBe(0);
});

test("a run without checks and acceptance commands has no green", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    judge: ({ print }) => print({ verdict: "achieved", summary: "Fine." }),
  });
  const { stdout } = await world.finishRun();
  expect(stdout).not.toContain("checks passed");
});

test("a judge that crashes is asked again, not believed", async () => {
  const world = makeWorld();
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    judge: () => {
      throw new Error("a mistake in the judge's program");
    },
    limits: { judgementFailuresMax: 2, cyclesMax: 2 },
  });
  await world.finishRun();
  expect((await world.status()).run.state).toMatchObject({ status: "paused", reason: "judge" });
});
