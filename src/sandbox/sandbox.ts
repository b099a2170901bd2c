/**
 * The port of sandboxes: it turns an order to run a program into one that runs it confined.
 *
 * What every adapter but `none` promises of the program and of all that it starts: it sees the system's programs, what
 * the order names, a home and a /tmp of its own, and nothing else of the host's files, processes, sockets and network; it
 * has no rights beyond its user's; and all of it is dead when the process that the confined order starts is.
 */
import type { Environment } from "../engine/ports.ts";

export interface Sandbox {
  readonly kind: SandboxKind;
  /** What it holds back here, and what not: lines for people. */
  readonly says: readonly string[];
  /** Of what is promised above, what it cannot hold. Its conformance suite shows that it does not. */
  readonly lacks: readonly Lack[];
  /** Throws when what it needs of the host cannot be had; then nothing may be started. */
  confine(order: SandboxOrder): Confined;
}

export type SandboxKind = "bubblewrap" | "sandbox-exec" | "docker" | "none";

/** What a sandbox may be unable to hold, in words for people. */
export const lackWords = {
  daemons: "A program that leaves its process group, as daemons do, is not killed with the others.",
  places: "Home and /tmp are the program's own by HOME and TMPDIR alone; /tmp itself is not to be written.",
  logins: "A coding agent's own login cannot be given to it: it needs a key or a model.",
  privateCaches: "Private caches cannot be given: only read-only ones.",
  counts: "The number of processes and their memory are not bounded.",
  loopback: "Programs cannot reach servers that they start themselves on loopback.",
  namespaces: "Programs can make user namespaces of their own.",
  oomScore: "A program can name itself as the first to be killed when memory runs out.",
} as const;
export type Lack = keyof typeof lackWords;

export type SandboxOrder = {
  /** As in `GroupOrder`: looked up where the program runs. */
  argv: readonly [string, ...string[]];
  /** Absolute; within what is writable. */
  directory: string;
  /** The whole of it. HOME names the place of its private home. */
  environment: Environment;
  /** Absolute paths, seen under their own names. Those that are not there make the start fail. */
  writable: readonly string[];
  /** Files that are seen elsewhere, over files that are there: absolute, `at` within what is writable. */
  placed: readonly { at: string; file: string }[];
  /** Absolute paths, seen under their own names. What is not there is left out. */
  readable: readonly string[];
  /** Folders that stay empty, whatever is readable above them; what is writable below them is seen. */
  hidden: readonly string[];
  caches: readonly Cache[];
  /** A folder of the host's that holds home and /tmp, for programs that follow one another; null: gone with the program. */
  scratch: string | null;
  /** The socket of the proxy (`proxy/`), the only way out; null: no network at all. */
  proxy: string | null;
  /** Services of ours on the host's loopback. */
  doors: readonly Door[];
  limits: SandboxBounds;
};

/** Of a program that is given a directory to write in and nothing else. `home`: where its private one lies. */
export const bareOrder = (
  argv: SandboxOrder["argv"],
  directory: string,
  home: string,
  limits: SandboxBounds,
): SandboxOrder => ({
  argv,
  directory,
  environment: { PATH: "/usr/bin:/bin", HOME: home },
  writable: [directory],
  placed: [],
  readable: [],
  hidden: [],
  caches: [],
  scratch: null,
  proxy: null,
  doors: [],
  limits,
});

/** `private`: a copy of what is there; what it writes there is its own and gone with `scratch`. Without `scratch` it is empty. */
export type Cache = { path: string; mode: "read-only" | "private" };

/** Inside, 127.0.0.1:`port` leads to the unix socket `socket` of the host. */
export type Door = { port: number; socket: string };

export type SandboxBounds = {
  cpuSeconds: number;
  fileBytes: number;
  processes: number;
  /** null: as much as there is. */
  memoryBytes: number | null;
};

export type Confined = {
  argv: readonly [string, ...string[]];
  directory: string;
  environment: Environment;
  /** Asked once it has ended in error: whether the program was begun at all. If not, its last words on stderr say why. Must not throw. */
  began(): boolean;
  /** Once it has ended; nothing of it lives any more when this answers. Repeatable; must not throw nor reject. */
  release(): Promise<void>;
};

/** Whether a sandbox works here. It is asked by running something in it. */
export type Probed = { ok: true; sandbox: Sandbox } | { ok: false; missing: string; mend: string };
