/** Holds the product's ledger against the server's own: what the server reported must stand there to the token. */
import type { Entry } from "../fake-model/ledger.ts";
import { outputOf } from "../fake-model/tokens.ts";
import type { Row } from "./model-world.ts";

type Line = { session: string; model: string; tokens: string; sum: number };

const lineOf = (session: string, model: string, tokens: readonly number[]): Line => ({
  session,
  model,
  tokens: tokens.join("/"),
  sum: tokens.reduce((sum, count) => sum + count, 0),
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
 * client can know (an answer that never came to its end) is charged by an estimate that is not below the bill.
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
  return [...faults, ...shortfalls(ours, unknown)];
}

/** Sessions that the server charges more for than we do. An engine that died was told of calls that it could not write down. */
export const undercharged = (calls: readonly Row[], entries: readonly Entry[]): string[] =>
  shortfalls(calls.map(ourLine), entries.map(theirLine));

function shortfalls(ours: readonly Line[], theirs: readonly Line[]): string[] {
  return [...new Set(theirs.map((line) => line.session))].flatMap((session) => {
    const sum = (lines: readonly Line[]) =>
      lines.filter((line) => line.session === session).reduce((total, line) => total + line.sum, 0);
    return sum(ours) < sum(theirs) ? [`${session}: ${sum(theirs)} billed, ${sum(ours)} charged`] : [];
  });
}
