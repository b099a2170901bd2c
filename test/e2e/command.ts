/** One `longhaul` process: the real `bin/longhaul.js`, in a process group of its own as a shell would give it. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { until } from "./until.ts";

const bin = join(dirname(dirname(import.meta.dirname)), "bin", "longhaul.js");

/** `code` is null when a signal ended it. */
export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export type Running = {
  pid: number;
  ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** To the process alone. */
  signal(signal: NodeJS.Signals): void;
  /** Ctrl-C: a terminal sends it to the whole process group. */
  interrupt(): void;
  /** Answers the match on stderr; fails when the process ends without having said it. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
};

export type Surroundings = { directory: string; environment: NodeJS.ProcessEnv; before?: string[] };

/** `before`: words that start it, such as `unshare -m`. */
export function startLonghaul(args: string[], { directory, environment, before = [] }: Surroundings): Running {
  const [program = "", ...words] = [...before, process.execPath, bin, ...args];
  const child = spawn(program, words, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  const end: { is: Ended | null } = { is: null };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (said[stream] += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve((end.is = { code, signal, ...said })));
  });
  ended.catch(() => {}); // Whoever waits for it is told.
  const signalTo = (to: number, signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(to, signal);
  };
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    signal: (signal) => signalTo(pid, signal),
    interrupt: () => signalTo(-pid, "SIGINT"),
    says: (pattern) =>
      until(
        `${pattern} from longhaul ${args.join(" ")}`,
        () => {
          const match = pattern.exec(said.stderr);
          if (!match && end.is)
            throw new Error(`longhaul ${args.join(" ")} ended without ${pattern}: ${JSON.stringify(end.is, null, 2)}`);
          return match;
        },
        () => JSON.stringify(said, null, 2),
      ),
  };
}
