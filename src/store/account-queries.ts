/** The accounts that everything is charged to: counters in the rows of the run, its cycles, planners and sessions. */
import { sql } from "kysely";
import type { Account, Spend } from "../domain/budget.ts";
import { idText, type PlannerId } from "../domain/ids.ts";
import type { Transition } from "../engine/store-port.ts";
import type { Context } from "./context.ts";
import { toSpend } from "./rows.ts";

export function accountQueries(c: Context): Pick<Transition, "charge" | "accounts"> {
  const { db } = c;
  return {
    async charge(session, change) {
      const { spend } = c.run;
      c.run = { ...c.run, spend: added(spend, change) };
      await db.updateTable("runs").set(addTo(change)).where("id", "=", c.run.id).execute();
      await db.updateTable("cycles").set(addTo(change)).where("id", "=", session.cycle).execute();
      const { spent_micro_usd: micro_usd, ...rest } = addTo(change, "micro_usd");
      await db
        .updateTable("sessions")
        .set({ micro_usd, ...rest })
        .where("id", "=", session.id)
        .execute();
      if (session.subject.kind === "judgement") return;
      const above = (await plannersAbove(c, session.subject.planner)).map((planner) => planner.id);
      await db.updateTable("planners").set(addTo(change)).where("id", "in", above).execute();
    },

    async accounts(session) {
      const { budget } = c.run.config;
      const accounts: Account[] = [{ of: "run", name: `run ${c.run.id}`, budget, spend: c.run.spend }];
      if (session.subject.kind !== "judgement") {
        const cycle = await db
          .selectFrom("cycles")
          .selectAll()
          .where("id", "=", session.cycle)
          .executeTakeFirstOrThrow();
        accounts.push({ of: "cycle", name: `cycle ${cycle.number}`, budget: budget.cycle, spend: toSpend(cycle) });
        for (const planner of await plannersAbove(c, session.subject.planner))
          if (planner.parent_id !== null)
            accounts.push({
              of: "planner",
              planner: planner.id as PlannerId,
              name: `planner ${idText("planner", planner.id as PlannerId)} (${planner.name}) and all below it`,
              budget: budget.planner,
              spend: toSpend(planner),
            });
      }
      const name = `session ${idText("session", session.id)}`;
      return [...accounts, { of: "session", name, budget: budget.session, spend: session.spend }];
    },
  };
}

/** The planner and those above it, at most `planDepthMax` of them. */
async function plannersAbove(c: Context, planner: PlannerId) {
  const found = [];
  for (let id: number | null = planner; id !== null;) {
    const row = await c.db
      .selectFrom("planners")
      .select(["id", "parent_id", "name", "spent_micro_usd", "reserved_micro_usd", "tokens", "reserved_tokens"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    found.push(row);
    id = row.parent_id;
  }
  return found;
}

const added = (spend: Spend, change: Spend): Spend => ({
  microUsd: spend.microUsd + change.microUsd,
  reservedMicroUsd: spend.reservedMicroUsd + change.reservedMicroUsd,
  tokens: spend.tokens + change.tokens,
  reservedTokens: spend.reservedTokens + change.reservedTokens,
});

function addTo(change: Spend, spentColumn = "spent_micro_usd") {
  const plus = (column: string, by: number) => sql<number>`${sql.ref(column)} + ${by}`;
  return {
    spent_micro_usd: plus(spentColumn, change.microUsd),
    reserved_micro_usd: plus("reserved_micro_usd", change.reservedMicroUsd),
    tokens: plus("tokens", change.tokens),
    reserved_tokens: plus("reserved_tokens", change.reservedTokens),
  };
}
