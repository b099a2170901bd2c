import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { describe, expect, test } from "vitest";
import { openWorld } from "./world.ts";

const fault = (text: string | RegExp) => ({ ok: false, text: expect.stringMatching(text) });

describe("read_file", () => {
  test("numbers lines, reads on, and says what is special about the file", async () => {
    const { call, write } = openWorld();
    write("a", "one\ntwo\nthree");
    expect(await call("read_file", { path: "a" })).toEqual({
      ok: true,
      text: "1\tone\n2\ttwo\n3\tthree\n[lines 1 to 3 of 3 in a; the last line has no line end]",
    });
    expect((await call("read_file", { path: "a", offset: 2, limit: 1 })).text).toBe(
      "2\ttwo\n[lines 2 to 2 of 3 in a; read on with offset 3]",
    );
    expect(await call("read_file", { path: "a", offset: 4 })).toEqual(fault("has only 3 lines"));
    write("crlf", "a\r\nb\r\n");
    expect((await call("read_file", { path: "crlf" })).text).toBe(
      "1\ta\n2\tb\n[lines 1 to 2 of 2 in crlf; lines end with CR LF]",
    );
    write("latin", Buffer.from("caf\xe9\n", "latin1"));
    expect((await call("read_file", { path: "latin" })).text).toMatch(/^1\tcaf\ufffd\n.*not valid UTF-8/);
    write("empty", "");
    expect((await call("read_file", { path: "empty" })).text).toBe("[empty is empty]");
    write("binary", Buffer.alloc(1_000));
    expect((await call("read_file", { path: "binary" })).text).toBe("[binary is a binary file of 1000 bytes]");
  });

  test("what is too long is read in parts, and together they are the file", async () => {
    const { call, write } = openWorld();
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i} ${"x".repeat(i % 50)}`);
    write("a", `${lines.join("\n")}\n`);
    const read: string[] = [];
    for (let offset: number | undefined = 1; offset !== undefined;) {
      const { text } = await call("read_file", { path: "a", offset });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32_768);
      const on = /; read on with offset (\d+)\]$/.exec(text);
      read.push(
        ...text
          .split("\n")
          .slice(0, -1)
          .map((line) => line.replace(/^\d+\t/, "")),
      );
      offset = on ? Number(on[1]) : undefined;
    }
    expect(read).toEqual(lines);
    write("one-line", "é".repeat(5_000_000));
    const { text } = await call("read_file", { path: "one-line" });
    expect(text).toMatch(/^1\té+… \(10000000 bytes in this line\)\n\[lines 1 to 1 of 1/);
    expect(Buffer.byteLength(text)).toBeLessThan(2_200);
  });
});

describe("write_file and edit_file", () => {
  test("say what they did", async () => {
    const { call, workspace } = openWorld();
    expect((await call("write_file", { path: "d/a.ts", content: "one\ntwo\n" })).text).toBe(
      "d/a.ts: created; now 2 lines, 8 bytes",
    );
    chmodSync(join(workspace, "d/a.ts"), 0o755);
    expect((await call("write_file", { path: "d/a.ts", content: "1\n2\n" })).text).toBe(
      "d/a.ts: replaced (it had 8 bytes); now 2 lines, 4 bytes",
    );
    expect((await call("edit_file", { path: "d/a.ts", edits: [{ old: "2", new: "two\nthree" }] })).text).toBe(
      "d/a.ts: 1 replacement, now at line 2",
    );
    expect(readFileSync(join(workspace, "d/a.ts"), "utf8")).toBe("1\ntwo\nthree\n");
    expect(statSync(join(workspace, "d/a.ts")).mode & 0o777).toBe(0o755);
  });

  test("change nothing when anything is wrong", async () => {
    const { call, write, workspace } = openWorld();
    write("a", "one\ntwo\n");
    const wrong = await call("edit_file", {
      path: "a",
      edits: [
        { old: "one", new: "1" },
        { old: "three", new: "3" },
      ],
    });
    expect(wrong).toEqual(fault(/^a was not changed\. edits\[1\]\.old: is not in the file/));
    expect(await call("edit_file", { path: "a", edits: [{ old: "one", new: "\ud800" }] })).toEqual(
      fault("well-formed"),
    );
    expect(await call("edit_file", { path: "b", edits: [{ old: "one", new: "1" }] })).toEqual(
      fault("b does not exist"),
    );
    expect(await call("write_file", { path: "b", content: "\udc00" })).toEqual(fault("well-formed"));
    expect(await call("write_file", { path: ".git/hooks/x", content: "x" })).toEqual(fault("belongs to git"));
    expect(await call("write_file", { path: "a/b", content: "x" })).toEqual(fault("a file, not a folder"));
    expect(await call("write_file", { path: "big", content: "x".repeat(17_000_000) })).toEqual(fault("with a command"));
    expect(readFileSync(join(workspace, "a"), "utf8")).toBe("one\ntwo\n");
    expect(readdirSync(workspace).toSorted()).toEqual([".git", "a"]);
  });
});

describe("apply_patch", () => {
  test("creates, changes and removes files as git's own diff says", async () => {
    const { call, write, git, workspace } = openWorld();
    write("change.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    write("crlf.txt", "a\r\nb\r\nc\r\n");
    write("remove.txt", "x\n");
    write("empty.txt", "");
    write("open.txt", "no line end");
    write("spaces in name.txt", "a\n");
    git("add", ".");
    git("commit", "-qm", "first");
    write("change.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\nnine\n10\n");
    write("crlf.txt", "a\r\nB\r\nc\r\n");
    write("open.txt", "no line end, changed");
    write("new/deep.txt", "new\n");
    write("new/empty.txt", "");
    write("new/run.sh", "#!/bin/sh\n");
    chmodSync(join(workspace, "new/run.sh"), 0o755);
    write("spaces in name.txt", "b\n");
    git("rm", "-q", "remove.txt", "empty.txt");
    git("add", "-A");
    const patch = git("diff", "--cached", "--no-renames", "HEAD");
    const wanted = git("write-tree");
    git("reset", "-q", "--hard");
    const { ok, text } = await call("apply_patch", { patch });
    expect(text.split("\n").toSorted()).toEqual([
      "change.txt: changed",
      "crlf.txt: changed",
      "empty.txt: removed",
      "new/deep.txt: created",
      "new/empty.txt: created",
      "new/run.sh: created",
      "open.txt: changed",
      "remove.txt: removed",
      "spaces in name.txt: changed",
    ]);
    expect(ok).toBe(true);
    git("add", "-A");
    expect(git("write-tree")).toBe(wanted);
    expect(readdirSync(workspace).filter((name) => name.startsWith(".longhaul"))).toEqual([]);
  });

  test("takes plain diffs without git's words, whose lines have moved", async () => {
    const { call, write, workspace } = openWorld();
    write("a.txt", `${"moved\n".repeat(20)}one\ntwo\n`);
    expect(
      await call("apply_patch", { patch: createTwoFilesPatch("a.txt", "a.txt", "one\ntwo\n", "one\n2\n") }),
    ).toMatchObject({
      ok: true,
    });
    expect(readFileSync(join(workspace, "a.txt"), "utf8")).toMatch(/moved\none\n2\n$/);
  });

  test.each<[string, string, RegExp]>([
    ["nothing in it", "just words", /has no file in it/],
    ["another format", "*** Begin Patch\n*** Update File: a\n", /unified diff is needed/],
    ["wrong counts", "--- a/a\n+++ b/a\n@@ -1,5 +1,1 @@\n-one\n+1\n", /[Hh]unk at line \d+[^]*old counts/],
    ["no header", "@@ -1,1 +1,1 @@\n-one\n+1\n", /file 1 has no header/],
    [
      "a hunk that does not fit",
      "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+1\n@@ -3 +3 @@\n-thre\n+3\n",
      /a, hunk 2 of 2 \(@@ -3\)[^]*3\tthree/,
    ],
    ["a file that is not there", "--- a/b\n+++ b/b\n@@ -1 +1 @@\n-one\n+1\n", /b does not exist/],
    ["a new file that is there", "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+1\n", /a is to be created[^]*exist already/],
    [
      "a removed file with other lines",
      "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n",
      /the patch leaves lines of it/,
    ],
    ["a rename", "diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\n", /renames and copies/],
    [
      "a file twice",
      "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+1\n--- a/a\n+++ b/a\n@@ -2 +2 @@\n-two\n+2\n",
      /occurs twice/,
    ],
    ["a mode", "diff --git a/a b/a\nold mode 100644\nnew mode 100755\n", /change modes with a command/],
    ["a path outside", "--- /dev/null\n+++ b/../outside/x\n@@ -0,0 +1 @@\n+1\n", /outside of the workspace/],
    ["git's own file", "--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+1\n", /belongs to git/],
    [
      "a link to outside",
      "--- a/out/secret\n+++ b/out/secret\n@@ -1 +1 @@\n-canary\n+1\n",
      /leads out of the workspace/,
    ],
  ])("%s: nothing is changed, and why", async (_, patch, why) => {
    const { call, write, outside, workspace } = openWorld();
    write("a", "one\ntwo\nthree\n");
    writeFileSync(join(outside, "secret"), "canary\n");
    symlinkSync(outside, join(workspace, "out"));
    const first = "--- /dev/null\n+++ b/first\n@@ -0,0 +1 @@\n+first\n";
    for (const text of [patch, ...(patch.startsWith("---") ? [`${first}${patch}`] : [])]) {
      expect(await call("apply_patch", { patch: text })).toEqual(fault(why));
    }
    expect(readFileSync(join(workspace, "a"), "utf8")).toBe("one\ntwo\nthree\n");
    expect(readdirSync(workspace).toSorted()).toEqual([".git", "a", "out"]);
    expect(readdirSync(outside)).toEqual(["secret"]);
  });

  test("when a file cannot be put in its place, those before it are put back", async () => {
    const { call, write, workspace } = openWorld();
    write("a", "one\n");
    write("b", "two\n");
    // Of the same name as a folder that the patch itself makes: seen only when it comes to it.
    const patch =
      "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-one\n+1\n--- a/b\n+++ /dev/null\n@@ -1 +0,0 @@\n-two\n" +
      "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n--- /dev/null\n+++ b/x/y\n@@ -0,0 +1 @@\n+y\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n";
    expect(await call("apply_patch", { patch })).toEqual(fault(/^patch: nothing was changed/));
    expect(readFileSync(join(workspace, "a"), "utf8")).toBe("one\n");
    expect(readFileSync(join(workspace, "b"), "utf8")).toBe("two\n");
    expect(existsSync(join(workspace, "n"))).toBe(false);
  });

  test("a name that leads to a file changed already is seen", async () => {
    const { call, write, workspace } = openWorld();
    write("real", "one\n");
    symlinkSync("real", join(workspace, "alias"));
    const patch = ["real", "alias"]
      .map((name) => `--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-one\n+${name}\n`)
      .join("");
    expect(await call("apply_patch", { patch })).toEqual(
      fault(/^patch: nothing was changed.*alias was changed by somebody else/),
    );
    expect(readFileSync(join(workspace, "real"), "utf8")).toBe("one\n");
  });

  test("at odds with case: folders of that name are not files", async () => {
    const { call, workspace } = openWorld();
    mkdirSync(join(workspace, "d"));
    const patch = "--- /dev/null\n+++ b/d\n@@ -0,0 +1 @@\n+1\n";
    expect(await call("apply_patch", { patch })).toEqual(fault("is a folder"));
  });
});
