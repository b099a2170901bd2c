/** Rows of verdicts, and what they are read as. */
import { completeEvidence, scoresOf, type CycleRecord, type Evidence, type VerdictKind } from "../domain/verdict.ts";
import { weakenedCount } from "../domain/weakened-tests.ts";
import type { Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";

type VerdictQueries = Pick<Transition, "insertVerdict" | "lastEvidence" | "cycleRecords">;

export function verdictQueries(c: Context): VerdictQueries {
  const { db } = c;
  return {
    async insertVerdict(cycle, session, { verdict, summary, brief, evidence }) {
      await db
        .insertInto("verdicts")
        .values({
          cycle_id: cycle,
          session_id: session,
          verdict,
          summary,
          brief,
          evidence: JSON.stringify(evidence),
          at: c.now,
        })
        .execute();
    },

    async lastEvidence() {
      const row = await db
        .selectFrom("verdicts")
        .innerJoin("cycles", "cycles.id", "verdicts.cycle_id")
        .select("verdicts.evidence")
        .where("cycles.run_id", "=", c.run.id)
        .orderBy("cycles.number", "desc")
        .limit(1)
        .executeTakeFirst();
      return row ? evidenceOf(row) : null;
    },

    async cycleRecords() {
      const rows = await db
        .selectFrom("verdicts")
        .innerJoin("cycles", "cycles.id", "verdicts.cycle_id")
        .select(["cycles.number", "verdicts.verdict", "verdicts.summary", "verdicts.evidence"])
        .where("cycles.run_id", "=", c.run.id)
        .orderBy("cycles.number")
        .execute();
      return rows.map(toCycleRecord);
    },
  };
}

function toCycleRecord(row: { number: number; verdict: string; summary: string; evidence: string }): CycleRecord {
  const evidence = evidenceOf(row);
  return {
    number: row.number,
    verdict: row.verdict as VerdictKind,
    summary: row.summary,
    landed: evidence.tasks.landed,
    scores: scoresOf(evidence.acceptance),
    weakened: weakenedCount(evidence.tests),
  };
}

export const evidenceOf = (row: { evidence: string }): Evidence =>
  completeEvidence(JSON.parse(row.evidence) as Evidence);
