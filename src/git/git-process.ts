/**
 * Owns how git is started. Invariant: no setting, hook, helper or variable from outside this file changes what an
 * engine's git process does, and none runs without a bound in time and output.
 *
 * Own code on node:child_process and not tinyexec, which lays the whole parent environment under the child's
 * (GIT_DIR and secrets included), puts node_modules/.bin before PATH, and decodes output chunk by chunk, which
 * breaks names in UTF-8.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { delimiter, isAbsolute } from "node:path";
import { BoundedChild, giveWay } from "./bounded-child.ts";
import { EnvironmentError } from "../domain/environment-error.ts";
import type { RunId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";

export type Environment = { readonly [name: string]: string | undefined };
export type Identity = { name: string; email: string };

export type GitCall = {
  gitDir?: string;
  workTree?: string;
  indexFile?: string;
  /** Another object store than `gitDir`'s own. */
  objects?: string;
  /** Marks the process as this run's, so that one that outlives its engine is found. */
  run?: RunId;
  identity?: Identity;
  /** Date of both author and committer, for a commit that must come out the same every time. */
  date?: string;
  input?: string | Buffer;
  /** A file descriptor that gets stdout instead. */
  stdoutTo?: number;
  timeoutMs?: number;
  /** Ends the process; it then fails. */
  signal?: AbortSignal;
  /** It gives way to everything else. */
  background?: boolean;
  /** Exit codes that are answers; any other rejects. Default: 0. */
  exits?: readonly number[];
};

/** Settings for one call. Their values may be secrets: they go into git's environment, never onto its command line. */
export type OperatorSettings = readonly (readonly [name: string, value: string])[];

export type GitResult = { exitCode: number; stdout: Buffer; stderr: string };

/** Settings of one call come before it. */
const commandOf = (args: readonly string[]) => args.find((arg, n) => arg !== "-c" && args[n - 1] !== "-c") ?? "";

/** A git process that failed. Not an answer: a fault of the environment, or a bug. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(args: readonly string[], ended: string, exitCode: number | null, stderr: string) {
    super(`git ${commandOf(args)} ${ended}: ${stderr.trim().slice(0, 2_000) || "no message"}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const settings = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "core.attributesFile=/dev/null",
  "core.excludesFile=/dev/null",
  "core.autocrlf=false",
  "core.safecrlf=false",
  "core.quotePath=false",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "core.fsync=committed,reference",
  "core.fsyncMethod=batch",
  "index.version=2",
  "gc.auto=0",
  "maintenance.auto=false",
  "submodule.recurse=false",
  "diff.ignoreSubmodules=all",
  "fetch.recurseSubmodules=false",
  "fetch.writeCommitGraph=false",
  "protocol.allow=never",
  "protocol.file.allow=always",
  "protocol.ext.allow=never",
  "log.showSignature=false",
  "merge.conflictStyle=merge",
  "safe.directory=*",
];

/** Nobody is asked for anything, and no one is reached. */
const alone = [...settings, "credential.helper="];

/** A remote is reached over what remotes speak, and nothing of it is believed. */
const reaching = [
  ...settings,
  ...["git", "ssh", "http", "https"].map((protocol) => `protocol.${protocol}.allow=always`),
  "transfer.fsckObjects=true",
  // Always as a pack: loose objects would gather.
  "transfer.unpackLimit=1",
  "push.gpgSign=false",
  "push.followTags=false",
  // Else it goes by the tips there that are here as well: where each went on, the whole history would be sent.
  "push.negotiate=true",
];

/** What of the environment's `GIT_` variables tells how a remote is reached. */
const reachingVariables = /^GIT_(?:ASKPASS|SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|PROXY_COMMAND|HTTP_PROXY_AUTHMETHOD)$/;

export class Git {
  readonly #clean: NodeJS.ProcessEnv;
  readonly #users: NodeJS.ProcessEnv;
  readonly #reaching: NodeJS.ProcessEnv;

  /** `environment`: this process's own. Of it, the engine's git processes see only PATH. */
  constructor(environment: Environment) {
    const path = (environment["PATH"] ?? "").split(delimiter).filter(isAbsolute).join(delimiter);
    this.#clean = {
      PATH: path,
      LC_ALL: "C",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
      GIT_DEFAULT_REF_FORMAT: "files",
      GIT_NO_LAZY_FETCH: "1",
    };
    const inherited = Object.entries(environment).filter(([name]) => !name.startsWith("GIT_"));
    this.#users = {
      ...Object.fromEntries(inherited),
      PATH: path,
      LC_ALL: "C",
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
    };
    // Credential helpers are programs of the operator's, and each needs other variables of theirs.
    const known = Object.entries(environment).filter(([name]) => reachingVariables.test(name));
    const noWindows = { SSH_ASKPASS: "", SSH_ASKPASS_REQUIRE: "never" };
    this.#reaching = { ...this.#users, ...this.#clean, ...noWindows, ...Object.fromEntries(known) };
  }

  /** Runs git with nothing but our own settings. */
  run(args: readonly string[], call: GitCall = {}): Promise<GitResult> {
    return start(argv(alone, args, call), args, this.#environment(call), call);
  }

  /**
   * Runs git on a repository of ours to reach a remote, with the operator's credentials: their environment, and of their
   * settings those that are given. It asks nobody: it has no terminal, and ssh is told so.
   */
  reach(args: readonly string[], call: GitCall, theirs: OperatorSettings): Promise<GitResult> {
    const env: NodeJS.ProcessEnv = { ...this.#reaching, GIT_CONFIG_COUNT: String(theirs.length) };
    if (call.run) env["LONGHAUL_RUN"] = call.run;
    for (const [n, [name, value]] of theirs.entries()) {
      env[`GIT_CONFIG_KEY_${n}`] = name;
      env[`GIT_CONFIG_VALUE_${n}`] = value;
    }
    const ownSsh = "GIT_SSH_COMMAND" in env || "GIT_SSH" in env || theirs.some(([name]) => name === "core.sshcommand");
    if (!ownSsh) env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes";
    return start(argv(reaching, args, call), args, env, call);
  }

  /** Starts a git that answers one request after the other until its stdin ends; see `GitService`. */
  serve(args: readonly string[], call: Pick<GitCall, "gitDir" | "run">): ChildProcess {
    return spawnGit(argv(alone, args, call), this.#environment(call));
  }

  #environment(call: GitCall): NodeJS.ProcessEnv {
    const env: NodeJS.ProcessEnv = { ...this.#clean };
    if (call.run) env["LONGHAUL_RUN"] = call.run;
    if (call.indexFile) env["GIT_INDEX_FILE"] = call.indexFile;
    if (call.objects) env["GIT_OBJECT_DIRECTORY"] = call.objects;
    if (call.identity) {
      env["GIT_AUTHOR_NAME"] = env["GIT_COMMITTER_NAME"] = call.identity.name;
      env["GIT_AUTHOR_EMAIL"] = env["GIT_COMMITTER_EMAIL"] = call.identity.email;
    }
    if (call.date) env["GIT_AUTHOR_DATE"] = env["GIT_COMMITTER_DATE"] = call.date;
    return env;
  }

  /** What `run` prints, without the last line's end. */
  async text(args: readonly string[], call: GitCall = {}): Promise<string> {
    return (await this.run(args, call)).stdout.toString("utf8").replace(/\n$/, "");
  }

  /** What `run` prints with `-z`. */
  async list(args: readonly string[], call: GitCall = {}): Promise<string[]> {
    return splitNul((await this.run(args, call)).stdout);
  }

  /** Runs git as the user's own would run, with their configuration: only to read their repository. */
  runAsUser(args: readonly string[], call: Pick<GitCall, "exits"> = {}): Promise<GitResult> {
    const own = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "submodule.recurse=false"];
    return start([...own, ...args], args, this.#users, call);
  }
}

function argv(own: readonly string[], args: readonly string[], call: GitCall): string[] {
  return [
    // From the beginning: git looks there for files of a sparse checkout before it goes to its work tree.
    ...(call.workTree ? ["-C", call.workTree] : []),
    ...own.flatMap((setting) => ["-c", setting]),
    ...(call.gitDir ? [`--git-dir=${call.gitDir}`] : []),
    ...(call.workTree ? [`--work-tree=${call.workTree}`] : []),
    ...args,
  ];
}

/** Splits what git prints with `-z`. */
export function splitNul(output: Buffer): string[] {
  const parts = output.toString("utf8").split("\0");
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

export function cannotStart(cause: unknown): EnvironmentError {
  return new EnvironmentError("git", "cannot be started", "Install git 2.38 or newer and put it on PATH.", { cause });
}

function spawnGit(all: readonly string[], env: NodeJS.ProcessEnv, stdoutTo?: number): ChildProcess {
  // Detached: Ctrl-C goes to the terminal's process group and must not cut a landing in two. cwd is one that exists.
  return spawn("git", all, { env, cwd: "/", detached: true, stdio: ["pipe", stdoutTo ?? "pipe", "pipe"] });
}

function start(
  all: readonly string[],
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  call: GitCall,
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawnGit(all, env, call.stdoutTo);
    const timeoutMs = call.timeoutMs ?? gitLimits.processMs;
    const bounded = new BoundedChild(child, timeoutMs);
    if (call.background && child.pid !== undefined) giveWay(child.pid);
    const cut = () => bounded.stop("was cut off");
    call.signal?.addEventListener("abort", cut, { once: true });
    if (call.signal?.aborted) cut();
    child.on("error", (cause) => {
      bounded.settle();
      reject(cannotStart(cause));
    });
    child.on("close", (exitCode, signal) => {
      bounded.settle();
      call.signal?.removeEventListener("abort", cut);
      const { stdout, stderr, stopped } = bounded;
      if (stopped) return reject(new GitError(args, stopped, exitCode, stderr));
      if (exitCode === null) return reject(new GitError(args, `was killed by ${signal}`, null, stderr));
      if (!(call.exits ?? [0]).includes(exitCode))
        return reject(new GitError(args, `failed with exit code ${exitCode}`, exitCode, stderr));
      resolve({ exitCode, stdout: Buffer.concat(stdout), stderr });
    });
    // git may end without reading its input (EPIPE); its exit code tells what that means.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(call.input ?? "");
  });
}
