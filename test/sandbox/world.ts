/** Real process groups that are confined by the real sandbox of this machine. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Access, GroupEnd, GroupOrder, ProcessGroups } from "../../src/engine/ports.ts";
import { openProcesses } from "../../src/processes/processes.ts";
import { chooseSandbox } from "../../src/sandbox/choose.ts";
import { confineGroups, type ConfinedOptions } from "../../src/sandbox/confined-groups.ts";
import { usualBounds } from "../../src/sandbox/inside.ts";

export type Ran = { end: GroupEnd; out: string; err: string };
export type RunMore = {
  access?: Partial<Access>;
  argv?: GroupOrder["argv"];
  path?: string;
  stdin?: GroupOrder["stdin"];
};

export type World = {
  folder: string;
  workspace: string;
  /** Of the session. */
  own: string;
  groups: ProcessGroups;
  faults: unknown[];
  write(path: string, text: string): void;
  run(command: string, more?: RunMore): Promise<Ran>;
};

export function confined(groups: ProcessGroups, folder: string, more: Partial<ConfinedOptions> = {}): ProcessGroups {
  const sockets = join(folder, "sockets");
  mkdirSync(sockets, { recursive: true });
  return confineGroups(groups, {
    sandbox: chooseSandbox("auto", { environment: { PATH: process.env["PATH"] ?? "" }, image: null, folder: sockets }),
    config: {
      network: { planner: [], worker: [], arbiter: [], judge: [], prepare: [], inside: [] },
      readable: [],
      caches: [],
    },
    bounds: usualBounds(2 ** 33),
    stateFolder: join(folder, "state"),
    ownFiles: [process.execPath],
    folder: sockets,
    report: () => {},
    ...more,
  });
}

export function openWorld(more: Partial<ConfinedOptions> | ((folder: string) => Partial<ConfinedOptions>) = {}): World {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "longhaul-confined-")));
  const processes = openProcesses();
  onTestFinished(async () => {
    await processes.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const workspace = join(folder, "state", "workspaces", "own");
  const own = join(folder, "state", "sessions", "s1");
  for (const path of [workspace, own, join(folder, "home")]) mkdirSync(path, { recursive: true });
  const faults: unknown[] = [];
  const groups = confined(processes.groups, folder, {
    report: (error) => void faults.push(error),
    ...(typeof more === "function" ? more(folder) : more),
  });
  return {
    folder,
    workspace,
    own,
    groups,
    faults,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { mode: 0o755 });
    },
    async run(
      command,
      { access, argv = ["/bin/sh", "-c", command] as const, path = "/usr/bin:/bin", stdin = null } = {},
    ) {
      const [out, err]: [string[], string[]] = [[], []];
      const group = groups.spawn({
        argv,
        directory: workspace,
        environment: { PATH: path, HOME: join(folder, "home") },
        stdin,
        onStdout: (text) => out.push(text),
        onStderr: (text) => err.push(text),
        ...(access && {
          access: { role: null, folder: null, words: [], writable: [], placed: [], hosts: [], ports: [], ...access },
        }),
      });
      const end = await group.ended;
      return { end, out: out.join(""), err: err.join("") };
    },
  };
}
