/** Holds the product's ledger against the server's own: what the server reported must stand there to the token. */
import type { Entry } from "../fake-model/ledger.ts";
import { outputOf } from "../fake-model/tokens.ts";
import type { Row } from "./model-world.ts";

type Line = { session: string; model: string; tokens: string; all: number; prompt: number };

const sumOf = (tokens: readonly number[]): number => tokens.reduce((sum, count) => sum + count, 0);

/** `tokens`: of the prompt neither cached nor written, cached, written; of the answer. */
const lineOf = (session: string, model: string, tokens: readonly number[]): Line => ({
  session,
  model,
  tokens: tokens.join("/"),
  all: sumOf(tokens),
  prompt: sumOf(tokens.slice(0, 3)),
});

const ourLine = (row: Row): Line =>
  lineOf(
    `s${String(row["session_id"])}`,
    String(row["model"]),
    ["input_tokens", "cached_tokens", "written_tokens", "output_tokens"].map((column) => Number(row[column])),
  );

const theirLine = ({ session, credential, model, billed }: Entry): Line =>
  lineOf(session ?? "", `${credential}/${model}`, [
    billed.noCache,
    billed.cacheRead,
    billed.cacheWrite,
    outputOf(billed),
  ]);

const keyOf = ({ session, model, tokens }: Line): string => `${session} ${model} ${tokens}`;

/**
 * What is wrong; nothing when all is well. Each call that was reported has a line of its own, with exactly its tokens. What no
 * client can know (an answer that never came to its end) is charged by an estimate that is not below what its prompt cost:
 * what a model said after the line was cut is known to nobody else.
 */
export function ledgerFaults(calls: readonly Row[], entries: readonly Entry[]): string[] {
  const ours = calls.map(ourLine);
  const faults: string[] = [];
  if (ours.length !== entries.length) faults.push(`${ours.length} calls here, ${entries.length} there`);
  for (const theirs of entries.filter(({ reported }) => reported).map(theirLine)) {
    const at = ours.findIndex((line) => keyOf(line) === keyOf(theirs));
    if (at === -1) faults.push(`not in our ledger: ${keyOf(theirs)}`);
    else ours.splice(at, 1);
  }
  const unknown = entries.filter(({ reported }) => !reported).map(theirLine);
  return [...faults, ...shortfalls(ours, unknown, "prompt")];
}

/** Sessions that the server charges more for than we do. An engine that died was told of calls that it could not write down. */
export const undercharged = (calls: readonly Row[], entries: readonly Entry[]): string[] =>
  shortfalls(calls.map(ourLine), entries.map(theirLine), "all");

function shortfalls(ours: readonly Line[], theirs: readonly Line[], of: "all" | "prompt"): string[] {
  return [...new Set(theirs.map((line) => line.session))].flatMap((session) => {
    const sum = (lines: readonly Line[], what: typeof of) =>
      lines.filter((line) => line.session === session).reduce((total, line) => total + line[what], 0);
    const [billed, charged] = [sum(theirs, of), sum(ours, "all")];
    return charged < billed ? [`${session}: ${billed} billed, ${charged} charged`] : [];
  });
}

/**
 * Calls that were begun after an earlier one of their credential had been told to wait, and before that wait was over. The
 * server calls early whatever reaches it then; what was on its way already could not know.
 */
export function hasty(calls: readonly Row[], entries: readonly Entry[], waitMs: number): string[] {
  const refused = pairs(calls, entries).filter(({ entry }) => entry.status === 429);
  return refused.flatMap(({ row: { credential, ended_at: told } }) =>
    calls.flatMap((row) =>
      row["credential"] === credential &&
      Number(row["started_at"]) > Number(told) &&
      Number(row["started_at"]) < Number(told) + waitMs
        ? [`call ${String(row["id"])} began ${Number(row["started_at"]) - Number(told)} ms after a 429`]
        : [],
    ),
  );
}

/** A session has one call at a time, so the order of both sides is the same. */
function pairs(calls: readonly Row[], entries: readonly Entry[]): { row: Row; entry: Entry }[] {
  const left = [...entries];
  return calls.flatMap((row) => {
    const at = left.findIndex(({ session }) => session === `s${String(row["session_id"])}`);
    const [entry] = at === -1 ? [] : left.splice(at, 1);
    return entry ? [{ row, entry }] : [];
  });
}
