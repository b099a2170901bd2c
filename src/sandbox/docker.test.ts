/**
 * Containers for real: `npm test` needs no Docker, so they are tried where LONGHAUL_TEST_IMAGE names an image that has a shell, bash, git and the
 * usual tools, and `docker` or `podman` is in PATH.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { testConfinement } from "./confinement.testsuite.ts";
import { openDocker } from "./docker-probe.ts";
import { clientEnvironment, containerWords } from "./docker-words.ts";
import { namePrefix } from "./docker.ts";
import type { Sandbox, SandboxOrder } from "./sandbox.ts";
import { testSandbox } from "./sandbox.testsuite.ts";
import { livingWith, makeSite, until } from "./site.testsuite.ts";

const fixture = fileURLToPath(new URL("docker-engine.fixture.ts", import.meta.url));
/** The one that the adapter takes: a client may be here whose engine is not. */
const client = spawnSync("docker", ["ps"]).status === 0 ? "docker" : "podman";
const containersOf = (pid: number | undefined): string =>
  execFileSync(client, ["ps", "--all", "--quiet", "--filter", `name=${namePrefix}${pid}-`], { encoding: "utf8" });

const images = [process.env["LONGHAUL_TEST_IMAGE"] ?? []].flat();
const folder = mkdtempSync(join(tmpdir(), "longhaul-docker-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(images)("with the image %s", (image) => {
  const probed = openDocker({ environment: process.env, image, folder });
  const open = (): Sandbox => {
    if (!probed.ok) throw new Error(`${probed.missing}. ${probed.mend}`);
    return probed.sandbox;
  };
  testSandbox("docker", open, { confines: true });
  testConfinement("docker", open);

  test("when its engine is killed, nothing of it lives", async () => {
    const mark = `engine-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const own = mkdtempSync(join(folder, "engine-"));
    const engine = spawn(process.execPath, [fixture, image, own, mark, JSON.stringify(process.env)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(engine.stdout, "data");
    await until(() => livingWith(mark).length > 0);
    engine.kill("SIGKILL");
    await until(() => livingWith(mark).length === 0);
    await until(() => containersOf(engine.pid) === "");
    expect(livingWith(mark)).toEqual([]);
  });

  test("a container that a dead engine left is removed by the next that begins", async () => {
    const ended = spawn("true");
    await once(ended, "exit");
    const name = `${namePrefix}${ended.pid}-left-1`;
    const order = makeSite(open()).order("sleep 600");
    const confined = open().confine(order);
    const words = confined.argv
      .slice(confined.argv.indexOf("run"))
      .map((each) => each.replace(/^--name=.*/, `--name=${name}`));
    const left = spawn(client, words, { env: confined.environment, stdio: "ignore" });
    await until(() => containersOf(ended.pid) !== "");
    openDocker({ environment: process.env, image, folder });
    await until(() => containersOf(ended.pid) === "");
    expect(containersOf(ended.pid)).toBe("");
    left.kill("SIGKILL");
    await confined.release();
  });
});

const order = {
  argv: ["sh"],
  directory: "/w",
  environment: {},
  writable: ["/w"],
  placed: [],
  readable: ["/tools", "/w"],
  hidden: ["/state"],
  caches: [],
  scratch: null,
  proxy: null,
  doors: [],
  limits: { cpuSeconds: 5, fileBytes: 6, processes: 7, memoryBytes: 8 },
} satisfies SandboxOrder;

const container = {
  order,
  name: "longhaul-1",
  label: "longhaul=here",
  image: "tools:1",
  user: { uid: 1000, gid: 100 },
  ceilings: { files: 9, processes: 10 },
  own: "/own",
  openings: [{ from: "/socket", at: "/run/longhaul/proxy.sock" }],
  home: "/home/user",
  environment: { PATH: "/bin", TOKEN: "secret", HOME: "/elsewhere", LANG: "C" },
  unasked: ["LANG", "NODE_VERSION", "odd-name"],
  tmpBytes: 11,
  argv: ["sh", "-c", "true"],
};

test("a container has nothing but what is named: no network, no rights, nothing of the host's, no secret on its command line", () => {
  const words = containerWords(container);
  for (const word of [
    "--network=none",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pull=never",
  ])
    expect(words).toContain(word);
  expect(words.filter((each) => /^--(user|pids-limit|memory|ulimit)=/.test(each)).map((each) => each.slice(2))).toEqual(
    [
      "user=1000:100",
      "pids-limit=7",
      "memory=8",
      "ulimit=core=0:0",
      "ulimit=cpu=5:5",
      "ulimit=fsize=6:6",
      "ulimit=nofile=9:9",
      "ulimit=nproc=10:10",
    ],
  );
  expect(words.filter((each) => /^--(mount|tmpfs)=/.test(each))).toEqual([
    "--tmpfs=/run:rw,exec,nosuid,nodev,mode=1777,size=11",
    "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size=11",
    "--mount=type=bind,source=/tools,target=/tools,readonly",
    "--mount=type=bind,source=/w,target=/w",
    "--tmpfs=/state:rw,exec,nosuid,nodev,mode=1777,size=11",
    "--tmpfs=/home/user:rw,exec,nosuid,nodev,mode=1777,size=11",
    "--mount=type=bind,source=/own,target=/run/longhaul",
    "--mount=type=bind,source=/socket,target=/run/longhaul/proxy.sock,readonly",
  ]);
  expect(words.filter((each) => each.startsWith("--env="))).toEqual([
    "--env=PATH=/bin",
    "--env=TOKEN",
    "--env=LANG",
    "--env=HOME=/home/user",
  ]);
  expect(words.slice(words.indexOf("tools:1"))).toEqual([
    "tools:1",
    "-c",
    'unset _ NODE_VERSION; : >/run/longhaul/begun || exit 126; exec "$@"',
    "longhaul",
    "sh",
    "-c",
    "true",
  ]);
});

test.each(["/a,b", "/a:b", '/a"b'])("a path that Docker's words cannot carry is refused: %s", (path) =>
  expect(() => containerWords({ ...container, order: { ...order, writable: [path] } })).toThrow(path),
);

test("its client has what it needs of the operator's environment, and no key", () =>
  expect(clientEnvironment({ PATH: "/bin", DOCKER_HOST: "unix:///d", OPENAI_API_KEY: "key", HOME: undefined })).toEqual(
    {
      PATH: "/bin",
      DOCKER_HOST: "unix:///d",
    },
  ));

test("without an image it is refused, with what to write", () =>
  expect(openDocker({ environment: {}, image: null, folder })).toMatchObject({
    ok: false,
    mend: expect.stringContaining("sandboxImage"),
  }));
