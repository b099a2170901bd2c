/** Attacks on what is not a file: processes and their secrets, sockets, and outliving the session. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { answerer, get, listenOn, livingWith, lurk, node, nodeSeen, until, type Site } from "./site.testsuite.ts";

const canary = "canary-7f3a91";

export type Held = (what: string, command: string, secret: RegExp, prepare?: (at: Site) => void) => void;

export function testProcesses(held: Held): void {
  describe("processes and secrets", () => {
    held(
      "the environment of a process of the host",
      "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
      new RegExp(canary),
      (at) => lurk(at.folder, { SECRET: canary }),
    );
    held("the processes of the host", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", /lurking-here/, (at) =>
      lurk(at.folder, {}),
    );
    held("killing a process of the host", "kill $(cat lurker) && echo killed", /killed/, (at) =>
      writeFileSync(join(at.workspace, "lurker"), String(lurk(at.folder, {}))),
    );
  });
}

export function testNetwork(site: () => Site, confines: boolean): void {
  describe("sockets and network", () => {
    test(`a unix socket of the host: ${confines ? "is not there" : "answers without a sandbox"}`, async () => {
      const at = site();
      const socket = join(at.folder, "docker.sock");
      await listenOn(socket, "the daemon");
      const { out } = await at.run(
        `${node} -e 'require("net").connect("${socket}").on("data",d=>process.stdout.write(d)).on("error",()=>{})'`,
        nodeSeen,
      );
      expect(out).toBe(confines ? "" : "the daemon");
    });

    test(`an abstract socket of the host: ${confines ? "is not there" : "answers without a sandbox"}`, async () => {
      const at = site();
      const socket = `\0longhaul-test-${process.pid}-${Math.random()}`;
      await listenOn(socket, "the daemon");
      const { out } = await at.run(
        `${node} -e 'require("net").connect("\\0${socket.slice(1)}").on("data",d=>process.stdout.write(d)).on("error",()=>{})'`,
        nodeSeen,
      );
      expect(out).toBe(confines ? "" : "the daemon");
    });

    test(`a service on the host's loopback: ${confines ? "is not there" : "answers without a sandbox"}`, async () => {
      const port = await answerer("the host");
      expect((await site().run(get(port))).out).toBe(confines ? "" : "the host");
    });
  });
}

export function testDeath(site: () => Site, confines: boolean): void {
  describe("death", () => {
    test(`a daemonised grandchild ${confines ? "dies with its program" : "lives on without a sandbox"}`, async () => {
      const at = site();
      const mark = `daemon-${process.pid}-${Math.random().toString(36).slice(2)}`;
      await at.run(
        `setsid sh -c 'exec >/dev/null 2>&1 </dev/null; echo up > up; sleep 600; :' ${mark} & while [ ! -e up ]; do sleep 0.05; done`,
      );
      expect(livingWith(mark).length > 0).toBe(!confines);
      for (const pid of livingWith(mark)) process.kill(-pid, "SIGKILL");
    });

    test("asked to end, it ends in its own way", async () => {
      const at = site();
      const { pid, ran } = at.start(
        "trap 'echo saved > saved; exit 3' TERM; echo up > up; while :; do sleep 0.05; done",
      );
      await until(() => existsSync(join(at.workspace, "up")));
      process.kill(-pid, "SIGTERM");
      expect((await ran).code).toBe(3);
      expect(readFileSync(join(at.workspace, "saved"), "utf8")).toBe("saved\n");
    });
  });
}
