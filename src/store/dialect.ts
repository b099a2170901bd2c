/** The few differences between the databases; everything else is one set of queries. */
import type { CreateTableBuilder, Kysely, RawBuilder } from "kysely";
import type { Tables } from "./schema.ts";

export type Announce = {
  /** Tells other processes that something has changed; part of the transaction. Answers its id. */
  tell: RawBuilder<{ id: string }>;
  /** What became of the transaction of this id: `committed`, `aborted`, `in progress`. */
  fateOf(id: string): RawBuilder<{ fate: string | null }>;
};

export type Database = {
  db: Kysely<Tables>;
  /** The database's time in ms. */
  now: RawBuilder<number>;
  /** Row locks; SQLite has one writer at a time anyway. */
  lockRows: boolean;
  addIdColumn<T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
    name: string,
  ): CreateTableBuilder<T, C>;
  /** For errors. */
  place: string;
  /** A fault that the operator can mend: a full disk, a broken file, an unreachable server. */
  explain(error: unknown): { problem: string; mend: string } | null;
  /** True: the server is gone for the moment; what was under way is rolled back, or was committed just before. */
  isOutage(error: unknown): boolean;
  /** True: another transaction stood in the way, this one has done nothing and may be tried again. */
  isContention(error: unknown): boolean;
  /** null: no other process has to be told, and no commit goes unanswered. */
  announce: Announce | null;
  /** Has all reads of `read` see the same moment; locks nothing. */
  snapshot<T>(read: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** Calls `wake` when another process has changed something. */
  listen(wake: () => void): () => void;
  close(): Promise<void>;
};
