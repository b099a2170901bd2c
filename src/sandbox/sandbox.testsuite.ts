/**
 * What every sandbox has to hold, tried by real attacks. `confines: false` is for `none`: what is held back elsewhere
 * must succeed there, which shows that the attacks are real.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { testDeath, testNetwork, testProcesses, type Held } from "./attacks.testsuite.ts";
import type { Sandbox, SandboxOrder } from "./sandbox.ts";
import { lurk, makeSite, type Site } from "./site.testsuite.ts";

/** `open` answers the same sandbox each time. */
export function testSandbox(name: string, open: () => Sandbox, { confines }: { confines: boolean }): void {
  const site = () => makeSite(open());
  const held: Held = (what, command, secret, prepare = () => {}) =>
    test(`${what}: ${confines ? "held back" : "succeeds without a sandbox"}`, async () => {
      const at = site();
      prepare(at);
      const { out } = await at.run(command.replaceAll("$FOLDER", at.folder));
      expect(secret.test(out)).toBe(!confines);
    });

  describe(`a sandbox: ${name}`, () => {
    testWork(site);
    describe("files", () => {
      held("reading a key in the operator's home", "cat $FOLDER/home/.ssh/id_test", /PRIVATE/);
      held("listing the operator's home", "ls -A ~", /\.ssh/);
      held("another session's workspace", "cat $FOLDER/state/workspaces/other/secret", /OTHER/);
      held("the run's own state", "ls $FOLDER/state; cat $FOLDER/state/longhaul.db", /DATABASE/);
      held("a link to a key", "cat link", /PRIVATE/, (at) =>
        symlinkSync(join(at.folder, "home/.ssh/id_test"), join(at.workspace, "link")),
      );
      held("a path through ..", "cat ../../../home/.ssh/id_test", /PRIVATE/);
      held(
        "a path through a process's root",
        "cat /proc/self/root$FOLDER/home/.ssh/id_test /proc/1/root$FOLDER/home/.ssh/id_test",
        /PRIVATE/,
      );
      held(
        "a path through a process's folder",
        "for p in /proc/[0-9]*; do cat $p/cwd/canary 2>/dev/null; done",
        /CWD/,
        (at) => {
          writeFileSync(join(at.folder, "canary"), "CWD");
          lurk(at.folder, {});
        },
      );
    });
    testChanges(site, confines);
    testProcesses(held);
    testNetwork(site, confines);
    testDeath(site, confines);
  });
}

/** What a program needs, it has. */
export function testWork(site: () => Site): void {
  describe("work", () => {
    test("it reads and changes its workspace, and what it prints and its exit code arrive", async () => {
      const at = site();
      writeFileSync(join(at.workspace, "in"), "given");
      expect(await at.run("cat in; echo made > out; echo said >&2; pwd; exit 7")).toEqual({
        code: 7,
        out: `given${at.workspace}\n`,
        err: "said\n",
      });
      expect(readFileSync(join(at.workspace, "out"), "utf8")).toBe("made\n");
    });

    test("programs of the system run", async () => {
      const { out, code } = await site().run(
        "git init -q . && git status --short --branch && ls /usr/bin >/dev/null && echo all",
      );
      expect([out, code]).toEqual([expect.stringMatching(/all\n$/), 0]);
    });

    test("a home and a /tmp can be written, and last from one program to the next where they are the session's", async () => {
      const at = site();
      const scratch = join(at.folder, "scratch");
      mkdirSync(scratch);
      await at.run("echo kept | tee ~/kept > /tmp/longhaul-kept", { scratch });
      expect((await at.run("cat ~/kept /tmp/longhaul-kept; rm /tmp/longhaul-kept", { scratch })).out).toBe(
        "kept\nkept\n",
      );
    });

    test("a program that is not there ends with 127", async () => {
      const at = site();
      expect((await at.run("exec no-such-program")).code).toBe(127);
    });

    test("the environment is what the order says", async () => {
      const at = site();
      const added = at.lacks("places") ? ["TMPDIR"] : [];
      const { out } = await at.run("/usr/bin/env", {
        environment: { PATH: "/usr/bin:/bin", HOME: join(at.folder, "home"), ONE: "1" },
      });
      const names = out
        .trim()
        .split("\n")
        .map((line) => line.split("=", 1)[0]);
      const kept = names.filter((each) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(each ?? ""));
      expect(new Set(kept)).toEqual(new Set(["HOME", "ONE", "PATH", ...added]));
    });

    test("what is readable is read, and not changed", async () => {
      const at = site();
      const tools = join(at.folder, "state", "tools");
      mkdirSync(tools);
      writeFileSync(join(tools, "tool"), "tool");
      expect((await at.run(`cat ${tools}/tool`, { readable: [tools] })).out).toBe("tool");
    });
  });
}

function testChanges(site: () => Site, confines: boolean): void {
  const changes = (what: string, command: string, prepare: (at: Site) => Partial<SandboxOrder> = () => ({})) =>
    test(`${what}: ${confines ? "changes nothing" : "succeeds without a sandbox"}`, async () => {
      const at = site();
      const target = join(at.folder, "state", "target");
      writeFileSync(target, "as it was");
      const more = prepare(at);
      await at.run(command.replaceAll("$TARGET", target), more);
      expect(readFileSync(target, "utf8")).toBe(confines ? "as it was" : "changed\n");
    });

  describe("changes outside of the workspace", () => {
    changes("writing to a path", "echo changed > $TARGET");
    changes("writing through a link", "ln -s $TARGET link; echo changed > link");
    changes("writing to what is readable", "echo changed > $TARGET", (at) => ({
      readable: [join(at.folder, "state")],
    }));
    changes(
      "a link that is swapped into a folder",
      "mkdir d; rmdir d; ln -s $(dirname $TARGET) d; echo changed > d/target",
    );
  });
}
