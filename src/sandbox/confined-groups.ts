/**
 * The one place where what a session executes becomes confined: process groups whose every program runs in a sandbox.
 * Invariant: a program of which the sandbox cannot be made is not started.
 */
import { mkdirSync, rmSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { proxyLimits, sandboxLimits } from "../domain/limits.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { Access, GroupEnd, GroupOrder, ProcessGroup, ProcessGroups } from "../engine/ports.ts";
import { openDoor } from "./doors.ts";
import { pathsIn, programFiles } from "./program-files.ts";
import { openProxy, type Decision, type Internet } from "./proxy/proxy.ts";
import type { Confined, Door, Sandbox, SandboxBounds, SandboxOrder } from "./sandbox.ts";

export type ConfinedOptions = {
  sandbox: Sandbox;
  config: Pick<RunConfig, "network" | "readable" | "caches">;
  bounds: SandboxBounds;
  /** Absolute; hidden, but for a session's own folders in it. */
  stateFolder: string;
  /** Of our own: this Node, this package, what they need. */
  ownFiles: readonly string[];
  /** For sockets; ours alone. */
  folder: string;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
  /** For tests: what stands in for the public internet. */
  internet?: Partial<Internet>;
};

const nothing: Access = { role: null, folder: null, words: [], writable: [], placed: [], hosts: [], ports: [] };

export function confineGroups(groups: ProcessGroups, options: ConfinedOptions): ProcessGroups {
  let opened = 0;
  return {
    ...groups,
    confines: true,
    spawn(order) {
      const ways = new Ways(options, join(options.folder, `${++opened}`), order);
      let confined: Confined | null = null;
      const close = async () => {
        await confined?.release().catch(options.report);
        ways.close();
      };
      try {
        confined = options.sandbox.confine(sandboxOrder(order, options, ways));
        const { argv, directory, environment } = confined;
        const [words, made] = [new LastWords(), confined];
        const onStderr = (text: string) => {
          words.add(text);
          order.onStderr(text);
        };
        const group = groups.spawn({ ...order, argv, directory, environment, onStderr });
        return released(group, (end) => endOf(end, order, made, words), close);
      } catch (error) {
        void close();
        return notStarted(order, error);
      }
    },
  };
}

function sandboxOrder(order: GroupOrder, options: ConfinedOptions, ways: Ways): SandboxOrder {
  const { config, stateFolder, ownFiles, bounds } = options;
  const { argv, directory, environment, access = nothing } = order;
  const words = access.words.flatMap((text) => pathsIn(text, environment["LONGHAUL_CONFIG_DIR"] ?? ""));
  const closed = [stateFolder, environment["HOME"] ?? "/"];
  return {
    argv,
    directory,
    // Its own; where the operator's lies is not seen.
    environment: { ...environment, ...(environment["TMPDIR"] !== undefined && { TMPDIR: "/tmp" }) },
    writable: [directory, ...access.writable],
    placed: access.placed,
    readable: [
      ...programFiles(words, environment["PATH"] ?? "", closed),
      ...ownFiles,
      ...config.readable,
      ...(access.folder === null ? [] : [access.folder]),
      ...ofWorkspace(stateFolder, directory),
      ...(typeof order.stdin === "object" && order.stdin !== null && "file" in order.stdin ? [order.stdin.file] : []),
    ],
    hidden: [stateFolder],
    caches: config.caches,
    scratch: scratchOf(access, config.caches, ways),
    proxy: ways.proxy([...(access.role === null ? [] : config.network[access.role]), ...access.hosts]),
    doors: [...new Set(access.ports)].map((port) => ways.door(port)),
    limits: bounds,
  };
}

/**
 * What a workspace's programs read of the state folder: the objects that its git borrows of the run's repository, without refs
 * and configuration; and beside the workspace its own index, with the versions of files in conflict.
 */
function ofWorkspace(stateFolder: string, directory: string): string[] {
  const own = relative(join(stateFolder, "workspaces"), directory);
  const inside = own !== "" && !own.startsWith("..") && !isAbsolute(own);
  return [join(stateFolder, "trunk.git", "objects"), ...(inside ? [join(stateFolder, "intake", own)] : [])];
}

/** The session's; or the program's own, where copies have to lie. */
function scratchOf({ folder }: Access, caches: RunConfig["caches"], ways: Ways): string | null {
  if (folder === null && !caches.some(({ mode }) => mode === "private")) return null;
  const scratch = folder === null ? ways.place("scratch") : join(folder, "scratch");
  mkdirSync(scratch, { recursive: true });
  return scratch;
}

/** The ways out of one sandbox. */
class Ways {
  readonly #options: ConfinedOptions;
  readonly #folder: string;
  readonly #order: GroupOrder;
  readonly #close: (() => void)[] = [];
  #decisions = 0;

  constructor(options: ConfinedOptions, folder: string, order: GroupOrder) {
    this.#options = options;
    this.#folder = folder;
    this.#order = order;
  }

  /** null: there is no host to be reached. */
  proxy(hosts: readonly string[]): string | null {
    if (hosts.length === 0) return null;
    const socket = this.place("proxy");
    const { report, internet = {}, config } = this.#options;
    const { inside } = config.network;
    const proxy = openProxy({
      socket,
      hosts,
      inside,
      onDecision: (decision) => this.#tell(decision),
      report,
      internet,
    });
    this.#close.push(() => proxy.close());
    return socket;
  }

  door(port: number): Door {
    const socket = this.place(String(port));
    const door = openDoor(port, socket, this.#options.report);
    this.#close.push(() => door.close());
    return { port, socket };
  }

  /** Repeatable; must not throw. */
  close(): void {
    for (const close of this.#close.splice(0)) {
      try {
        close();
      } catch (error) {
        this.#options.report(error);
      }
    }
  }

  /** In a folder that is gone when it is closed. */
  place(name: string): string {
    if (this.#close.length === 0) {
      mkdirSync(this.#folder, { mode: 0o700 });
      this.#close.push(() => rmSync(this.#folder, { recursive: true, force: true }));
    }
    return join(this.#folder, name);
  }

  /** To the session's transcript. */
  #tell({ asked, allowed, why }: Decision): void {
    this.#decisions++;
    if (this.#decisions > proxyLimits.decisionsMax) return;
    const more = this.#decisions === proxyLimits.decisionsMax ? "; what follows is not told any more" : "";
    const shown = JSON.stringify(asked).slice(1, -1);
    this.#order.onStderr(`[longhaul: network: ${shown} ${allowed ? "allowed" : `refused: ${why}`}${more}]\n`);
  }
}

/** Its sandbox is gone and its ways are closed before anybody hears that it has ended. */
function released(group: ProcessGroup, told: (end: GroupEnd) => GroupEnd, close: () => Promise<void>): ProcessGroup {
  const ended = group.ended.then(async (end) => {
    try {
      return told(end);
    } finally {
      await close();
    }
  });
  return {
    pid: group.pid,
    ended,
    say: (text) => group.say(text),
    async kill(graceMs) {
      await group.kill(graceMs);
      await ended;
    },
  };
}

/** A sandbox that could not be made has run nothing: what it exits with is no answer of the program's. */
function endOf(end: GroupEnd, { argv }: GroupOrder, confined: Confined, words: LastWords): GroupEnd {
  if (end.kind !== "exited" || end.exitCode === 0 || confined.began()) return end;
  return { kind: "not_started", reason: `cannot confine "${argv[0]}": ${words.text() || `exit code ${end.exitCode}`}` };
}

class LastWords {
  #text = "";
  add(text: string): void {
    this.#text = (this.#text + text).slice(-sandboxLimits.lastWordsCharacters);
  }
  text(): string {
    return this.#text.trim();
  }
}

function notStarted(order: GroupOrder, error: unknown): ProcessGroup {
  const why = error instanceof Error ? error.message : String(error);
  const ended = Promise.resolve({ kind: "not_started", reason: `cannot confine "${order.argv[0]}": ${why}` } as const);
  return { pid: null, ended, say: async () => {}, kill: async () => void (await ended) };
}
