/** Work that loses again and again goes to a neutral agent, with what both sides meant. */
import { expect, test } from "vitest";
import type { ArbiterBrief, ConflictFile } from "../../src/domain/brief.ts";
import type { Running } from "./command.ts";
import { landings, makeWorld, type Setup, type World } from "./world.ts";

/**
 * A worker that resolves what it is told, and another that changes the same line each time the first is sent
 * back: the first loses every time.
 */
const stubborn = (arbiter: NonNullable<Setup["arbiter"]>): Setup => ({
  planner: ({ brief, plan }) => {
    const create = (name: string) => ({ type: "create_task", name, title: name });
    if (brief.tasks.length === 0) plan(...["mine", "other-1", "other-2", "other-3"].map(create));
    else plan();
  },
  worker: async ({ brief, gate, read, write, note }) => {
    const { name } = brief.task;
    if (name !== "mine") {
      await gate(name);
      return write("line.txt", `${read("line.txt") ?? ""}${name}\n`);
    }
    note("mine", brief.sentBack?.kind ?? null);
    const tries = brief.sentBack === null ? 1 : 2;
    await gate(`mine-${tries}`);
    // What it was sent back for first it keeps: it is not one that drops what others have landed.
    write("line.txt", `start\n${tries === 1 ? "" : "other-1\n"}mine\n`);
  },
  arbiter,
  acceptance: ["grep -q mine line.txt && grep -q other-1 line.txt && grep -q other-2 line.txt"],
  limits: { landingTriesMax: 2, conflictLeaseMs: 1 },
});

/** The other lands each time when the first is about to. */
async function loseTwice(world: World, engine: Running): Promise<void> {
  for (const n of [1, 2]) {
    await world.reached(`mine-${n}`);
    world.open(`other-${n}`);
    await engine.says(new RegExp(`"other-${n}" landed`));
    world.open(`mine-${n}`);
  }
}

test("an arbiter gets both sides with what each meant, and lands them", async () => {
  const world = makeWorld({ files: { "line.txt": "start\n" } });
  world.configure(
    stubborn(({ brief, read, write, note, print }) => {
      note("arbiter", { brief, marked: read("line.txt") });
      write("line.txt", "start\nother-1\nother-2\nmine\n");
      print({ status: "done", message: "Both sides", handoff: { done: "kept both" } });
    }),
  );
  const engine = await world.startRun();
  await loseTwice(world, engine);
  await engine.says(/"mine" was sent back 2 times, last for line.txt: an arbiter goes on with it/);
  await engine.says(/"mine" landed/);
  world.open("other-3");
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(world.notes("mine")).toEqual([null, "conflict"]);
  const [{ brief, marked } = none] = world.notes<{ brief: ArbiterBrief; marked: string }>("arbiter");
  expect(brief).toMatchObject({
    role: "arbiter",
    task: { name: "mine" },
    contested: { tries: 2 },
    sentBack: { kind: "conflict", others: [{ title: "other-2" }] },
  });
  const sentBack = brief.sentBack as { files: ConflictFile[] };
  expect(sentBack.files.map(({ path }) => path)).toEqual(["line.txt"]);
  expect(marked).toContain("<<<<<<<");
  expect(world.git("show", `longhaul/${engine.run}:line.txt`)).toMatch(/^start\nother-1\nother-2\nmine/);
  expect(landings(world, engine.run).map(({ subject }) => subject)).toContain("Both sides");
  // Longhaul's own words of it.
  const sessions = (await world.events()).filter(({ type }) => type === "session.started");
  expect(sessions.map(({ data }) => data["kind"])).toContain("arbitration");
});

const none = { brief: {} as ArbiterBrief, marked: "" };

test("where an arbiter gives up, its planner hears of it", async () => {
  const world = makeWorld({ files: { "line.txt": "start\n" } });
  world.configure({
    ...stubborn(({ print }) => print({ status: "failed", handoff: { done: "they contradict each other" } })),
    planner: ({ brief, plan, note }) => {
      const create = (name: string) => ({ type: "create_task", name, title: name });
      for (const message of brief.inbox) if (message.kind === "task_ended") note("ended", message);
      if (brief.tasks.length === 0) plan(...["mine", "other-1", "other-2"].map(create));
      else plan();
    },
    acceptance: ["grep -q other-2 line.txt"],
  });
  const engine = await world.startRun();
  await loseTwice(world, engine);
  const { code, stderr } = await engine.ended;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const ended = world.notes<{ name: string; status: string; handoff: { done: string } }>("ended");
  expect(ended.find(({ name }) => name === "mine")).toMatchObject({
    status: "failed",
    handoff: { done: expect.stringContaining("they contradict each other") },
  });
});
