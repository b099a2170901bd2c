import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { toolLimits } from "../../domain/limits.ts";
import { readExact, readWhole } from "./reading.ts";
import { openWorkspace, removeWorkspaces } from "./workspace.testsuite.ts";
import { replaceFile, stageFile, stageRemoval } from "./writing.ts";

afterAll(removeWorkspaces);

const refused = (text: string | RegExp) => ({ ok: false, text: expect.stringMatching(text) });

describe("a path", () => {
  test("in the workspace, relative or absolute, also through links that stay in it", async () => {
    const { workspace, at, folder } = openWorkspace();
    mkdirSync(at("d"));
    writeFileSync(at("d/a"), "text");
    symlinkSync("d", at("link"));
    symlinkSync(workspace, join(folder, "other-name"));
    for (const path of ["d/a", "./d//a", "d/../d/a", at("d/a"), "link/a"]) {
      expect(await readExact(workspace, path)).toMatchObject({ ok: true, value: { text: "text" } });
    }
    expect(await readExact(join(folder, "other-name"), at("d/a"))).toMatchObject({ ok: true });
  });

  test.each([
    ["../outside/secret", "outside of the workspace"],
    ["d/../../outside/secret", "outside of the workspace"],
    ["..", "outside of the workspace"],
    ["/etc/passwd", "outside of the workspace"],
    ["/dev/zero", "outside of the workspace"],
    ["file", "leads out of the workspace"],
    ["folder/secret", "leads out of the workspace"],
    ["circle", "circle"],
    ["nothing", "link to something that does not exist"],
    ["a\0b", "NUL"],
    ["", "is empty"],
    [`${"x/".repeat(2_100)}x`, "more than 4096 bytes"],
    ["x".repeat(300), "longer than the file system allows"],
    ["\ud800", "not well-formed"],
    ["missing/a", /^missing\/a does not exist \(the workspace does\)/],
    ["plain/a", /^plain\/a does not exist: plain is a file/],
    [".", "is a folder"],
    ["pipe", "is a named pipe, not a file"],
    ["socket", "is a socket, not a file"],
    ["device", "leads out of the workspace"],
  ])("%.40j is neither read nor written", async (path, why) => {
    const { workspace, outside, at } = openWorkspace();
    writeFileSync(at("plain"), "");
    symlinkSync(join(outside, "secret"), at("file"));
    symlinkSync("../outside", at("folder"));
    symlinkSync("circle", at("circle"));
    symlinkSync("nowhere", at("nothing"));
    symlinkSync("/dev/zero", at("device"));
    execFileSync("mkfifo", [at("pipe")]);
    const server = createServer().listen(at("socket"));
    await once(server, "listening");
    const before = readdirSync(outside);
    expect(await readWhole(workspace, path)).toEqual(refused(why));
    // A folder that is only missing is made.
    expect(await replaceFile(workspace, path, "new")).toMatchObject({ ok: path === "missing/a" });
    expect(readdirSync(outside)).toEqual(before);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("canary");
    expect(existsSync(at("nowhere"))).toBe(false);
    server.close();
  });
});

describe("reading", () => {
  test("in a sparse workspace what is missing may be elsewhere, and how to get it is said", async () => {
    const { workspace, at } = openWorkspace();
    mkdirSync(at(".git/info"), { recursive: true });
    writeFileSync(at(".git/info/sparse-checkout"), "/*\n!/*/\n");
    expect(await readWhole(workspace, "lib/a.ts")).toEqual(
      refused(/^lib\/a\.ts does not exist .*git sparse-checkout add/),
    );
  });

  test("a file that is too big is not read, however big it says it is", async () => {
    const { workspace, at } = openWorkspace();
    writeFileSync(at("giant"), "");
    truncateSync(at("giant"), 1e12);
    expect(await readWhole(workspace, "giant")).toEqual(refused(/too big \(1000000000000 bytes\).*sed/));
    truncateSync(at("giant"), toolLimits.fileBytesMax);
    expect(await readWhole(workspace, "giant")).toMatchObject({ ok: true });
    truncateSync(at("giant"), toolLimits.fileBytesMax + 1);
    expect(await readWhole(workspace, "giant")).toEqual(refused("too big"));
  });

  test("what is no text cannot be changed as one", async () => {
    const { workspace, at } = openWorkspace();
    writeFileSync(at("binary"), Buffer.from([97, 0, 98]));
    writeFileSync(at("latin"), Buffer.from("caf\xe9", "latin1"));
    writeFileSync(at("bom"), "\ufeffx");
    expect(await readExact(workspace, "binary")).toEqual(refused("binary"));
    expect(await readExact(workspace, "latin")).toEqual(refused("not valid UTF-8"));
    expect(await readExact(workspace, "bom")).toMatchObject({ ok: true, value: { text: "\ufeffx" } });
  });
});

describe("writing", () => {
  test("makes folders, keeps the mode, and leaves nothing else behind", async () => {
    const { workspace, at } = openWorkspace();
    expect(await replaceFile(workspace, "a/b/c.txt", "one")).toMatchObject({ ok: true, value: { replaces: null } });
    chmodSync(at("a/b/c.txt"), 0o751);
    expect(await replaceFile(workspace, "a/b/c.txt", "two")).toMatchObject({ ok: true });
    expect(readFileSync(at("a/b/c.txt"), "utf8")).toBe("two");
    expect(statSync(at("a/b/c.txt")).mode & 0o777).toBe(0o751);
    expect(readdirSync(at("a/b"))).toEqual(["c.txt"]);
  });

  test("a link that stays in the workspace stays a link, and its file is written", async () => {
    const { workspace, at } = openWorkspace();
    writeFileSync(at("AGENTS.md"), "old");
    symlinkSync("AGENTS.md", at("CLAUDE.md"));
    expect(await replaceFile(workspace, "CLAUDE.md", "new")).toMatchObject({ ok: true });
    expect(readlinkSync(at("CLAUDE.md"))).toBe("AGENTS.md");
    expect(readFileSync(at("AGENTS.md"), "utf8")).toBe("new");
    expect(await stageRemoval(workspace, "CLAUDE.md")).toEqual(refused("is a symbolic link"));
  });

  test("another name of the same file elsewhere keeps its content", async () => {
    const { workspace, outside, at } = openWorkspace();
    linkSync(join(outside, "secret"), at("a"));
    expect(await replaceFile(workspace, "a", "new")).toMatchObject({ ok: true });
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("canary");
  });

  test.each([
    ".git",
    ".git/config",
    ".GIT/hooks/x",
    "sub/.git/config",
    ".git/new/x",
    "link/config",
    "d/../.git/config",
  ])("%s is git's own and not written", async (path) => {
    const { workspace, at } = openWorkspace();
    mkdirSync(at(".git"));
    writeFileSync(at(".git/config"), "config");
    symlinkSync(".git", at("link"));
    expect(await replaceFile(workspace, path, "new")).toMatchObject({ ok: false });
    expect(await stageRemoval(workspace, path)).toMatchObject({ ok: false });
    expect(readFileSync(at(".git/config"), "utf8")).toBe("config");
    expect(readdirSync(at(".git"))).toEqual(["config"]);
  });

  test("a file that changed since it was read is left alone, also at the last moment", async () => {
    const { workspace, at } = openWorkspace();
    writeFileSync(at("a"), "one");
    const read = await readExact(workspace, "a");
    if (!read.ok) throw new Error(read.text);
    const was = read.value.stats;
    const staged = await stageFile(workspace, "a", "mine", { was });
    if (!staged.ok) throw new Error(staged.text);
    writeFileSync(at("a"), "theirs");
    expect(await staged.value.commit()).toEqual(refused("changed by somebody else"));
    expect(await replaceFile(workspace, "a", "mine", { was })).toEqual(refused("changed by somebody else"));
    expect(await replaceFile(workspace, "a", "mine", { was: null })).toEqual(refused("changed by somebody else"));
    expect(readFileSync(at("a"), "utf8")).toBe("theirs");
    expect(readdirSync(workspace)).toEqual(["a"]);
  });

  test("what is discarded is gone, and files can be staged many times without running out of handles", async () => {
    const { workspace } = openWorkspace();
    const handles = () => readdirSync("/proc/self/fd").length;
    const before = handles();
    for (let i = 0; i < 50; i++) {
      const staged = await stageFile(workspace, `d/${i}`, "x");
      if (!staged.ok) throw new Error(staged.text);
      await staged.value.discard();
      await staged.value.discard();
      await replaceFile(workspace, "a/b/c", "x");
      await readWhole(workspace, "a/b/c");
      await readWhole(workspace, "nothing");
      await replaceFile(workspace, ".git/x", "x");
    }
    expect(readdirSync(join(workspace, "d"))).toEqual([]);
    expect(handles()).toBeLessThanOrEqual(before + 2);
  });
});
