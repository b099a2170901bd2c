/** A run that is published to a remote: real bare repositories, over a folder and over HTTP. */
import { chmod, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { Commit, RunId } from "../domain/ids.ts";
import { publishDefaults, type PublishConfig } from "../domain/publish-config.ts";
import type { Remote } from "../engine/ports.ts";
import { ageObjects, environment, makeGitWorld, openAt, put, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { serveHttp, type HttpRemote } from "./http-remote.testsuite.ts";
import { exists } from "./remove-tree.ts";
import { landed, landNow, named, runA, runB, submission, work } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let world: GitWorld;
const folder = (...path: string[]) => join(world.repository, "..", ...path);
const there = (...args: string[]) => userGit(folder("remote.git"), ...args);

beforeEach(async () => {
  world = await makeGitWorld({ "a.txt": "a\n" });
  await world.trunk.begin(runA, world.base);
  await userGit(world.repository, "clone", "-q", "--bare", world.repository, folder("remote.git"));
  await userGit(world.repository, "remote", "add", "origin", "../remote.git");
});
afterEach(() => world.close());

function remote(some: Partial<PublishConfig> = {}): Remote {
  return world.trunk.remote({ remote: "origin", ...publishDefaults, follow: null, ...some });
}
let tasks = 0;
async function land(changes: { [path: string]: string } = {}): Promise<Commit> {
  const task = ++tasks;
  const [answer] = await work(world, task, await world.trunk.tip(runA), { [`${task}.txt`]: `${task}\n`, ...changes });
  return landed(answer).commit;
}
const branches = async () =>
  Object.fromEntries(
    (await there("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"))
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
/** What a person pushes. */
async function pushAs(branch: string, files: { [path: string]: string }): Promise<Commit> {
  const clone = folder(`clone-${++tasks}`);
  await userGit(world.repository, "clone", "-q", folder("remote.git"), clone);
  await userGit(clone, "checkout", "-q", "-B", branch, `origin/${branch}`);
  await put(clone, files);
  await userGit(clone, "add", "-A");
  await userGit(clone, "commit", "-qm", "by hand");
  await userGit(clone, "push", "-q", "--follow-tags", "origin", branch);
  return (await userGit(clone, "rev-parse", "HEAD")) as Commit;
}

/** A history of its own. */
const orphan = async () => there("commit-tree", "-m", "anew", await there("rev-parse", `${world.base}^{tree}`));

describe("trunk and green", () => {
  test("go to branches of their own, and move on with the run; nothing else there changes", async () => {
    const before = await branches();
    const green = await land();
    const tip = await land();
    const first = await remote().exchange(runA, green);
    const names = { trunk: `longhaul/${runA}`, green: `longhaul/${runA}-green` };
    expect(first).toEqual({
      pushed: [
        { branch: names.trunk, commit: tip },
        { branch: names.green, commit: green },
      ],
      faults: [],
      followed: null,
    });
    expect(await branches()).toEqual({ ...before, [names.trunk]: tip, [names.green]: green });
    expect(await remote().exchange(runA, green)).toEqual({ pushed: [], faults: [], followed: null });
    const later = await land();
    expect((await remote().exchange(runA, tip)).pushed).toHaveLength(2);
    expect(await branches()).toEqual({ ...before, [names.trunk]: later, [names.green]: tip });
    expect(await there("for-each-ref", "refs/longhaul", "refs/tags")).toBe("");
  });

  test("have the names that a team wants, also for its next run, and in any repository", async () => {
    const fixed = { trunk: "bots/trunk", green: "bots/green", remote: folder("remote.git") };
    const tip = await land();
    await remote(fixed).exchange(runA, null);
    expect(await branches()).toMatchObject({ "bots/trunk": tip });
    await world.trunk.begin(runB, world.base);
    expect((await remote(fixed).exchange(runB, world.base)).faults).toEqual([]);
    expect(await branches()).toMatchObject({ "bots/trunk": world.base, "bots/green": world.base });
  });

  test("leave a branch alone on which somebody else has committed, and the other one goes on", async () => {
    await remote().exchange(runA, await land());
    const theirs = await pushAs(`longhaul/${runA}`, { "by-hand.txt": "x\n" });
    const tip = await land();
    const { pushed, faults } = await remote().exchange(runA, tip);
    expect(pushed).toEqual([{ branch: `longhaul/${runA}-green`, commit: tip }]);
    expect(faults).toEqual([expect.stringContaining(`longhaul/${runA} has commits there`)]);
    expect(await branches()).toMatchObject({ [`longhaul/${runA}`]: theirs });
    await there("branch", "-m", `longhaul/${runA}`, "kept");
    expect((await remote().exchange(runA, tip)).pushed).toEqual([{ branch: `longhaul/${runA}`, commit: tip }]);
  });

  test("what the remote refuses is told in its own words, and no hook of the user's runs", async () => {
    const marker = folder("ran");
    await put(world.repository, { ".git/hooks/pre-push": `#!/bin/sh\ntouch ${marker}\n` });
    await chmod(join(world.repository, ".git/hooks/pre-push"), 0o755);
    await put(folder("remote.git"), {
      "hooks/pre-receive": "#!/bin/sh\nprintf 'see https://ada:secret@example.org/rules\\033[31m\\n' >&2; exit 1\n",
    });
    await chmod(folder("remote.git/hooks/pre-receive"), 0o755);
    await land();
    const { pushed, faults } = await remote().exchange(runA, null);
    expect(pushed).toEqual([]);
    expect(faults).toEqual([
      expect.stringMatching(
        /longhaul\/arun22 was not taken: .*pre-receive hook declined.*https:\/\/example\.org\/rules/,
      ),
    ]);
    expect(faults.join()).not.toContain("secret");
    expect(faults.join()).toContain(String.raw`\u001b[31m`);
    expect(await exists(marker)).toBe(false);
  });

  test("a remote that is not there, or that nobody knows, is a fault and no rejection; it is found when it is back", async () => {
    await land();
    await rename(folder("remote.git"), folder("away.git"));
    expect(await remote({ follow: "main" }).exchange(runA, null)).toEqual({
      pushed: [],
      faults: [expect.stringMatching(/git ls-remote failed.*remote\.git/), expect.stringMatching(/git fetch failed/)],
      followed: null,
    });
    expect((await remote({ remote: "upstream" }).exchange(runA, null)).faults).toEqual([
      "the repository has no remote of the name upstream",
    ]);
    await rename(folder("away.git"), folder("remote.git"));
    expect((await remote().exchange(runA, null)).pushed).toHaveLength(1);
  });
});

test("a program that ssh leaves behind, as it does for a connection that is shared, is not waited for", async () => {
  await land();
  await put(folder("bin"), {
    ssh: `#!/bin/sh
setsid sh -c 'echo $$ >>"$1"; exec sleep 1000' left "${folder("left")}" </dev/null >/dev/null &
shift
eval "$@"
`,
  });
  await chmod(folder("bin/ssh"), 0o755);
  await userGit(world.repository, "config", "core.sshCommand", folder("bin/ssh"));
  await userGit(world.repository, "config", "ssh.variant", "simple");
  await userGit(world.repository, "remote", "set-url", "origin", `ssh://somewhere${folder("remote.git")}`);
  const { pushed, followed } = await remote({ follow: "main" }).exchange(runA, null);
  const left = (await readFile(folder("left"), "utf8")).trim().split("\n");
  for (const pid of left) process.kill(Number(pid));
  expect([pushed.length, followed, left.length > 2]).toEqual([1, world.base, true]);
});

describe("over HTTP", () => {
  const login = "ada:se:cret";
  let server: HttpRemote;
  const set = (name: string, value: string) => userGit(world.repository, "config", name, value);
  beforeEach(async () => {
    server = await serveHttp(folder(), "remote.git", login);
    onTestFinished(() => server.close());
    await set("remote.origin.url", server.url());
    await land();
  });

  test.each<[string, () => Promise<unknown>]>([
    ["the URL", () => set("remote.origin.url", server.url("ada:se%3Acret"))],
    ["a helper of theirs", () => set("credential.helper", "!echo username=ada; echo password=se:cret; true")],
    ["a header", () => set("http.extraHeader", `Authorization: Basic ${Buffer.from(login).toString("base64")}`)],
  ])("with credentials from %s: pushed and followed", async (_, give) => {
    await give();
    const answer = await remote({ follow: "main" }).exchange(runA, null);
    expect(answer).toEqual({
      pushed: [{ branch: `longhaul/${runA}`, commit: await world.trunk.tip(runA) }],
      faults: [],
      followed: world.base,
    });
  });

  test("with their askpass program, which the environment names", async () => {
    await put(folder("bin"), { askpass: "#!/bin/sh\ncase $1 in User*) echo ada;; *) echo se:cret;; esac\n" });
    await chmod(folder("bin/askpass"), 0o755);
    const asking = { ...environment, GIT_ASKPASS: folder("bin/askpass") };
    const trunk = await openAt(world.repository, undefined, { environment: asking });
    const config = { remote: "origin", ...publishDefaults, follow: null };
    expect((await trunk.remote(config).exchange(runA, null)).pushed).toHaveLength(1);
  });

  test("without credentials nobody is asked, and a wrong password is told to nobody", async () => {
    expect((await remote().exchange(runA, null)).faults).toEqual([expect.stringMatching(/terminal prompts disabled/)]);
    await set("remote.origin.url", server.url("ada:wr0ng"));
    const { faults } = await remote({ follow: "main" }).exchange(runA, null);
    expect(faults).toHaveLength(2);
    expect(faults.join()).toMatch(/127\.0\.0\.1/);
    expect(faults.join()).not.toMatch(/wr0ng|ada/);
  });
});

describe("the branch that is followed", () => {
  test("is fetched to a ref of the run's own, without tags, and can be landed", async () => {
    const theirs = await pushAs("main", { "people.txt": "p\n" });
    await there("tag", "v1", theirs);
    const { followed } = await remote({ follow: "main" }).exchange(runA, null);
    expect(followed).toBe(theirs);
    const trunkGit = join(world.state, "trunk.git");
    const refs = (await userGit(trunkGit, "for-each-ref", "--format=%(refname)")).split("\n");
    expect(refs).toEqual([`refs/heads/${runA}`, `refs/longhaul/${runA}/base`]);
    const tip = await land();
    const staged = await world.trunk.stageFollowed(runA, tip, theirs, "merge");
    expect(staged).toMatchObject({ kind: "staged", files: ["people.txt"] });
    if (staged.kind === "staged") await world.trunk.moveTo(runA, tip, staged.tip);
    const { pushed } = await remote({ follow: "main", trunk: "main" }).exchange(runA, null);
    expect(pushed).toMatchObject([{ branch: "main" }]);
    expect(await there("log", "--format=%P", "-1", "main")).toBe(`${tip} ${theirs}`);
  });

  test.each(["moved back", "made anew"])(
    "what conflicted stays until it is resolved, although their branch was %s meanwhile",
    async (how) => {
      const onto = await land({ "a.txt": "mine\n" });
      // Made anew it shares nothing with the trunk.
      if (how === "made anew") await there("update-ref", "refs/heads/main", await orphan());
      const theirs = await pushAs("main", { "a.txt": "theirs\n" });
      const following = remote({ follow: "main" });
      await following.exchange(runA, null);
      const answer = await world.trunk.stageFollowed(runA, onto, theirs, "merge");
      await there("update-ref", "refs/heads/main", world.base);
      expect(await following.exchange(runA, null)).toMatchObject({ followed: world.base });
      const nothing = async () => ({ workspaces: [], kept: [] });
      for (let n = 0; n < 3; n++) {
        await ageObjects(world.state);
        await world.trunk.maintain(runA, { needed: nothing, unusedMs: 0, signal: new AbortController().signal });
      }
      const kept = answer.kind === "conflict" ? answer.kept : null;
      const workspace = await world.trunk.openWorkspace(runA, named(99), onto, { kept });
      expect(await world.read(workspace, "a.txt")).toBe("theirs\n");
      expect(await landNow(world.trunk, runA, workspace, submission(99))).toMatchObject({ kind: "conflict" });
      await world.trunk.placeConflict(workspace, onto);
      await put(workspace.path, { "a.txt": "mine and theirs\n" });
      const { commit } = landed(await landNow(world.trunk, runA, workspace, submission(99)));
      expect(await world.trunk.stageFollowed(runA, commit, theirs, "resolved")).toMatchObject({ kind: "staged" });
    },
  );

  test("a run that began in a repository without commits merges the first that people push", async () => {
    const trunk = world.trunk;
    await userGit(world.repository, "checkout", "-q", "--orphan", "empty");
    const unborn = await trunk.resolveBase();
    expect(unborn.unborn).toBe(true);
    const run = "crun22" as RunId;
    await trunk.begin(run, unborn.base);
    const { followed } = await remote({ follow: "main" }).exchange(run, null);
    expect(await trunk.stageFollowed(run, unborn.base, followed as Commit, "merge")).toMatchObject({
      files: ["a.txt"],
    });
  });

  test("a fetch that breaks off leaves nothing of what it had got", async () => {
    await pushAs("main", { "large.bin": randomBytes(200_000).toString("base64") });
    const packs = () => readdir(join(world.state, "trunk.git/objects/pack"));
    const before = await packs();
    // No file may be longer than 64 KB: the write that goes further fails, as on a full disk.
    const path = environment.PATH ?? "";
    await put(folder("bin"), { git: `#!/bin/sh\ntrap '' XFSZ\nulimit -f 128\nPATH='${path}'\nexec git "$@"\n` });
    await chmod(folder("bin/git"), 0o755);
    const limited = { ...environment, PATH: `${folder("bin")}:${path}` };
    const trunk = await openAt(world.repository, undefined, { environment: limited });
    const following = trunk.remote({ remote: "origin", ...publishDefaults, follow: "main" });
    expect((await following.exchange(runA, null)).faults.join()).toMatch(/File too large/);
    expect(await packs()).toEqual(before);
  });

  test("what git's own check refuses does not come in", async () => {
    const name = (mode: string, called: string, oid: string) =>
      Buffer.concat([Buffer.from(`${mode} ${called}\0`), Buffer.from(oid, "hex")]);
    await writeFile(folder("tree"), name("40000", ".git", await there("rev-parse", `${world.base}^{tree}`)));
    const tree = await there("hash-object", "-t", "tree", "-w", "--literally", folder("tree"));
    const commit = await there("commit-tree", "-p", world.base, "-m", "evil", tree);
    await there("update-ref", "refs/heads/main", commit);
    const answer = await remote({ follow: "main" }).exchange(runA, null);
    expect(answer).toMatchObject({ followed: null, faults: [expect.stringMatching(/hasDotgit/i)] });
    await expect(userGit(join(world.state, "trunk.git"), "cat-file", "-e", commit)).rejects.toThrow(/cat-file/);
  });
});
