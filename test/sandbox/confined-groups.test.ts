import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { EnvironmentError } from "../../src/domain/environment-error.ts";
import { chooseSandbox } from "../../src/sandbox/choose.ts";
import { openWorld } from "./world.ts";

test("a program that asks for nothing sees its directory and the system", async () => {
  const world = openWorld();
  world.write("state/longhaul.db", "DATABASE");
  world.write("home/.ssh/id", "KEY");
  const { end, out } = await world.run(
    `ls; cat ${world.folder}/state/longhaul.db ~/.ssh/id; ls -A ~ ${world.folder}; echo x > made`,
  );
  expect(end).toEqual({ kind: "exited", exitCode: 0 });
  expect(out).not.toMatch(/DATABASE|KEY|longhaul.db|sockets/);
  expect(existsSync(join(world.workspace, "made"))).toBe(true);
});

test("of the run's repository the objects are read, and nothing else of it", async () => {
  const world = openWorld();
  world.write("state/trunk.git/objects/ab/cd", "OBJECT");
  world.write("state/trunk.git/config", "CONFIG");
  const { out } = await world.run(
    `cd ${world.folder}/state/trunk.git; cat objects/ab/cd config; echo x > objects/ab/new`,
  );
  expect(out).toBe("OBJECT");
  expect(existsSync(join(world.folder, "state/trunk.git/objects/ab/new"))).toBe(false);
});

test("the versions of files in conflict are read, also when they come later, and those of others are not", async () => {
  const world = openWorld();
  world.write("state/intake/own/index", "");
  world.write("state/intake/other/conflict/1/base/a", "OTHER");
  const { intake, up } = { intake: `${world.folder}/state/intake`, up: join(world.workspace, "up") };
  const ran = world.run(
    `echo up > up; while [ ! -e ${intake}/own/conflict/1/base/a ]; do sleep 0.02; done; cat ${intake}/own/conflict/1/base/a ${intake}/other/conflict/1/base/a`,
  );
  await until(() => existsSync(up));
  world.write("state/intake/own/conflict/1/base/a", "BASE");
  expect((await ran).out).toBe("BASE");
});

test("a session's folder is read; its home and /tmp last from one program to the next; what it may change lies apart", async () => {
  const world = openWorld();
  const home = join(world.own, "home");
  mkdirSync(home);
  world.write("state/sessions/s1/brief.json", "BRIEF");
  const access = { folder: world.own, writable: [home] };
  const { out } = await world.run(
    `cat ${world.own}/brief.json; echo no > ${world.own}/brief.json; ln -s /etc/passwd ${world.own}/hand-off; echo kept | tee ~/a > /tmp/b; echo yes > ${home}/c`,
    { access },
  );
  expect(out).toBe("BRIEF");
  expect((await world.run("cat ~/a /tmp/b", { access })).out).toBe("kept\nkept\n");
  expect(readdirSync(world.own).toSorted((a, b) => a.localeCompare(b))).toEqual(["brief.json", "home", "scratch"]);
  expect(readFileSync(join(home, "c"), "utf8")).toBe("yes\n");
});

test("its programs are those of PATH, with the packages that they are made of", async () => {
  const world = openWorld();
  world.write("packages/node_modules/tool/cli.sh", "#!/bin/sh\ncat $(dirname $(readlink -f $0))/../lib/words\n");
  world.write("packages/node_modules/lib/words", "the words");
  mkdirSync(join(world.folder, "packages/node_modules/.bin"));
  symlinkSync("../tool/cli.sh", join(world.folder, "packages/node_modules/.bin/tool"));
  world.write("packages/secret", "SECRET");
  const path = `${world.folder}/packages/node_modules/.bin:/usr/bin:/bin`;
  const { out } = await world.run(`tool; cat ${world.folder}/packages/secret`, { path });
  expect(out).toBe("the words");
  symlinkSync("packages", join(world.folder, "linked"));
  const linked = `${world.folder}/linked/node_modules/.bin:/usr/bin:/bin`;
  expect((await world.run("tool", { path: linked })).out).toBe("the words");
});

test("what an agent names is not seen for that", async () => {
  const world = openWorld();
  world.write("agent/secret", "SECRET");
  const secret = join(world.folder, "agent/secret");
  expect((await world.run("", { argv: ["/bin/cat", secret] })).out).toBe("");
  expect((await world.run(`cat ${secret}`)).out).toBe("");
});

test("a program that is named whole is seen with what lies beside it, unless the home or the state lies there, too", async () => {
  const world = openWorld();
  world.write("agent/run.sh", "#!/bin/sh\ncat $(dirname $0)/beside\n");
  world.write("agent/beside", "beside");
  const program = join(world.folder, "agent/run.sh");
  expect((await world.run("", { argv: [program], access: { words: [program] } })).out).toBe("beside");
  expect((await world.run(program, { access: { words: [`X=1 '${program}' --now`] } })).out).toBe("beside");
  world.write("run.sh", `#!/bin/sh\necho ran; ls -A ${world.folder}\n`);
  const { out } = await world.run("", {
    argv: [join(world.folder, "run.sh")],
    access: { words: [join(world.folder, "run.sh")] },
  });
  expect(out.split("\n").toSorted((a, b) => a.localeCompare(b))).toEqual(["", "home", "ran", "run.sh", "state"]);
});

test("a PATH that names the home or what holds it lets nothing of it through", async () => {
  const world = openWorld();
  world.write("home/secret", "SECRET");
  const path = `${world.folder}:${world.folder}/home:/:/usr/bin:/bin`;
  expect((await world.run(`cat ${world.folder}/home/secret`, { path })).out).toBe("");
});

test("a private cache is a copy: what is written to it is the session's own, from one program to the next", async () => {
  const world = openWorld((folder) => ({
    config: {
      network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [],
      caches: [
        { path: join(folder, "home/.cache/tool"), mode: "private" },
        { path: join(folder, "home/.cache/none"), mode: "private" },
      ],
    },
  }));
  world.write("home/.cache/tool/there", "there");
  const access = { folder: world.own };
  const both = await Promise.all([
    world.run("cat ~/.cache/tool/there; echo mine >> ~/.cache/tool/there; echo new > ~/.cache/none/new", { access }),
    world.run("cat ~/.cache/tool/there > /dev/null; echo beside > ~/.cache/tool/beside", { access }),
  ]);
  expect(both.map(({ end }) => end)).toEqual(both.map(() => ({ kind: "exited", exitCode: 0 })));
  const later = await world.run("cat ~/.cache/tool/there ~/.cache/tool/beside ~/.cache/none/new", { access });
  expect(later.out).toBe("theremine\nbeside\nnew\n");
  expect((await world.run("cat ~/.cache/tool/there; ls ~/.cache/none; echo gone > ~/.cache/tool/x")).out).toBe("there");
  expect(readdirSync(join(world.folder, "home/.cache"))).toEqual(["tool"]);
  expect(readdirSync(join(world.folder, "home/.cache/tool"))).toEqual(["there"]);
  expect(readFileSync(join(world.folder, "home/.cache/tool/there"), "utf8")).toBe("there");
  expect(readdirSync(join(world.folder, "sockets"))).toEqual(["etc", "forwarder.cjs"]);
});

test("what is run on the way into a sandbox is the system's own, whatever PATH and the workspace offer", async () => {
  const world = openWorld((folder) => ({
    config: {
      network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [],
      caches: [{ path: join(folder, "home/.cache"), mode: "private" }],
    },
  }));
  world.write("home/.cache/there", "there");
  for (const name of ["cp", "mv", "rm", "sh", "bwrap", "env", "prlimit"])
    world.write(`state/workspaces/own/${name}`, `#!/bin/sh\n: > ${world.folder}/escaped\n`);
  const path = `.:${world.workspace}:/usr/bin:/bin`;
  expect((await world.run("/bin/cat ~/.cache/there", { path, access: { folder: world.own } })).out).toBe("there");
  expect(existsSync(join(world.folder, "escaped"))).toBe(false);
});

test("its brief on stdin can be opened once more", async () => {
  const world = openWorld();
  world.write("state/sessions/s1/brief.json", "BRIEF");
  const { out } = await world.run("cat /dev/stdin", { stdin: { file: join(world.own, "brief.json") } });
  expect(out).toBe("BRIEF");
});

test("a port of ours is reached by whoever was given it, and by nobody else", async () => {
  const world = openWorld();
  const port = await answerer("our server");
  const other = await answerer("another server");
  const ask = (to: number) => `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${to} && cat <&3' 2>/dev/null`;
  const { out } = await world.run(`${ask(port)}; ${ask(other)}`, { access: { ports: [port, port] } });
  expect(out).toBe("our server");
  expect((await world.run(ask(port))).out).toBe("");
  expect(world.faults).toEqual([]);
  expect(readdirSync(join(world.folder, "sockets"))).toEqual(["etc", "forwarder.cjs"]);
});

test("hosts are those of its role, and each decision stands in its transcript", async () => {
  const world = openWorld({
    config: {
      network: { planner: [], worker: ["packages.example"], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [],
      caches: [],
    },
  });
  const ask = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128 && printf "CONNECT evil.example:443 HTTP/1.1\\r\\n\\r\\n" >&3 && head -1 <&3'; echo $https_proxy`;
  const worker = await world.run(ask, { access: { role: "worker" } });
  expect(worker.out).toBe("HTTP/1.1 403 Forbidden\r\nhttp://127.0.0.1:3128\n");
  expect(worker.err).toBe("[longhaul: network: evil.example:443 refused: it is not on the list]\n");
  expect((await world.run(ask, { access: { role: "judge" } })).out).toBe("\n");
});

test("what cannot be confined is not started", async () => {
  const world = openWorld({
    sandbox: {
      kind: "bubblewrap",
      says: [],
      lacks: [],
      confine: () => {
        throw new Error("no room");
      },
    },
  });
  const { end } = await world.run("echo ran > ran");
  expect(end).toEqual({ kind: "not_started", reason: 'cannot confine "/bin/sh": no room' });
  expect(existsSync(join(world.workspace, "ran"))).toBe(false);
});

test("a sandbox that cannot be made in the moment of its use is no end of the program", async () => {
  const world = openWorld();
  const access = { writable: [join(world.folder, "gone")] };
  expect((await world.run("echo ran > ran", { access })).end).toEqual({
    kind: "not_started",
    reason: expect.stringMatching(/^cannot confine "\/bin\/sh": bwrap: .*gone/),
  });
  expect(existsSync(join(world.workspace, "ran"))).toBe(false);
  for (const [command, exitCode] of [
    ["echo bwrap: no >&2; exit 1", 1],
    ["exec no-such-program", 127],
    ["true", 0],
  ] as const)
    expect((await world.run(command)).end).toEqual({ kind: "exited", exitCode });
  expect(readdirSync(join(world.folder, "sockets"))).toEqual(["etc", "forwarder.cjs"]);
});

test("without a sandbox that works, nothing begins: what is missing is said, and how to go on without", () => {
  const choose = () => chooseSandbox("auto", { environment: { PATH: "/nowhere" }, image: null, folder: "/nowhere" });
  expect(choose).toThrow(EnvironmentError);
  expect(choose).toThrow(/no program bwrap in PATH[\s\S]*apt-get install bubblewrap[\s\S]*--sandbox=none/);
  expect(chooseSandbox("none", { environment: { PATH: "/nowhere" }, image: null, folder: "/nowhere" }).kind).toBe(
    "none",
  );
});

test("when its engine is killed, nothing of it lives: not what left its group and forgot its environment", async () => {
  const world = openWorld();
  const engine = spawn(process.execPath, [join(import.meta.dirname, "engine.fixture.ts"), world.folder], {
    stdio: "inherit",
  });
  onTestFinished(() => void engine.kill("SIGKILL"));
  await until(() => existsSync(join(world.workspace, "up")) && living(world.folder) > 0);
  engine.kill("SIGKILL");
  await until(() => living(world.folder) === 0);
  expect(living(world.folder)).toBe(0);
});

/** How many processes work in that folder, as the host sees it. */
function living(folder: string): number {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && workingIn(pid).startsWith(`${folder}/state`)).length;
}

function workingIn(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    if (error instanceof Error && "code" in error) return ""; // It has just ended.
    throw error;
  }
}

async function answerer(text: string): Promise<number> {
  const server = createServer((client) => client.on("error", () => {}).end(text));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}
