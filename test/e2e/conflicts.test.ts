/** A worker that does not look at what others have landed. */
import { expect, test } from "vitest";
import { makeWorld } from "./world.ts";

test("who always takes the own side of a conflict is told once what is dropped, and lands when it insists", async () => {
  const world = makeWorld({ files: { "list.txt": "first\nlast\n" } });
  world.configure({
    planner: ({ brief, plan }) => {
      const task = (name: string) => ({ type: "create_task", name, title: name });
      plan(...(brief.tasks.length === 0 ? [task("early"), task("late")] : []));
    },
    worker: async ({ brief, gate, note, write }) => {
      const { name } = brief.task;
      if (brief.sentBack === null) await gate(name);
      note(name, brief.sentBack?.kind === "refused" ? brief.sentBack.reasons : (brief.sentBack?.kind ?? "begins"));
      write("list.txt", `first\nadded by ${name}\nlast\n`);
    },
    acceptance: ["true"],
  });
  const { run, says, ended } = await world.startRun();
  await Promise.all(["early", "late"].map((name) => world.reached(name)));
  world.open("early");
  await says(/"early" landed as/);
  world.open("late");
  expect((await ended).code).toBe(0);
  const reason = expect.stringMatching(
    /^list\.txt: your resolution drops .*task t1 in commit \w{12}.*`added by early`/,
  );
  expect(world.notes("late")).toEqual(["begins", "conflict", [reason]]);
  expect(world.git("show", `longhaul/${run}:list.txt`)).toBe("first\nadded by late\nlast");
  const refused = (await world.events()).find(({ type }) => type === "landing.refused");
  expect((await world.longhaul("logs", `s${refused?.session}`)).stdout).toMatch(
    /refused: list\.txt: .*`added by early`/,
  );
});
