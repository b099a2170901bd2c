/** What `prepare` makes lies in every workspace, and a failure of it holds up nothing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeWorld } from "./world.ts";

const files = { "README.md": "# A project\n", lock: "1\n", ".gitignore": "deps/\n" };

const waitAt = (name: string) =>
  `(cd "$LONGHAUL_CONFIG_DIR/gates"; touch ${name}.reached; while [ ! -e ${name}.open ]; do sleep 0.02; done)`;

test("workers, checks and the judge's commands wait for what is prepared, find it, and land none of it", async () => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ brief, plan }) => {
      const isFirst = brief.tasks.length === 0;
      plan(...(isFirst ? [{ type: "create_task", name: "work", title: "Change the lock" }] : []));
    },
    worker: async ({ write, read, note, gate }) => {
      note("found", [read("deps/x"), read("built.o"), read("README.md")]);
      await gate("worker");
      write("lock", "2\n");
    },
    prepare: [
      {
        name: "packages",
        command: `${waitAt("prepare")} && mkdir deps && cp lock deps/x && echo o > built.o && echo changed > README.md`,
        when: ["lock"],
      },
    ],
    checks: ["test -f deps/x"],
    acceptance: ["test -f deps/x", "test -f built.o"],
  });
  const run = await world.startRun();
  await world.reached("prepare");
  // Planners do not wait.
  await run.says(/t1 "Change the lock" created/);
  await run.says(/sessions wait: workers and judges begin when workspaces are prepared \(packages\)/);
  expect((await world.longhaul("status")).stdout).toContain("workspaces are prepared (packages)");
  expect(world.notes("found")).toEqual([]);
  world.open("prepare");
  await world.reached("worker");
  await run.says(/sessions wait no more/);
  // Nobody outside sees a mount, so none can stay.
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(world.folder);
  world.open("worker");
  const { code, stderr } = await run.ended;
  expect({ code, failed: /checks fail/.test(stderr) }).toEqual({ code: 0, failed: false });
  expect(world.notes("found")).toEqual([["1\n", "o\n", "# A project\n"]]);
  expect(world.git("diff", "--name-only", "HEAD", `longhaul/${run.run}`)).toBe("lock");
});

test.each([
  ["SIGINT", { code: 130, signal: null }],
  ["SIGKILL", { code: null, signal: "SIGKILL" }],
] as const)("%s while it prepares: nothing is waited for, and a resume prepares again", async (signal, end) => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "work", title: "W" }] : [])),
    worker: ({ write, read }) => write("done", read("deps") ?? "nothing\n"),
    prepare: [`${waitAt("prepare")} && echo prepared > deps`],
    acceptance: ["grep prepared done"],
  });
  const run = await world.startRun();
  await world.reached("prepare");
  await run.says(/t1 "W" created/);
  run.signal(signal);
  expect(await run.ended).toMatchObject(end);
  world.open("prepare");
  expect((await world.longhaul("resume")).code).toBe(0);
});

test.each(["auto", "copied"] as const)(
  "%s: where a path that matters has landed, it goes on from what it made before",
  async (workspaces) => {
    const world = makeWorld({ files });
    world.configure({
      planner: async ({ brief, plan, gate }) => {
        const number = brief.tasks.length;
        await gate(`turn-${number}`);
        plan(...(number < 2 ? [{ type: "create_task", name: `work-${number}`, title: "Change the lock" }] : []));
      },
      worker: ({ write, read, note }) => {
        note("found", [read("deps/log"), read("lock")]);
        write("lock", `${Number(read("lock")) + 1}\n`);
      },
      workspaces,
      prepare: [{ name: "packages", command: "mkdir -p deps && cat lock >> deps/log", when: ["lock"] }],
      acceptance: ["grep 3 lock"],
    });
    const run = await world.startRun();
    for (const turn of [0, 1]) {
      await world.reached(`turn-${turn}`);
      await run.says(new RegExp("(?:workspaces begin prepared[^]*){".concat(`${turn + 1}}`)));
      world.open(`turn-${turn}`);
    }
    await world.reached("turn-2");
    world.open("turn-2");
    expect((await run.ended).code).toBe(0);
    expect(world.notes("found")).toEqual([
      ["1\n", "1\n"],
      ["1\n2\n", "2\n"],
    ]);
  },
);

test("a prepare command that takes too long is told with its bound", async () => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    prepare: [{ name: "hangs", command: "while :; do sleep 1; done", timeoutMs: 50 }],
    acceptance: ["true"],
  });
  const { code, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/prepare: hangs took longer than 50 ms and was killed.* It printed nothing\./);
});

test("a prepare command that fails is told, and the run goes on without", async () => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ brief, plan }) =>
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "work", title: "W" }] : [])),
    worker: ({ write }) => write("done", "x\n"),
    prepare: ["echo no such package >&2; exit 3"],
    acceptance: ["test -f done"],
  });
  const { code, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(/prepare: .* ended with exit code 3; workspaces go on without it.*no such package/);
});
