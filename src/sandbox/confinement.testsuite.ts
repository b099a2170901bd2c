/** What has no counterpart without a sandbox: rights, limits, ways out, and the end of everything. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDoor } from "./doors.ts";
import { proxyPort } from "./inside.ts";
import { openProxy } from "./proxy/proxy.ts";
import type { Sandbox } from "./sandbox.ts";
import {
  answerer,
  bounds,
  boundsMemory,
  get,
  livingWith,
  makeSite,
  node,
  nodeSeen,
  until,
  type Site,
} from "./site.testsuite.ts";

export function testConfinement(name: string, open: () => Sandbox): void {
  const site = () => makeSite(open());
  describe(`confinement: ${name}`, () => {
    testRights(site);
    testNoNetwork(site);
    testWaysOut(site);
    testLimits(site);
    testPlaced(site);
    test("everything dies when what was started is killed", async () => {
      const at = site();
      const mark = `killed-${process.pid}-${Math.random().toString(36).slice(2)}`;
      const { pid, ran } = at.start(`(setsid sh -c 'sleep 600 & sleep 600; :' ${mark} &); echo up > up; sleep 600`);
      await until(() => existsSync(join(at.workspace, "up")) && livingWith(mark).length > 0);
      process.kill(pid, "SIGKILL");
      await ran;
      expect(existsSync(join(at.workspace, "up"))).toBe(true);
      await until(() => livingWith(mark).length === 0);
    });
  });
}

function testPlaced(site: () => Site): void {
  test("a file that is seen elsewhere is written through, also by who would put a new one in its place", async () => {
    const at = site();
    const file = join(at.folder, "home", "login.json");
    const place = join(at.workspace, "seen.json");
    writeFileSync(file, "login 1");
    writeFileSync(place, "");
    const { out } = await at.run(
      `cat seen.json; echo other > new; mv new seen.json 2>/dev/null || echo kept; echo login 2 > seen.json; ls ${at.folder}/home`,
      { placed: [{ at: place, file }] },
    );
    expect(out).toBe("login 1kept\n");
    expect([readFileSync(file, "utf8"), readFileSync(place, "utf8")]).toEqual(["login 2\n", ""]);
  });
}

function testRights(site: () => Site): void {
  test("it has no rights of the system, no way to new ones, and no namespaces to make", async () => {
    const at = site();
    const { out } = await at.run(
      "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; unshare --user true 2>&1; mount -t tmpfs x /tmp 2>&1",
    );
    expect(out.match(/^Cap\w+:\t(\d+)$/gm)?.map((line) => line.split("\t")[1])).toEqual(
      Array.from({ length: 5 }, () => "0".repeat(16)),
    );
    expect(out).toMatch(/NoNewPrivs:\t1/);
    expect(/unshare failed/.test(out)).toBe(!at.lacks("namespaces"));
    expect(out).toMatch(/mount.*(permission|must be superuser)/i);
  });

  test.each([
    "sys/kernel/core_pattern",
    "sys/kernel/hostname",
    "sysrq-trigger",
    "sys/vm/drop_caches",
    "self/oom_score_adj",
  ])("the kernel's setting /proc/%s cannot be opened for writing, by root neither", async (path) => {
    const at = site();
    const { out } = await at.run(`(: >> /proc/${path}) 2>/dev/null && echo opened; echo tried`);
    const opens = path === "self/oom_score_adj" && at.lacks("oomScore");
    expect(out).toBe(opens ? "opened\ntried\n" : "tried\n");
  });

  test("a setuid program gives no rights", async () => {
    const at = site();
    execFileSync("sh", ["-c", `cp /usr/bin/id ${at.workspace}/id && chmod 4755 ${at.workspace}/id`]);
    const { out } = await at.run("./id -u; id -u; grep -c nosuid /proc/mounts >/dev/null && echo nosuid");
    const [first, second] = out.split("\n");
    expect(first).toBe(second);
    expect(out).toContain("nosuid");
  });
}

function testNoNetwork(site: () => Site): void {
  test.each(["169.254.169.254:80", "192.0.2.1:443", "[fe80::1]:80", "10.0.0.1:22", "1.1.1.1:53"])(
    "the address %s: there is no way",
    async (address) => {
      const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
      const { out } = await site().run(
        `${node} -e 'require("net").connect(${port},"${host}").on("error",e=>console.log(e.code)).on("connect",()=>console.log("reached"))'`,
        nodeSeen,
      );
      expect(out).toMatch(/^E(NETUNREACH|ADDRNOTAVAIL|HOSTUNREACH|INVAL)\n$/);
    },
  );

  test("no name is resolved", async () => {
    const { out } = await site().run(
      `${node} -e 'require("dns").lookup("example.org",e=>console.log(e?"no":"yes"))'`,
      nodeSeen,
    );
    expect(out).toBe("no\n");
  });
}

const connectTo = (host: string) =>
  `exec 3<>/dev/tcp/127.0.0.1/${proxyPort} && printf "CONNECT ${host} HTTP/1.1\\r\\n\\r\\n" >&3 && cat <&3`;

function testWaysOut(site: () => Site): void {
  test("a door leads to the one service behind it", async () => {
    const at = site();
    const port = await answerer("behind the door");
    const socket = join(at.folder, "door");
    const door = openDoor(port, socket, () => {});
    onTestFinished(() => door.close());
    const { out, err } = await at.run(get(port), { doors: [{ port, socket }] });
    expect([out, err]).toEqual(["behind the door", ""]);
  });

  test("the proxy is the way to hosts on the list, and to them alone", async () => {
    const at = site();
    const port = await answerer("the internet");
    const proxy = join(at.folder, "proxy");
    const asked: string[] = [];
    const opened = openProxy({
      socket: proxy,
      hosts: [`example.org:${port}`],
      inside: [],
      onDecision: (decision) => asked.push(`${decision.asked} ${decision.allowed}`),
      report: () => {},
      internet: { lookup: async () => ["127.0.0.1"], isPublic: () => true },
    });
    onTestFinished(() => opened.close());
    const hosts = [`example.org:${port}`, "evil.example:443", `127.0.0.1:${port}`];
    const { out } = await at.run(hosts.map((host) => `bash -c '${connectTo(host)}'`).join("; "), { proxy });
    expect(out.match(/HTTP\/1.1 \d+|the internet/g)).toEqual([
      "HTTP/1.1 200",
      "the internet",
      "HTTP/1.1 403",
      "HTTP/1.1 403",
    ]);
    expect(asked).toEqual([`example.org:${port} true`, "evil.example:443 false", `127.0.0.1:${port} false`]);
  });
}

function testLimits(site: () => Site): void {
  describe("limits", () => {
    test("a process that burns the CPU is killed", async () => {
      const { code } = await site().run("while :; do :; done", { limits: { ...bounds, cpuSeconds: 1 } });
      expect(code).toBeGreaterThan(128);
    });

    test("a file that fills the disk is cut off", async () => {
      const at = site();
      const { code } = await at.run("head -c 50000000 /dev/zero > big", {
        limits: { ...bounds, fileBytes: 1_024_000 },
      });
      expect(code).toBeGreaterThan(0);
      expect(execFileSync("stat", ["-c", "%s", join(at.workspace, "big")], { encoding: "utf8" })).toBe("1024000\n");
    });

    test("a fork bomb comes to nothing, and its neighbour goes on", async () => {
      const at = site();
      const neighbour = at.start("sleep 3; echo well");
      const bomb = await at.run("i=0; while [ $i -lt 300 ]; do sleep 20 & i=$((i+1)); done; echo all-begun", {
        limits: { ...bounds, processes: 40 },
      });
      expect(bomb.out).not.toContain("all-begun");
      expect(bomb.err).toMatch(/fork/i);
      expect((await neighbour.ran).out).toBe("well\n");
    });

    test("a program that takes too much memory is killed, where the system lets us bound it", async () => {
      const at = site();
      const { out } = await at.run(
        `${node} -e 'const a=[];for(let i=0;i<40;i++)a.push(Buffer.alloc(2**24,1));console.log("took it")'`,
        {
          ...nodeSeen,
          limits: { ...bounds, memoryBytes: 300_000_000 },
        },
      );
      expect(out).toBe(boundsMemory(at) ? "" : "took it\n");
    });
  });
}
