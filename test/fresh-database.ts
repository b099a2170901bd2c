/** A database of its own for one test or one suite. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";

export type FreshDatabase = {
  url: string;
  /** Ends what is still connected. Repeatable. */
  drop(): Promise<void>;
};

/** `url` as from `inject("postgresUrl")`. */
export async function freshDatabase(url: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  // template0: nobody may be connected to a database that is being copied, and nobody ever is to this one.
  await execute(url, `create database ${name} template template0`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => execute(url, `drop database if exists ${name} with (force)`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
