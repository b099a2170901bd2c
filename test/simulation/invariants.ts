/** What must hold after every step of a simulated run. Each query names rows that break a rule; there must be none. */
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../src/store/schema.ts";
import type { SimTrunk } from "./trunk.ts";

const placed = `select "commit", place from landings where place is not null union all select "commit", place from followed`;

const rules: { [rule: string]: string } = {
  "one live turn per planner":
    "select planner_id from sessions where kind = 'turn' and status <> 'ended' group by planner_id having count(*) > 1",
  "one live attempt or arbitration per task":
    "select task_id from sessions where task_id is not null and status <> 'ended' group by task_id having count(*) > 1",
  "an arbitration has something to begin with":
    "select s.id from sessions s join tasks t on t.id = s.task_id where s.kind = 'arbitration' and t.contested is null",
  "a ready task has a queued attempt, and only it":
    "select t.id from tasks t where (t.status = 'ready') <> exists (select 1 from sessions s where s.task_id = t.id and s.status = 'queued')",
  "a running task is run by the session it names":
    "select t.id from tasks t where t.status = 'running' and not exists (select 1 from sessions s where s.id = t.session_id and s.task_id = t.id and s.status = 'running')",
  "a running attempt belongs to a running task":
    "select s.id from sessions s join tasks t on t.id = s.task_id where s.status = 'running' and (t.status <> 'running' or t.session_id <> s.id)",
  "blockers count the dependencies that have not landed": `select t.id from tasks t where t.status = 'blocked' and (t.blockers = 0 or t.blockers <>
       (select count(*) from dependencies d join tasks b on b.id = d.depends_on where d.task_id = t.id and b.status <> 'landed'))`,
  "no task waits for one that will never land": `select t.id from tasks t join dependencies d on d.task_id = t.id join tasks b on b.id = d.depends_on
       where t.status = 'blocked' and b.status in ('failed', 'cancelled')`,
  "a task that landed or failed is told to its planner, once": `select t.id from tasks t where t.status in ('landed', 'failed') and
       (select count(*) from messages m where m.planner_id = t.planner_id and m.body like '%"task":' || t.id || ',%"status":"' || t.status || '"%') <> 1`,
  "a planner that ended is told to its parent": `select p.id from planners p where p.status in ('done', 'failed') and p.parent_id is not null and
       not exists (select 1 from messages m where m.planner_id = p.parent_id and m.body like '%"planner":' || p.id || ',%')`,
  "a message is consumed by a turn of its own planner that succeeded": `select m.id from messages m join sessions s on s.id = m.consumed_by where s.planner_id <> m.planner_id or s.kind <> 'turn' or s.outcome <> 'succeeded'`,
  "a planner that is done has read everything":
    "select p.id from planners p join messages m on m.planner_id = p.id where p.status = 'done' and m.consumed_by is null and exists (select 1 from cycles c where c.id = p.cycle_id and c.state like '%working%')",
  "an active planner with unread messages has a turn coming, or waits after failures for a child": `select p.id from planners p join cycles c on c.id = p.cycle_id join messages m on m.planner_id = p.id
       where p.status = 'active' and m.consumed_by is null and c.state like '%working%' and p.failures = 0
       and exists (select 1 from runs r where r.id = p.run_id and r.status in ('running', 'paused'))
       and not exists (select 1 from sessions s where s.planner_id = p.id and s.kind = 'turn' and s.status <> 'ended')`,
  "an active planner has a turn coming or something open": `select p.id from planners p join cycles c on c.id = p.cycle_id where p.status = 'active' and c.state like '%working%'
       and exists (select 1 from runs r where r.id = p.run_id and r.status in ('running', 'paused'))
       and not exists (select 1 from sessions s where s.planner_id = p.id and s.kind = 'turn' and s.status <> 'ended')
       and not exists (select 1 from tasks t where t.planner_id = p.id and t.status in ('blocked', 'ready', 'running'))
       and not exists (select 1 from planners k where k.parent_id = p.id and k.status = 'active')`,
  "an ended planner has nothing open, but for what is on its way to the trunk": `select p.id from planners p where p.status in ('done', 'failed') and
       (exists (select 1 from tasks t where t.planner_id = p.id and t.status in ('blocked', 'ready', 'running')
          and not exists (select 1 from landings l where l.task_id = t.id and l.status = 'submitted'))
        or exists (select 1 from planners k where k.parent_id = p.id and k.status = 'active'))`,
  "only a running session has something on its way to the trunk, and at most once": `select l.session_id from landings l join sessions s on s.id = l.session_id
       where l.status = 'submitted' group by l.session_id having count(*) > 1 or max(s.status) <> 'running'`,
  "a queued session is begun by the agent that begins its task next": `select s.id from sessions s join tasks t on t.id = s.task_id where s.status = 'queued' and s.kind = 'attempt'
       and s.agent <> coalesce(t.agent, (select json_extract(r.config, '$.roles.worker') from runs r where r.id = s.run_id))`,
  "planners are no deeper than allowed":
    "select p.id from planners p join runs r on r.id = p.run_id where p.depth > json_extract(r.config, '$.limits.planDepthMax')",
  "what is reserved is what running sessions reserved":
    "select r.id from runs r where r.reserved_micro_usd <> (select coalesce(sum(s.reserved_micro_usd), 0) from sessions s where s.run_id = r.id and s.status = 'running')",
  "what is spent is what sessions cost":
    "select r.id from runs r where r.spent_micro_usd <> (select coalesce(sum(s.micro_usd), 0) from sessions s where s.run_id = r.id)",
  "what a session cost is what the ledger has of it": `select s.id from sessions s where
       s.micro_usd <> (select coalesce(sum(c.micro_usd), 0) from calls c where c.session_id = s.id)
       or s.tokens <> (select coalesce(sum(c.input_tokens + c.cached_tokens + c.written_tokens + c.output_tokens), 0) from calls c where c.session_id = s.id)`,
  "what a cycle cost is what its sessions cost":
    "select c.id from cycles c where c.spent_micro_usd <> (select coalesce(sum(s.micro_usd), 0) from sessions s where s.cycle_id = c.id)",
  "what a planner cost is what its sessions and its planners cost": `select p.id from planners p where p.spent_micro_usd <>
       (select coalesce(sum(s.micro_usd), 0) from sessions s where s.planner_id = p.id) + (select coalesce(sum(k.spent_micro_usd), 0) from planners k where k.parent_id = p.id)`,
  "only a running session has a call under way":
    "select c.id from calls c join sessions s on s.id = c.session_id where c.status = 'open' and s.status <> 'running'",
  "no session has two calls under way":
    "select session_id from calls where status = 'open' group by session_id having count(*) > 1",
  // A command agent that costs more than it is said to can pass one: nobody could know.
  "a budget is never passed, and what is under way cannot pass it": `select r.id from runs r where json_extract(r.config, '$.budget.microUsd') is not null
       and json_extract(r.config, '$.agents.sim.costMicroUsd') > 0
       and r.spent_micro_usd + r.reserved_micro_usd > json_extract(r.config, '$.budget.microUsd')`,
  "nor is a cycle's, but by its judgement": `select c.id from cycles c join runs r on r.id = c.run_id where json_extract(r.config, '$.budget.cycle.microUsd') is not null
       and json_extract(r.config, '$.agents.sim.costMicroUsd') > 0
       and c.spent_micro_usd + c.reserved_micro_usd > json_extract(r.config, '$.budget.cycle.microUsd')
       + (select coalesce(sum(s.micro_usd + s.reserved_micro_usd), 0) from sessions s where s.cycle_id = c.id and s.kind = 'judgement')`,
  "nor is a sub-planner's": `select p.id from planners p join runs r on r.id = p.run_id where p.parent_id is not null
       and json_extract(r.config, '$.budget.planner.microUsd') is not null and json_extract(r.config, '$.agents.sim.costMicroUsd') > 0
       and p.spent_micro_usd + p.reserved_micro_usd > json_extract(r.config, '$.budget.planner.microUsd')`,
  "nor is a session's": `select s.id from sessions s join runs r on r.id = s.run_id where json_extract(r.config, '$.budget.session.tokens') is not null
       and s.agent = 'mind' and s.tokens + s.reserved_tokens > json_extract(r.config, '$.budget.session.tokens')`,
  "the checks do not go back": `with placed as (${placed}) select b.id from checks a join checks b on b.id = a.id + 1
       join placed pa on pa."commit" = a."commit" join placed pb on pb."commit" = b."commit" where pa.place > pb.place`,
  "green is what passed last": `select r.id from runs r where exists (select 1 from checks)
       and r.green is not (select "commit" from checks where passed = 1 order by id desc limit 1)`,
  "cycles are numbered without gaps": "select id from cycles group by run_id having count(*) <> max(number)",
};

export type Read = ReadonlyMap<string, string[]>;

export async function checkInvariants(db: Kysely<Tables>, trunk: SimTrunk, read: Read): Promise<void> {
  for (const [rule, query] of Object.entries(rules)) {
    const { rows } = await sql.raw(query).execute(db);
    if (rows.length > 0) throw new Error(`invariant broken: ${rule}: ${JSON.stringify(rows.slice(0, 5))}`);
  }
  const { rows: inOrder } = await sql<{ commit: string }>`${sql.raw(placed)} order by place`.execute(db);
  const order = trunk.commits.slice(0, inOrder.length).map(({ id }) => id);
  if (inOrder.some(({ commit }, n) => commit !== order[n]))
    throw new Error(
      `invariant broken: places are the trunk's order: ${JSON.stringify(inOrder)} and ${JSON.stringify(order)}`,
    );
  const onTrunk = new Map<number, string>();
  for (const { task, id } of trunk.landings()) {
    if (onTrunk.has(task))
      throw new Error(`invariant broken: a task lands at most once: t${task} is ${onTrunk.get(task)} and ${id}`);
    onTrunk.set(task, id);
  }
  await checkInboxes(db, read);
  const landed = await db
    .selectFrom("tasks")
    .select(["id", "commit"])
    .where("status", "=", "landed")
    .where("nothing_to_do", "=", 0)
    .execute();
  for (const { id, commit } of landed)
    if (onTrunk.get(id) !== commit)
      throw new Error(`invariant broken: t${id} is recorded as landed at ${commit}, the trunk has ${onTrunk.get(id)}`);
}

/** A turn that succeeded consumed exactly the messages that its brief held. */
async function checkInboxes(db: Kysely<Tables>, read: Read): Promise<void> {
  const messages = await db.selectFrom("messages").select(["id", "consumed_by"]).execute();
  const consumed = new Map(
    messages.map(({ id, consumed_by }) => [`m${id}`, consumed_by === null ? null : `s${consumed_by}`]),
  );
  for (const [message, by] of consumed) {
    if (by !== null && !read.get(by)?.includes(message))
      throw new Error(`invariant broken: ${message} was consumed by ${by}, which never saw it`);
  }
  const turns = await db
    .selectFrom("sessions")
    .select("id")
    .where("kind", "=", "turn")
    .where("outcome", "=", "succeeded")
    .execute();
  for (const { id } of turns) {
    const missed = (read.get(`s${id}`) ?? []).filter((message) => consumed.get(message) !== `s${id}`);
    if (missed.length > 0)
      throw new Error(`invariant broken: s${id} succeeded and did not consume ${missed.join(", ")}`);
  }
}

/** What must hold when the run has ended. */
export async function checkEnd(db: Kysely<Tables>, trunk: SimTrunk, read: Read): Promise<void> {
  await checkInvariants(db, trunk, read);
  const left = await db.selectFrom("sessions").select("id").where("status", "<>", "ended").execute();
  if (left.length > 0) throw new Error(`the run ended with live sessions: ${JSON.stringify(left)}`);
  const open = await db
    .selectFrom("tasks")
    .select("id")
    .where("status", "in", ["blocked", "ready", "running"])
    .execute();
  if (open.length > 0) throw new Error(`the run ended with open tasks: ${JSON.stringify(open)}`);
  const active = await db.selectFrom("planners").select("id").where("status", "=", "active").execute();
  if (active.length > 0) throw new Error(`the run ended with active planners: ${JSON.stringify(active)}`);
  const landed = await db
    .selectFrom("tasks")
    .select("id")
    .where("status", "=", "landed")
    .where("nothing_to_do", "=", 0)
    .execute();
  if (landed.length !== trunk.landings().length)
    throw new Error(`${trunk.landings().length} commits on the trunk, ${landed.length} tasks recorded as landed`);
  const unread = await db
    .selectFrom("messages")
    .innerJoin("planners", "planners.id", "messages.planner_id")
    .select("messages.id")
    .where("messages.consumed_by", "is", null)
    .where("planners.status", "=", "done")
    .execute();
  if (unread.length > 0)
    throw new Error(`the run ended with unread messages of planners that are done: ${JSON.stringify(unread)}`);
  if (trunk.published !== trunk.tip()) throw new Error(`published ${trunk.published}, the trunk is at ${trunk.tip()}`);
  if (trunk.open.size > 0) throw new Error(`workspaces left behind: ${[...trunk.open].join(", ")}`);
}
