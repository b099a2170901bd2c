/** A worker that would rather have the tests pass than the work done. */
import { expect, test } from "vitest";
import type { JudgeBrief } from "../../src/domain/brief.ts";
import type { RunView } from "../../src/engine/views.ts";
import { makeWorld } from "./world.ts";

const files = {
  "README.md": "# A project\n",
  "scripts/verify.sh": "for each in test/acceptance/*.sh; do sh $each || exit 1; done; echo 2 passed in 1s\n",
  "test/acceptance/one.sh": "test -e work.txt # assert\n",
  "test/acceptance/two.sh": "true\n",
  "test/unit.test.js": 'it("a", () => { expect(1).toBe(1); });\nit("b", () => { expect(2).toBe(2); });\n',
  "test/gone.test.js": 'it("c", () => { expect(3).toBe(3); });\n',
};
const verify = {
  name: "verify",
  command: "sh scripts/verify.sh",
  protected: ["test/acceptance/", "scripts/verify.sh"],
};

test("cheating does not help: protected files are run as they were, and the judge sees what became of the tests", async () => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ brief, plan, note }) => {
      note("told", brief.run.protected);
      plan(
        ...(brief.tasks.length === 0 ? [{ type: "create_task", name: "work", title: `${brief.cycle.number}` }] : []),
      );
    },
    worker: ({ brief, write, remove, note }) => {
      note("told", brief.run.protected);
      if (brief.cycle.number > 1) return write("work.txt", "done");
      write("scripts/verify.sh", "echo 1 passed in 1s; exit 0\n");
      remove("test/acceptance/one.sh");
      write("test/acceptance/three.sh", "exit 0\n");
      write("test/unit.test.js", 'it("a", () => {});\nit.skip("b", () => { expect(2).toBe(2); });\n');
      remove("test/gone.test.js");
    },
    judge: ({ brief, print, note, read }) => {
      note("judged", { ...brief, script: read("scripts/verify.sh") });
      print({ verdict: "achieved", summary: "They say that it is done." });
    },
    acceptance: [verify],
    checks: ["true"],
  });
  const { code, stdout, run } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.notes("told")).toContainEqual(["scripts/verify.sh", "test/acceptance"]);

  const [first, second] = world.notes<JudgeBrief & { script: string }>("judged");
  expect(first?.acceptance[0]).toMatchObject({ name: "verify", passed: false });
  expect(first?.putBack.files).toEqual([
    { path: "scripts/verify.sh", change: "changed" },
    { path: "test/acceptance/one.sh", change: "deleted" },
    { path: "test/acceptance/three.sh", change: "added" },
  ]);
  expect(first?.script).toContain("exit 0"); // The judge looks at the trunk as it is.
  expect(first?.tests.files).toEqual([
    { kind: "deleted", path: "test/acceptance/one.sh", cases: 0 },
    { kind: "deleted", path: "test/gone.test.js", cases: 1 },
    { kind: "marked", path: "test/unit.test.js", marks: { skip: 1 } },
    {
      kind: "fewer",
      path: "test/unit.test.js",
      cases: { before: 2, after: 2 },
      assertions: { before: 2, after: 1 },
    },
  ]);
  expect(second?.acceptance[0]).toMatchObject({ name: "verify", passed: true });
  expect(second?.putBack.files.length).toBe(3); // Until somebody puts them back on the trunk.
  expect(second?.tests.files).toEqual([]);
  expect(second?.cycle.history[0]?.weakened).toBe(4);

  const { verdicts } = await world.status();
  const told = verdicts.toSorted((a, b) => a.cycle - b.cycle);
  expect(told.map(({ verdict }) => verdict)).toEqual(["continue", "achieved"]);
  expect(told[0]?.evidence.remarks.join("\n")).toMatch(/scripts\/verify\.sh \(changed\)[^]*overruled.*verify/);
  expect(told[0]?.evidence.tests.files.length).toBe(4);
  expect(world.git("show", `longhaul/${run}:scripts/verify.sh`)).toContain("exit 0");
  expect(stdout).toContain("protected files otherwise");
  expect((await world.longhaul("status")).stdout).toContain("4 findings of weakened tests");
  expect((await world.longhaul("events")).stdout).toMatch(/tests weakened in cycle 1, 4 findings: .*gone\.test\.js/);
});

test("runners that tell of fewer tests than in the last cycle are told to the judge", async () => {
  const world = makeWorld({ files: { "count.sh": 'echo "$(cat count) passed in 1s"\n', count: "30\n" } });
  world.configure({
    planner: ({ brief, plan }) => {
      plan(...(brief.tasks.length === 0 ? [{ type: "create_task", name: "work", title: "Work" }] : []));
    },
    worker: ({ brief, write }) => write("count", brief.cycle.number === 1 ? "31\n" : "12\n"),
    judge: ({ brief, print }) => {
      print({ verdict: brief.cycle.number === 1 ? "continue" : "achieved", summary: "Fine.", brief: "Once more." });
    },
    acceptance: ["sh count.sh"],
  });
  const { stdout } = await world.finishRun("--json");
  const { verdicts } = JSON.parse(stdout) as RunView;
  const last = verdicts.find(({ cycle }) => cycle === 2);
  expect(last?.evidence.tests.totals).toEqual([
    {
      name: "sh count.sh",
      before: { runner: "pytest", ran: 31, skipped: 0 },
      after: { runner: "pytest", ran: 12, skipped: 0 },
    },
  ]);
  expect(last?.verdict).toBe("achieved"); // It is a report; nothing is forbidden by it.
});

test.each([
  ["../outside.sh", 3, /acceptance\.0\.protected\.0: "\.\.\/outside\.sh": a path without "\.\."/],
  ["/etc/passwd", 3, /relative to the repository's top/],
  ["test/acceptence/", 2, /acceptance "verify": the protected path "test\/acceptence" is not in the commit/],
])("the protected path %s is refused before anything begins", async (path, exitCode, said) => {
  const world = makeWorld({ files });
  world.configure({
    planner: ({ plan }) => plan(),
    worker: () => {},
    acceptance: [{ ...verify, protected: [path] }],
  });
  const config = world.path("longhaul.config.json");
  const { code, stderr } = await world.longhaul("run", "Do it", "--config", config);
  expect(code).toBe(exitCode);
  expect(stderr).toMatch(said);
  const doctor = await world.longhaul("doctor", "--config", config);
  expect(doctor.stdout).toMatch(exitCode === 2 ? /acceptence is not in the commit/ : /protected/);
  expect(world.git("status", "--porcelain", "--ignored")).not.toContain(".longhaul");
});
