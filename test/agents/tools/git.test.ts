import { chmodSync, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toolLimits } from "../../../src/domain/limits.ts";
import { openWorld, type World } from "./world.ts";

function openRepository(role: "worker" | "judge" = "worker"): World {
  const world = openWorld(role);
  world.write("a.txt", "one\n");
  world.git("add", ".");
  world.git("commit", "-qm", "first");
  world.write("a.txt", "one\ntwo\n");
  return world;
}

describe("what it is for", () => {
  test.each([
    [["log", "--oneline", "-n", "5"], /first\n\[end\]$/],
    [["log", "-1", "--format=%an: %s", "--", "a.txt"], /^t: first/],
    [["show", "HEAD", "--stat"], /a\.txt \| 1 \+/],
    [["show", "HEAD:a.txt"], /^one\n/],
    [["diff"], /^\+two$/m],
    [["diff", "HEAD", "--name-only", "--", "a.txt"], /^a\.txt\n/],
    [["blame", "-L1,1", "a.txt"], /one$/m],
    [["status", "--short", "--branch"], /^ M a\.txt$/m],
    [["ls-files"], /^a\.txt\n/],
    [["grep", "-n", "tw"], /^a\.txt:2:two\n/],
    [["shortlog", "-sn"], /1\tt\n/],
  ])("git %j", async (args, expected) => {
    const { call } = openRepository();
    const { ok, text } = await call("git", { args });
    expect(text).toMatch(expected);
    expect(ok).toBe(true);
  });

  test("no match and a difference are answers; a wrong revision is a fault, in git's own words", async () => {
    const { call } = openRepository("judge");
    expect(await call("git", { args: ["grep", "nothing"] })).toEqual({ ok: true, text: "[exit code 1]" });
    expect(await call("git", { args: ["diff", "--exit-code"] })).toMatchObject({ ok: true });
    const wrong = await call("git", { args: ["show", "no-such-thing"] });
    expect(wrong).toMatchObject({ ok: false, text: expect.stringMatching(/no-such-thing[^]*exit code 128/) });
  });

  test("output without end is stopped, and its start and end are shown", async () => {
    const { call, write, git } = openRepository();
    write("big.txt", "line of text\n".repeat(1_000_000));
    git("add", ".");
    const { ok, text } = await call("git", { args: ["diff", "--cached"] });
    expect(ok).toBe(true);
    expect(text).toMatch(/^diff --git[^]*read_output[^]*\n\[stopped after \d+ bytes: limit it/);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(toolLimits.answerBytesMax);
  });

  test("nothing is written: not even the index", async () => {
    const { call, workspace } = openRepository();
    const before = statSync(join(workspace, ".git/index"), { bigint: true });
    await call("git", { args: ["status"] });
    const after = statSync(join(workspace, ".git/index"), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });
});

describe("what it refuses", () => {
  test.each([
    [["commit", "-m", "x"]],
    [["-c", "core.fsmonitor=x", "status"]],
    [["--exec-path=/x", "status"]],
    [["-C", "/", "status"]],
    [["--git-dir=/x", "log"]],
    [["config", "core.pager"]],
    [["constructor"]],
    [["log", "--output=x"]],
    [["log", "--outpu=x"]],
    [["diff", "--ext-diff"]],
    [["diff", "--textconv"]],
    [["diff", "--no-index", "a", "b"]],
    [["diff", "/etc/hosts", "/etc/passwd"]],
    [["diff", "--", "../a", "../b"]],
    [["log", "-S", "--", "--output=x"]],
    [["grep", "-Oless", "x"]],
    [["grep", "--open-files-in-pager=less", "x"]],
    [["grep", "--open", "x"]],
    [["grep", "-nOless", "x"]],
    [["grep", "-f", "/etc/passwd"]],
    [["grep", "--no-index", "x"]],
    [["blame", "--contents=/etc/passwd", "a.txt"]],
    [["blame", "-S", "/etc/passwd", "a.txt"]],
    [["blame", "--ignore-revs-file=/etc/passwd", "a.txt"]],
    [["log", "--remerge-diff"]],
    [["log", "--show-signature"]],
    [["log", "--diff-merges=remerge"]],
    [["log", "--stdin"]],
    [["show", "--submodule=diff"]],
    [["ls-files", "--exclude-from=/etc/passwd"]],
    [["ls-files", "-X", "/etc/passwd"]],
    [["log", "--upload-pack=x"]],
    [["log", "a\0b"]],
  ])("git %j", async (args) => {
    const { call, workspace } = openRepository();
    const { ok, text } = await call("git", { args });
    expect(text).toMatch(/^args\[\d\]: /);
    expect(ok).toBe(false);
    expect(existsSync(join(workspace, "x"))).toBe(false);
  });

  test("files outside are refused by git itself", async () => {
    const { call, outside } = openRepository();
    writeFileSync(join(outside, "secret"), "canary");
    for (const args of [
      ["grep", "canary", "--", outside],
      ["blame", join(outside, "secret")],
      ["log", "--", "../outside/secret"],
      ["ls-files", "--others", "../outside"],
      ["show", ":../outside/secret"],
    ]) {
      expect(await call("git", { args })).toMatchObject({ ok: false, text: expect.not.stringContaining("canary") });
    }
  });
});

/** A merge of two changes of one line, signed. */
function commitSpecials({ git, gitWith }: World): void {
  const blob = (text: string) => gitWith(text, "hash-object", "-w", "--stdin");
  const commit = (text: string, parents: string[]) => {
    const tree = gitWith(`100644 blob ${blob(text).trim()}\ta.txt\n`, "mktree").trim();
    const who = "t <t@example.org> 1700000000 +0000";
    const signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n";
    const lines = [`tree ${tree}`, ...parents.map((each) => `parent ${each}`), `author ${who}`, `committer ${who}`];
    return gitWith(
      `${lines.join("\n")}\n${signature}\nspecial\n`,
      "hash-object",
      "-t",
      "commit",
      "-w",
      "--stdin",
    ).trim();
  };
  const first = git("rev-parse", "HEAD").trim();
  const sides = ["left\n", "right\n"].map((text) => commit(text, [first]));
  git("update-ref", "HEAD", commit("both\n", sides));
}

/** Every way known to us in which a repository's configuration names a program. */
function plant(world: World): { marker: string } {
  const { write, workspace, outside } = world;
  const marker = join(outside, "marker");
  const program = join(outside, "program");
  writeFileSync(program, `#!/bin/sh\necho "$0 $@" >> ${marker}\ncat\n`);
  chmodSync(program, 0o755);
  mkdirSync(join(workspace, ".git/hooks"), { recursive: true });
  for (const hook of ["post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit"]) {
    writeFileSync(join(workspace, ".git/hooks", hook), `#!/bin/sh\necho ${hook} >> ${marker}\n`, { mode: 0o755 });
  }
  commitSpecials(world);
  const settings = {
    "core.fsmonitor": program,
    "core.hooksPath": join(workspace, ".git/hooks"),
    "core.pager": program,
    "core.editor": program,
    "core.sshCommand": program,
    "pager.log": program,
    "diff.external": program,
    "diff.evil.command": program,
    "diff.evil.textconv": program,
    "diff.evil.cachetextconv": "false",
    "filter.evil.clean": program,
    "filter.evil.smudge": program,
    "filter.evil.required": "true",
    "filter.more=evil.process": program,
    "gpg.program": program,
    "gpg.ssh.program": program,
    "log.showSignature": "true",
    "log.diffMerges": "remerge",
    "merge.evil.driver": program,
    "alias.log": `!${program}`,
    "alias.status": `!${program}`,
    "alias.evil": `!${program}`,
    "extensions.partialClone": "origin",
    "remote.origin.url": `ext::${program} %S`,
    "remote.origin.promisor": "true",
    "protocol.ext.allow": "always",
    "interactive.diffFilter": program,
    "hook.evil.event": "post-index-change",
    "hook.evil.command": program,
  };
  // Written, not asked of git, which would run some of it.
  const config = Object.entries(settings).map(([name, value]) => {
    const parts = name.split(".");
    const [section, key] = [parts[0], parts.at(-1)];
    const subsection = parts.slice(1, -1).join(".");
    return `[${section}${subsection === "" ? "" : ` "${subsection}"`}]\n\t${key} = ${JSON.stringify(value)}\n`;
  });
  writeFileSync(join(workspace, ".git/config"), `[core]\n\trepositoryformatversion = 1\n${config.join("")}`);
  write(".gitattributes", "a.txt diff=evil filter=evil merge=evil\nb.txt filter=more=evil diff=evil\n*.md diff=evil\n");
  return { marker };
}

describe("programs that the repository names are not run", () => {
  test.each([
    [["status"]],
    [["status", "--ignored"]],
    [["diff"]],
    [["diff", "HEAD", "--stat"]],
    [["log", "-p"]],
    [["log", "-p", "-m"]],
    [["log", "-G", "one", "--format=%G? %GS %s"]],
    [["show", "HEAD"]],
    [["show", "HEAD:a.txt"]],
    [["blame", "a.txt"]],
    [["grep", "one"]],
    [["ls-files", "-m"]],
    [["ls-files", "--others"]],
    [["shortlog", "-s"]],
    [["log", "--all", "--oneline"]],
    // Its objects are missing: a partial clone would fetch them.
    [["show", "1234567890123456789012345678901234567890"]],
    [["evil"]],
  ])("git %j", async (args) => {
    const world = openRepository();
    world.write("b.txt", "b\n");
    const { marker } = plant(world);
    await world.call("git", { args });
    expect(existsSync(marker)).toBe(false);
  });

  test("which a git without this care would do", () => {
    const world = openRepository();
    const { marker } = plant(world);
    world.git("status");
    expect(existsSync(marker)).toBe(true);
  });

  test("nor those that the environment names", async () => {
    const { call, context, outside, workspace } = openRepository();
    const marker = join(outside, "marker");
    writeFileSync(join(workspace, "git"), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    const environment = {
      ...context.environment,
      PATH: `.:${context.environment["PATH"]}`,
      GIT_EXTERNAL_DIFF: `touch ${marker}; true`,
      GIT_PAGER: `touch ${marker}`,
      GIT_DIR: outside,
      GIT_CONFIG_PARAMETERS: `'core.fsmonitor=touch ${marker}'`,
    };
    expect((await call("git", { args: ["diff"] }, { environment })).text).toContain("+two");
    expect(existsSync(marker)).toBe(false);
  });

  test("a submodule's own configuration is not asked", async () => {
    const world = openRepository();
    const { workspace, outside, git, call, write } = world;
    mkdirSync(join(workspace, "sub"));
    git("init", "-q", "sub");
    write("sub/f.txt", "f\n");
    git("-C", "sub", "add", ".");
    git("-C", "sub", "commit", "-qm", "sub");
    git("-c", "advice.addEmbeddedRepo=false", "add", "sub");
    git("commit", "-qm", "with sub");
    write("sub/f.txt", "changed\n");
    const marker = join(outside, "marker");
    git("-C", "sub", "config", "core.fsmonitor", `touch ${marker}; true`);
    for (const args of [["status"], ["diff"], ["grep", "x"], ["ls-files", "-m"]]) await call("git", { args });
    expect(existsSync(marker)).toBe(false);
  });
});

describe("whose repository is looked at", () => {
  test("never one above, nor one that .git points to, nor files that core.worktree points to", async () => {
    const { call, git, workspace, folder, outside, write } = openRepository();
    writeFileSync(join(outside, "secret"), "canary\n");
    git("config", "core.worktree", outside);
    const { text } = await call("git", { args: ["status", "--short"] });
    expect(text).toContain(" M a.txt");
    expect(text).not.toContain("secret");
    git("init", "-q", folder);
    renameSync(join(workspace, ".git"), join(folder, "moved"));
    expect(await call("git", { args: ["status"] })).toMatchObject({ ok: false, text: expect.stringContaining(".git") });
    write(".git", `gitdir: ${join(folder, ".git")}\n`);
    expect(await call("git", { args: ["status"] })).toMatchObject({ ok: false, text: expect.stringContaining(".git") });
  });

  test("a configuration that git cannot read is said", async () => {
    const { call, workspace } = openRepository();
    writeFileSync(join(workspace, ".git/config"), "[core\nbroken");
    expect(await call("git", { args: ["log"] })).toMatchObject({ ok: false, text: expect.stringContaining("config") });
  });
});
