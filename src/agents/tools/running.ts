/**
 * Owns running one program for a tool: in the workspace, in a process group of the session, within a time, until it
 * ends, the session is over, or enough has been printed.
 */
import { MiddleCut } from "../../domain/middle-cut.ts";
import { toolLimits } from "../../domain/limits.ts";
import type { Environment, GroupEnd, GroupOrder } from "../../engine/ports.ts";
import { refuse, type Refusal } from "./answer.ts";
import type { ToolContext } from "./tool.ts";

export type RunOrder = {
  argv: GroupOrder["argv"];
  /** Default: the session's. */
  environment?: Environment;
  timeoutMs: number;
  /** Before it is killed. Default: none, which is right for programs that only read. */
  graceMs?: number;
  /** It may reach the hosts of the session's role. Default: none. */
  network?: boolean;
  /** Called until `enough` is. Must not throw. */
  onStdout(text: string, enough: () => void): void;
  onStderr(text: string): void;
};

/** `cut`: why it was told to end; how it ended then is no result. */
export type RunEnd = { end: GroupEnd; cut: "timeout" | "abort" | "enough" | null };

export async function runProgram(order: RunOrder, context: ToolContext): Promise<RunEnd> {
  const { groups, workspace, folder, role, signal } = context;
  if (signal.aborted) return { end: { kind: "killed", signal: "SIGKILL" }, cut: "abort" };
  let cut: RunEnd["cut"] = null;
  const stop = (why: NonNullable<RunEnd["cut"]>) => {
    cut ??= why;
    // What it prints may come before `spawn` has answered.
    queueMicrotask(() => void group.kill(order.graceMs ?? 0));
  };
  const group = groups.spawn({
    argv: order.argv,
    directory: workspace,
    environment: order.environment ?? context.environment,
    stdin: null,
    onStdout: (text) => {
      if (cut !== "enough") order.onStdout(text, () => stop("enough"));
    },
    onStderr: (text) => order.onStderr(text),
    access: {
      role: order.network === true ? role : null,
      folder,
      words: [],
      writable: [],
      placed: [],
      hosts: [],
      ports: [],
    },
  });
  const timer = setTimeout(() => stop("timeout"), order.timeoutMs);
  const onAbort = () => stop("abort");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return { end: await group.ended, cut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

export type Looked = { stderr: string; exitCode: number | null; enough: boolean };

/** Runs a program that only reads. A refusal when it took too long or could not be run. */
export async function look(
  order: Pick<RunOrder, "argv" | "environment" | "onStdout">,
  context: ToolContext,
  narrow: string,
): Promise<({ ok: true } & Looked) | Refusal> {
  const stderr = new MiddleCut(toolLimits.noteBytesMax);
  const timeoutMs = toolLimits.lookMs;
  const { end, cut } = await runProgram({ ...order, timeoutMs, onStderr: (text) => stderr.add(text) }, context);
  if (end.kind === "not_started") return refuse(end.reason);
  if (cut === "abort") return refuse(sessionEnds);
  if (cut === "timeout") return refuse(`took longer than ${timeoutMs / 1_000} s and was ended; ${narrow}`);
  return {
    ok: true,
    stderr: stderr.text(),
    exitCode: end.kind === "exited" ? end.exitCode : null,
    enough: cut === "enough",
  };
}

export const sessionEnds = "ended before its time: the session is being closed";
