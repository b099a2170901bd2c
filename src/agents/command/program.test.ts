import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findProgram, programText } from "./program.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longhaul-program-"));
  mkdirSync(join(folder, "bin", "tool-folder"), { recursive: true });
  writeFileSync(join(folder, "bin", "tool"), "", { mode: 0o755 });
  writeFileSync(join(folder, "bin", "text"), "", { mode: 0o644 });
  writeFileSync(join(folder, "judge.sh"), "", { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const find = (command: string | string[]) =>
  findProgram({ command }, { PATH: `/nowhere:${join(folder, "bin")}` }, folder);

test.each([[["tool", "x"]], ["tool x | y"], ["A=1 B=b/c tool"]])("%j is found in PATH", (command) => {
  expect(find(command)).toEqual({ kind: "found", path: join(folder, "bin", "tool") });
});

test.each([[["no-tool"]], ["no-tool -x"], [["tool-folder"]], [["text"]]])(
  "%j is missing, and it says where it looked",
  (command) => {
    expect(find(command)).toEqual({
      kind: "missing",
      lookedFor: expect.stringContaining("/nowhere:"),
      problem: expect.stringMatching(/ is not in PATH$/),
    });
  },
);

test("paths", () => {
  expect(find("./judge.sh")).toEqual({ kind: "found", path: join(folder, "judge.sh") });
  expect(find([join(folder, "judge.sh")])).toMatchObject({ kind: "found" });
  expect(find("./other.sh")).toMatchObject({ kind: "unknown" });
  expect(find(["/no/such/program"])).toEqual({
    kind: "missing",
    lookedFor: "/no/such/program, which does not exist",
    problem: "/no/such/program does not exist",
  });
  expect(find([join(folder, "bin", "text")])).toMatchObject({
    kind: "missing",
    lookedFor: expect.stringContaining("no executable file"),
  });
});

test("what only the shell can tell", () => {
  for (const command of ["(cd a && b)", '"$TOOL" x', "$TOOL", "tool|x"])
    expect(find(command)).toMatchObject({ kind: "unknown" });
  for (const command of ["for f in *; do x; done", "exec tool", "true"])
    expect(find(command)).toEqual({ kind: "found", path: "/bin/sh" });
  expect(find(["true"])).toMatchObject({ kind: "missing" });
  for (const command of ["", "  ", [""], []]) expect(find(command)).toMatchObject({ kind: "missing" });
});

test("a program's name for messages is one short line", () => {
  expect(programText(["node", "plan.ts"])).toBe("node plan.ts");
  expect(programText(`\nfirst\nsecond`)).toBe("first");
  expect(programText("x".repeat(1_000))).toHaveLength(201);
});
