/** Rows of tasks and their dependencies. */
import type { Selectable } from "kysely";
import type { TaskId } from "../domain/ids.ts";
import type { Task } from "../domain/task.ts";
import type { Transition } from "../engine/store-port.ts";
import { inParts, open, queued, type Context } from "./context.ts";
import { taskStateColumns, toTask } from "./rows.ts";
import type { Tables } from "./schema.ts";

type TaskQueries = Pick<
  Transition,
  | "insertTask"
  | "task"
  | "tasks"
  | "tasksNamed"
  | "tasksOf"
  | "openTasksOfRun"
  | "openTasksOfCycle"
  | "setTask"
  | "updateTask"
>;

export function taskQueries(c: Context): TaskQueries {
  const { db } = c;
  const tasks = () => db.selectFrom("tasks").selectAll().where("run_id", "=", c.run.id);
  return {
    async insertTask({ cycle, planner, spec, dependsOn, state }) {
      const { id } = await db
        .insertInto("tasks")
        .values({
          run_id: c.run.id,
          cycle_id: cycle,
          planner_id: planner,
          ...spec,
          paths: JSON.stringify(spec.paths),
          failures: 0,
          interruptions: 0,
          created_at: c.now,
          ...taskStateColumns(state),
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      if (dependsOn.length > 0)
        await db
          .insertInto("dependencies")
          .values(dependsOn.map((depends_on) => ({ task_id: id, depends_on })))
          .execute();
      return id as TaskId;
    },

    async task(id) {
      const row = await tasks().where("id", "=", id).executeTakeFirst();
      return row ? ((await withDependencies(db, [row]))[0] ?? null) : null;
    },

    async tasks(ids) {
      const found: Task[] = [];
      for (const part of inParts(ids))
        found.push(...(await withDependencies(db, await tasks().where("id", "in", part).orderBy("id").execute())));
      return found;
    },

    async tasksNamed(planner, names) {
      const found: Task[] = [];
      for (const part of inParts(names))
        found.push(
          ...(await withDependencies(
            db,
            await tasks().where("planner_id", "=", planner).where("name", "in", part).execute(),
          )),
        );
      return found;
    },

    async tasksOf(planner, limit) {
      const newest = () => tasks().where("planner_id", "=", planner).orderBy("id", "desc");
      // Two reads along an index each: sorted together, every task that the planner ever had would be read.
      const openOnes = await newest().where("status", "in", open).limit(limit).execute();
      const left = limit - openOnes.length;
      const ended = left > 0 ? await newest().where("status", "not in", open).limit(left).execute() : [];
      const total = await db
        .selectFrom("tasks")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("planner_id", "=", planner)
        .executeTakeFirstOrThrow();
      const rows = [...openOnes, ...ended];
      return { tasks: await withDependencies(db, rows), omitted: Number(total.count) - rows.length };
    },

    async openTasksOfRun() {
      const row = await db
        .selectFrom("tasks")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("run_id", "=", c.run.id)
        .where("status", "in", open)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async openTasksOfCycle(cycle) {
      const rows = await db
        .selectFrom("tasks")
        .select("id")
        .where("cycle_id", "=", cycle)
        .where("status", "in", open)
        .orderBy("id")
        .execute();
      return rows.map((row) => row.id as TaskId);
    },

    async setTask(id, change) {
      await db.updateTable("tasks").set(changedColumns(change)).where("id", "=", id).execute();
    },

    async updateTask(id, change, queuedAs) {
      if (Object.keys(change).length > 0) await db.updateTable("tasks").set(change).where("id", "=", id).execute();
      await db.updateTable("sessions").set(queuedAs).where("task_id", "=", id).where("status", "=", queued).execute();
    },
  };
}

const changedColumns = ({ state, record, contested, unwanted }: Parameters<Transition["setTask"]>[1]) => ({
  ...taskStateColumns(state),
  ...record,
  ...(contested && { contested: JSON.stringify(contested), follows: contested.follows }),
  ...(unwanted !== undefined && { unwanted }),
});

async function withDependencies(db: Context["db"], rows: Selectable<Tables["tasks"]>[]): Promise<Task[]> {
  const dependsOn = new Map<number, TaskId[]>(rows.map((row) => [row.id, []]));
  for (const part of inParts(rows.map((row) => row.id))) {
    const found = await db
      .selectFrom("dependencies")
      .selectAll()
      .where("task_id", "in", part)
      .orderBy("depends_on")
      .execute();
    for (const { task_id, depends_on } of found) dependsOn.get(task_id)?.push(depends_on as TaskId);
  }
  return rows.map((row) => toTask(row, dependsOn.get(row.id) ?? []));
}
