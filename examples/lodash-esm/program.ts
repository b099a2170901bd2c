/** How the programs of this example speak with the engine: a brief comes in on stdin, one JSON object goes out. */
import { readFileSync } from "node:fs";
import type { Brief } from "../../src/domain/brief.ts";
import type { Handoff } from "../../src/domain/handoff.ts";

/** Reads the brief; a program started by hand, or as another role, says so instead of failing somewhere inside. */
export function readBrief<R extends Brief["role"]>(role: R): Extract<Brief, { role: R }> {
  const text = readFileSync(process.stdin.fd, "utf8");
  let brief: Brief;
  try {
    brief = JSON.parse(text) as Brief;
  } catch (error) {
    return stop(
      `expected a brief as JSON on stdin (see docs/command-agents.md), got ${text === "" ? "nothing" : JSON.stringify(text.slice(0, 60))}: ${String(error)}`,
    );
  }
  if (brief.version !== 1) stop(`this program speaks version 1 of the brief, not ${String(brief.version)}`);
  if (brief.role !== role) stop(`this program is a ${role}, but the brief is for a ${String(brief.role)}`);
  return brief as Extract<Brief, { role: R }>;
}

export function stop(reason: string): never {
  console.error(reason);
  process.exit(1);
}

export const answer = (value: object): void =>
  void process.stdout.write(`${JSON.stringify({ version: 1, ...value })}\n`);

export const handoff = (done: string, rest: Partial<Omit<Handoff, "done">> = {}): Handoff => ({
  done,
  notes: [],
  concerns: [],
  deviations: [],
  findings: [],
  suggestions: [],
  ...rest,
});
