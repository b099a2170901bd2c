/**
 * Starts a coding agent as a session would and says how far it came, without asking any model for anything. Keeps: when it
 * has answered, nothing of the agent lives.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describeFailure } from "../../domain/failure.ts";
import { acpLimits } from "../../domain/limits.ts";
import type { AcpAgentConfig } from "../../domain/run-config.ts";
import type { Environment, ProcessGroups } from "../../engine/ports.ts";
import { Tail } from "../tail.ts";
import { lastLines } from "../plain-text.ts";
import type { SeenTools, ToolServer } from "../tool-server/server.ts";
import { outsideToolsFor } from "../tools/tools.ts";
import type { MeteredAt } from "./launch.ts";
import { openLive, type OpeningHost } from "./opening.ts";

export type Trial =
  | {
      kind: "ready";
      readyMs: number;
      /** Of all its processes; null: this system does not say. */
      memoryBytes: number | null;
      /** `later`: it looks at them with its first prompt. */
      tools: "listed" | "later";
    }
  | { kind: "not_logged_in" }
  /** It was ready in time and did not look at the tools. `words`: the last that it wrote beside its messages. */
  | { kind: "no_tools"; words: string }
  /** Nothing came within the time that it had. */
  | { kind: "late"; withinMs: number; words: string }
  /** `detail`: why, in words, without a full stop. */
  | { kind: "failed"; detail: string };

export type TrialHost = Omit<OpeningHost, "waits"> & {
  groups: ProcessGroups;
  tools: ToolServer;
  killGraceMs: number;
  /** Of all processes with these marks. */
  memoryBytes(marks: Environment): Promise<number | null>;
};

export type TrialOrder = {
  config: AcpAgentConfig;
  /** null: with its own login. */
  metered: MeteredAt | null;
  /** Empty folders; absolute. */
  workspace: string;
  folder: string;
  /** With the marks. */
  environment: Environment;
  marks: Environment;
  /** For all of it. */
  withinMs: number;
  signal: AbortSignal;
};

export async function tryAgent(host: TrialHost, order: TrialOrder): Promise<Trial> {
  const { marks } = order;
  const shown = await host.tools.show(outsideToolsFor("worker"));
  try {
    return await attempt(host, order, shown);
  } finally {
    await host.groups.killMarked(marks);
    await shown.close();
  }
}

async function attempt(host: TrialHost, order: TrialOrder, shown: SeenTools): Promise<Trial> {
  const words = new Tail(acpLimits.stderrBytesMax);
  const began = host.now();
  const opened = await openLive(
    { ...host, waits: { readyMs: order.withinMs, cancelMs: host.killGraceMs } },
    {
      ...order,
      role: "worker",
      sessionName: "trial",
      tools: shown,
      rejoin: null,
      listener: { onUpdate: () => {}, onPermission: () => {} },
      onWords: (text) => words.add(text),
      onWait: () => {},
    },
  );
  if (!opened.ok) {
    const { asksForLogin, failure } = opened;
    if (asksForLogin) return { kind: "not_logged_in" };
    if (host.now() - began >= order.withinMs) return { kind: "late", withinMs: order.withinMs, words: last(words) };
    return { kind: "failed", detail: "detail" in failure ? failure.detail : describeFailure(failure) };
  }
  const readyMs = host.now() - began;
  try {
    const early = order.config.preset.tools === "mcp" && order.config.preset.listsToolsEarly;
    const listed = early && (await comesWithin(shown.listed, order.withinMs - readyMs, order.signal));
    if (early && !listed) return { kind: "no_tools", words: last(words) };
    return {
      kind: "ready",
      readyMs,
      memoryBytes: await host.memoryBytes(order.marks),
      tools: listed ? "listed" : "later",
    };
  } finally {
    await opened.live.close(host.killGraceMs);
  }
}

const last = (words: Tail) => lastLines(words.text(), 5, 1_024);

async function comesWithin(coming: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(Math.max(0, ms), false, { signal: AbortSignal.any([over.signal, signal]) }).catch(() => false);
  const came = await Promise.race([coming.then(() => true), late]);
  over.abort();
  return came;
}

/** In place of the metering proxy: nobody listens there, so that whatever an agent asks of a model costs nothing. */
export const noModelAt = (model: string): MeteredAt => ({
  url: "http://127.0.0.1:65535",
  token: "longhaul-doctor",
  model,
});
