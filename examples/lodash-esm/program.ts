/** How the programs of this example speak with the engine: a brief comes in on stdin, one JSON object goes out. */
import { text } from "node:stream/consumers";
import type { Brief } from "../../src/domain/brief.ts";
import type { Handoff } from "../../src/domain/handoff.ts";

/** Reads the brief; a program started by hand, or as another role, says so instead of failing somewhere inside. */
export async function readBrief<R extends Brief["role"]>(role: R): Promise<Extract<Brief, { role: R }>> {
  // Not readFileSync: on a pipe that is not filled yet it fails with EAGAIN, and only under load.
  const input = await text(process.stdin);
  let brief: Brief;
  try {
    brief = JSON.parse(input) as Brief;
  } catch (error) {
    return stop(
      `expected a brief as JSON on stdin (see docs/command-agents.md), got ${input === "" ? "nothing" : JSON.stringify(input.slice(0, 60))}: ${String(error)}`,
    );
  }
  if (brief.version !== 1) stop(`this program speaks version 1 of the brief, not ${String(brief.version)}`);
  if (brief.role !== role) stop(`this program is a ${role}, but the brief is for a ${brief.role}`);
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
