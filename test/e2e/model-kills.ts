/** What tests of killed engines look at: conversations as the server saw them, and which tool calls had been recorded. */
import type { NamedBrain } from "../fake-model/brain.ts";
import type { Running } from "./command.ts";
import { told } from "./model-brains.ts";
import type { Row } from "./model-world.ts";
import type { World } from "./world.ts";

/** A place where an answer waits for the test. */
export class Hold {
  readonly reached: Promise<void>;
  #reach: () => void = () => undefined;
  readonly #opened: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#opened = new Promise((resolve) => (this.open = resolve));
  }

  wait(): Promise<void> {
    this.#reach();
    return this.#opened;
  }
}

/** Once this tool has answered so (null: from the beginning), the next answer waits. The last that applies counts. */
export type HeldAfter = { tool: string; answer: RegExp; hold: Hold } | { tool: null; hold: Hold };

export const holding = (brain: NamedBrain, ...held: HeldAfter[]): NamedBrain => ({
  ...brain,
  async reply(view) {
    await held.findLast((each) => each.tool === null || told(view, each.tool, each.answer) > 0)?.hold.wait();
    return brain.reply(view);
  },
});

/** Answers as before, and keeps what was asked in each session. */
export function remembering(brains: readonly NamedBrain[]): { brains: NamedBrain[]; seen: Map<string, string[][]> } {
  const seen = new Map<string, string[][]>();
  const watched = brains.map((brain): NamedBrain => ({
    ...brain,
    reply(view) {
      const session = view.session ?? "";
      seen.set(session, [...(seen.get(session) ?? []), view.segments.map(({ text }) => text)]);
      return brain.reply(view);
    },
  }));
  return { brains: watched, seen };
}

/** Sessions whose requests did not go on from one another: each begins with all that the one before it had said. */
export function brokenConversations(seen: ReadonlyMap<string, string[][]>): string[] {
  return [...seen].flatMap(([session, requests]) =>
    requests.flatMap((texts, at) => {
      const before = requests[at - 1] ?? [];
      return before.every((text, index) => text === texts[index]) ? [] : [`${session}, request ${at + 1}`];
    }),
  );
}

/** What it leaves behind is for the next engine to clear away. */
export async function killEngine(engine: Running): Promise<void> {
  engine.signal("SIGKILL");
  await engine.ended;
}

type Call = { id: string; input: unknown };

/** The commands whose results are recorded: they must not run again. */
export function recordedCommands(steps: readonly Row[]): string[] {
  const bodies = steps.map(({ session_id: session, kind, body }) => ({
    session,
    kind,
    body: JSON.parse(String(body)) as { calls?: Call[]; results?: { id: string }[] },
  }));
  const done = new Set(
    bodies.flatMap(({ session, body }) => (body.results ?? []).map(({ id }) => `${String(session)} ${id}`)),
  );
  return bodies
    .flatMap(({ session, body }) => (body.calls ?? []).filter(({ id }) => done.has(`${String(session)} ${id}`)))
    .flatMap(({ input }) => (isCommand(input) ? [input.command] : []));
}

const isCommand = (input: unknown): input is { command: string } =>
  typeof input === "object" && input !== null && "command" in input && typeof input.command === "string";

/** A command that leaves a note outside of the repository, each time it runs. */
export const noting = (name: string): string => `echo '"${name}"' >> "$LONGHAUL_CONFIG_DIR/notes/ran"`;

/** How often each of these commands has run. */
export function timesRan(world: World): { [name: string]: number } {
  const times: { [name: string]: number } = {};
  for (const name of world.notes<string>("ran")) times[name] = (times[name] ?? 0) + 1;
  return times;
}
