import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toolLimits } from "../../../src/domain/limits.ts";
import { openWorld } from "./world.ts";

describe("list_files", () => {
  test("shows files, hidden ones too, without ignored ones and git's own", async () => {
    const { call, write } = openWorld();
    write(".gitignore", "dist/\n*.log\n");
    write("src/a.ts", "");
    write("src/deep/b.ts", "");
    write(".github/ci.yml", "");
    write("dist/a.js", "");
    write("x.log", "");
    expect(await call("list_files", {})).toEqual({
      ok: true,
      text: ".github/ci.yml\n.gitignore\nsrc/a.ts\nsrc/deep/b.ts\n[4 files in .]",
    });
    expect((await call("list_files", { path: "src" })).text).toBe("src/a.ts\nsrc/deep/b.ts\n[2 files in src]");
    expect((await call("list_files", { glob: "*.ts" })).text).toBe("src/a.ts\nsrc/deep/b.ts\n[2 files in .]");
    expect((await call("list_files", { glob: "!*.ts" })).text).toBe(".github/ci.yml\n.gitignore\n[2 files in .]");
    expect((await call("list_files", { path: "dist" })).text).toBe("dist/a.js\n[1 file in dist]");
    expect((await call("list_files", { glob: "*.rs" })).text).toMatch(/^\[no files that match "\*\.rs" in \./);
  });

  test("ignore files above the workspace and of the user do not count", async () => {
    const { call, write, folder, outside } = openWorld();
    writeFileSync(join(folder, ".gitignore"), "*\n");
    writeFileSync(join(folder, ".ignore"), "*\n");
    mkdirSync(join(outside, ".config/git"), { recursive: true });
    writeFileSync(join(outside, ".config/git/ignore"), "*\n");
    write("a.ts", "");
    expect((await call("list_files", {})).text).toBe("a.ts\n[1 file in .]");
  });

  test("depth makes one line of what is deeper", async () => {
    const { call, write } = openWorld();
    for (const name of ["a", "b", "c"]) write(`src/deep/${name}.ts`, "");
    write("src/main.ts", "");
    write("README.md", "");
    expect((await call("list_files", { depth: 1 })).text).toBe(
      "README.md\nsrc/ (4 files)\n[5 files in .; folders down to level 1]",
    );
    expect((await call("list_files", { depth: 2 })).text).toContain("src/deep/ (3 files)\nsrc/main.ts\n");
    expect((await call("list_files", { path: "src", depth: 1 })).text).toContain("src/deep/ (3 files)\nsrc/main.ts\n");
  });

  test("too many files become folders with counts; with a glob, the first ones and how many there are", async () => {
    const { call, write } = openWorld();
    for (let i = 0; i < 1_500; i++) write(`pkg/p${i % 10}/f${i}.ts`, "");
    write("z.md", "");
    const all = await call("list_files", {});
    expect(all.text).toContain("pkg/p3/ (150 files)\n");
    expect(all.text).toMatch(/z\.md\n\[1501 files in \.; folders down to level 2\]$/);
    const some = await call("list_files", { glob: "*.ts" });
    expect(some.text).toMatch(/\[1500 files in \.; 1000 of 1500 entries shown: narrow it with path or glob\]$/);
    expect(some.text.split("\n")[0]).toBe("pkg/p0/f0.ts");
  });

  test("names with line ends and names like options are shown as they can be used", async () => {
    const { call, write } = openWorld();
    write("a\nb.ts", "one\n");
    write("-x/--files.ts", "two\n");
    const { text } = await call("list_files", {});
    expect(text).toBe('-x/--files.ts\n"a\\nb.ts"\n[2 files in .]');
    expect((await call("read_file", { path: "a\nb.ts" })).text).toContain("1\tone\n");
    expect((await call("list_files", { path: "-x" })).text).toBe("-x/--files.ts\n[1 file in -x]");
    expect((await call("search", { pattern: "two", path: "-x/--files.ts" })).text).toContain("  1:two\n");
    expect((await call("search", { pattern: "one" })).text).toContain('"a\\nb.ts"\n  1:one\n');
  });

  test("what is wrong with a path or a glob is said", async () => {
    const { call, outside, workspace } = openWorld();
    writeFileSync(join(outside, "secret"), "4711");
    symlinkSync(outside, join(workspace, "out"));
    expect(await call("list_files", { path: "nowhere" })).toMatchObject({
      ok: false,
      text: expect.stringContaining("does not exist"),
    });
    expect(await call("list_files", { path: "out" })).toMatchObject({
      ok: false,
      text: expect.stringContaining("leads out"),
    });
    expect(await call("list_files", { path: "../outside" })).toMatchObject({
      ok: false,
      text: expect.stringContaining("outside of"),
    });
    writeFileSync(join(workspace, "file"), "");
    expect(await call("list_files", { path: "file" })).toMatchObject({
      ok: false,
      text: expect.stringContaining("no folder"),
    });
    expect(await call("list_files", { glob: "[" })).toMatchObject({ ok: false, text: expect.stringContaining("glob") });
    expect((await call("list_files", {})).text).not.toContain("secret");
  });
});

describe("search", () => {
  test("answers matches by file, with numbers and context", async () => {
    const { call, write } = openWorld();
    write("b.ts", "one\ntwo\nthree\nfour\nfive\n");
    write("a.ts", "Two\r\n");
    expect((await call("search", { pattern: "two|five" })).text).toBe("b.ts\n  2:two\n  5:five\n[2 matches in 1 file]");
    expect((await call("search", { pattern: "two", ignoreCase: true })).text).toBe(
      "a.ts\n  1:Two\nb.ts\n  2:two\n[2 matches in 2 files]",
    );
    expect((await call("search", { pattern: "two|five", context: 1 })).text).toBe(
      "b.ts\n  1-one\n  2:two\n  3-three\n  4-four\n  5:five\n[2 matches in 1 file]",
    );
    expect((await call("search", { pattern: "one|five", context: 1 })).text).toContain("  2-two\n  --\n  4-four\n");
    expect((await call("search", { pattern: "two", ignoreCase: true, filesOnly: true })).text).toBe(
      "a.ts\nb.ts\n[2 files with matches]",
    );
    expect(await call("search", { pattern: "six" })).toEqual({ ok: true, text: "[no match]" });
  });

  test("a plain text is one, and a broken expression is explained", async () => {
    const { call, write } = openWorld();
    write("a.ts", "call(a[0]\n");
    const broken = await call("search", { pattern: "call(a[0]" });
    expect(broken).toMatchObject({
      ok: false,
      text: expect.stringMatching(/not a regular expression[^]*set fixed to true/),
    });
    expect((await call("search", { pattern: "call(a[0]", fixed: true })).text).toContain("  1:call(a[0]\n");
    expect((await call("search", { pattern: "--files", fixed: true })).text).toBe("[no match]");
  });

  test("stops at the bound and says so", async () => {
    const { call, write } = openWorld();
    write("a.txt", "x\n".repeat(1_000_000));
    const { text } = await call("search", { pattern: "x" });
    expect(text).toMatch(/\[the first 300 matches found, there are more: narrow it/);
    expect(text.split("\n")).toHaveLength(302);
  });

  test("long lines are cut around the match, giant ones are told of", async () => {
    const { call, write } = openWorld();
    write("long.txt", `${"a".repeat(5_000)}needle${"b".repeat(5_000)}\n`);
    write("giant.txt", `needle${"c".repeat(20_000_000)}\n`);
    const { text } = await call("search", { pattern: "needle" });
    expect(text).toContain("giant.txt\n  (a line that is too long to show)\n");
    expect(text).toMatch(/1:…a+needleb+… \(10006 bytes in this line\)/);
    expect(Buffer.byteLength(text)).toBeLessThan(1_000);
  });

  test("binary files and invalid UTF-8 do no harm", async () => {
    const { call, write } = openWorld();
    write("latin.txt", Buffer.from("caf\xe9 needle\n", "latin1"));
    write("bin", Buffer.concat([Buffer.from("needle\n".repeat(3)), Buffer.from([0, 1, 2]), Buffer.alloc(100_000)]));
    const { text } = await call("search", { pattern: "needle" });
    expect(text).toContain("latin.txt\n  1:caf\ufffd needle\n");
    expect(text).not.toContain("\0");
  });

  test("no configuration of ripgrep, no link, nothing outside", async () => {
    const { call, outside, workspace, context } = openWorld();
    writeFileSync(join(outside, "secret"), "canary\n");
    writeFileSync(join(outside, "rc"), "--follow\n");
    symlinkSync(outside, join(workspace, "out"));
    symlinkSync(join(outside, "secret"), join(workspace, "link"));
    const environment = { ...context.environment, RIPGREP_CONFIG_PATH: join(outside, "rc") };
    expect((await call("search", { pattern: "canary" }, { environment })).text).toBe("[no match]");
    for (const path of ["out", "link", "out/secret", "../outside", outside]) {
      expect(await call("search", { pattern: "canary", path })).toMatchObject({ ok: false });
    }
  });

  test("an aborted session ends it", async () => {
    const { call } = openWorld();
    const answer = await call("search", { pattern: "x" }, { signal: AbortSignal.abort() });
    expect(answer).toEqual({ ok: false, text: expect.stringContaining("the session is being closed") });
  });
});

test("an answer is never longer than its bound", async () => {
  const { call, write } = openWorld();
  for (let i = 0; i < 900; i++)
    write(`${"long-folder-name/".repeat(6)}${i}-${"x".repeat(150)}.txt`, "needle ".repeat(100));
  for (const [tool, input] of [
    ["list_files", {}],
    ["search", { pattern: "needle" }],
    ["search", { pattern: "needle", filesOnly: true }],
  ] as const) {
    const { text } = await call(tool, input);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(toolLimits.answerBytesMax);
    expect(text).toContain("shown: narrow it with");
  }
});
