/**
 * Identifiers. Rows have integer keys from the database; people, agents and commit trailers see them with a
 * letter in front: `t17` is a task, `p3` a planner, `s41` a session, `h5` a handoff, `m9` a message. A run's
 * key is a short random text, because it names branches.
 */
declare const kind: unique symbol;
type Id<K extends string> = number & { readonly [kind]: K };

export type RunId = string & { readonly [kind]: "run" };
export type CycleId = Id<"cycle">;
export type PlannerId = Id<"planner">;
export type TaskId = Id<"task">;
export type SessionId = Id<"session">;
export type MessageId = Id<"message">;
export type HandoffId = Id<"handoff">;
/** One call of a model. */
export type CallId = Id<"call">;
/** One engine process, for as long as it lives. */
export type EngineId = string & { readonly [kind]: "engine" };
/** A full git object name of a commit. */
export type Commit = string & { readonly [kind]: "commit" };

const letters = { planner: "p", task: "t", session: "s", handoff: "h", message: "m" } as const;
type Named = { planner: PlannerId; task: TaskId; session: SessionId; handoff: HandoffId; message: MessageId };

/** `idText("task", 17)` → `"t17"`. */
export function idText<K extends keyof Named>(of: K, id: Named[K]): string {
  return `${letters[of]}${id}`;
}

/** `parseId("task", "t17")` → `17`; anything that is not such an id → `undefined`. */
export function parseId<K extends keyof Named>(of: K, text: string): Named[K] | undefined {
  const match = /^([a-z])([1-9]\d{0,14})$/.exec(text);
  return match?.[1] === letters[of] ? (Number(match[2]) as Named[K]) : undefined;
}

const runIdAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";

/** A run id from random numbers in [0, 1): six characters without look-alikes, the first a letter. */
export function makeRunId(random: () => number): RunId {
  const pick = (size: number) => runIdAlphabet[Math.floor(random() * size)] ?? "a";
  return (pick(23) + Array.from({ length: 5 }, () => pick(runIdAlphabet.length)).join("")) as RunId;
}
