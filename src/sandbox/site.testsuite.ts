/** For tests of sandboxes: a folder of the host's with what must not be seen, and programs that are run confined. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { usualBounds } from "./inside.ts";
import type { Lack, Sandbox, SandboxOrder } from "./sandbox.ts";

export type Ran = { code: number | null; out: string; err: string };
export type Site = {
  /** Holds what must not be seen. */
  folder: string;
  workspace: string;
  lacks(what: Lack): boolean;
  order(command: string, more?: Partial<SandboxOrder>): SandboxOrder;
  run(command: string, more?: Partial<SandboxOrder>): Promise<Ran>;
  start(command: string, more?: Partial<SandboxOrder>): { pid: number; ran: Promise<Ran> };
};

export const bounds = { ...usualBounds(2 ** 32), memoryBytes: null };
export const node = `'${process.execPath}'`;
export const nodeSeen = { readable: [process.execPath] };
export const get = (port: number) => `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3' 2>/dev/null`;

export function makeSite(sandbox: Sandbox): Site {
  // Not in /tmp: a sandbox has one of its own anyway.
  const folder = realpathSync(
    mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : homedir() || tmpdir(), "longhaul-site-")),
  );
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const workspace = join(folder, "state", "workspaces", "own");
  for (const path of ["home/.ssh", "state/workspaces/own", "state/workspaces/other"])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, "home/.ssh/id_test"), "PRIVATE");
  writeFileSync(join(folder, "state/workspaces/other/secret"), "OTHER");
  writeFileSync(join(folder, "state/longhaul.db"), "DATABASE");
  const order: Site["order"] = (command, more = {}) => ({
    argv: ["/bin/sh", "-c", command],
    directory: workspace,
    environment: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: join(folder, "home") },
    writable: [workspace],
    placed: [],
    readable: [],
    hidden: [join(folder, "state")],
    caches: [],
    scratch: null,
    proxy: null,
    doors: [],
    limits: bounds,
    ...more,
  });
  const start: Site["start"] = (command, more) => {
    const confined = sandbox.confine(order(command, more));
    const [program, ...args] = confined.argv;
    const child = spawn(program, args, { cwd: confined.directory, env: confined.environment, detached: true });
    const ran: Ran = { code: null, out: "", err: "" };
    child.stdout.on("data", (text) => (ran.out += text));
    child.stderr.on("data", (text) => (ran.err += text));
    child.stdin.end();
    const { pid } = child;
    if (pid === undefined) throw new Error("the sandbox's program could not be started");
    return {
      pid,
      ran: new Promise((resolve) =>
        child.once("exit", (code) => {
          void settled(child).then(async () => {
            await confined.release();
            resolve({ ...ran, code });
          });
        }),
      ),
    };
  };
  const lacks = (what: Lack) => sandbox.lacks.includes(what);
  const site: Site = { folder, workspace, lacks, order, start, run: (command, more) => start(command, more).ran };
  sandboxOf.set(site, sandbox);
  return site;
}

const sandboxOf = new WeakMap<Site, Sandbox>();
export const boundsMemory = (at: Site) =>
  sandboxOf.get(at)?.says.some((line) => line.includes("memory: bounded")) === true;

/** What it printed has arrived, unless somebody else holds its pipes open. */
async function settled(child: { stdout: { readableEnded: boolean } }): Promise<void> {
  for (let tries = 0; tries < 20 && !child.stdout.readableEnded; tries++) await sleep(5);
}

/** A process of the host in that folder, which the test ends. */
export function lurk(folder: string, environment: { [name: string]: string }): number {
  const child = spawn("/bin/sh", ["-c", "sleep 60; : lurking-here"], {
    cwd: folder,
    env: environment,
    stdio: "ignore",
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("/bin/sh could not be started");
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, "SIGKILL");
  });
  return pid;
}

export async function listenOn(where: string | number, text: string): Promise<number> {
  const server = createServer((client) => client.on("error", () => {}).end(text));
  await new Promise<void>((resolve) => {
    if (typeof where === "string") server.listen(where, resolve);
    else server.listen(where, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  return typeof where === "string" ? 0 : (server.address() as AddressInfo).port;
}
export const answerer = (text: string) => listenOn(0, text);

/** Group leaders with that word in their command line, as the host sees them. */
export function livingWith(word: string): number[] {
  const table = execFileSync("ps", ["-eo", "pid=,pgid=,stat=,args="], { encoding: "utf8" });
  return table.split("\n").flatMap((line) => {
    const [, pid = "", pgid = "", state = "", args = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return args.includes(word) && args.startsWith("sh -c") && !state.startsWith("Z") && pid === pgid
      ? [Number(pid)]
      : [];
  });
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}
