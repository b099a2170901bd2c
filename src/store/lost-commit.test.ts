/** A commit that the server made, and whose answer was lost with the connection, is not made again. */
import { createServer, connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { expect, inject, onTestFinished, test } from "vitest";
import type { RunId } from "../domain/ids.ts";
import { freshDatabase } from "../../test/fresh-database.ts";
import { config } from "./open-store.testsuite.ts";
import { openPostgres } from "./postgres.ts";
import { openStore } from "./store.ts";

/** Forwards to the server, and cuts the connection with the answer to a commit in its hand, as often as `cuts` says. */
async function cuttingProxy(url: string, cuts: { left: number }): Promise<string> {
  const target = new URL(url);
  const socket = `${target.searchParams.get("host")}/.s.PGSQL.${target.port || 5432}`;
  const proxy = createServer((client) => {
    const server = connect(socket);
    let commits = false;
    const end = () => (client.destroy(), server.destroy());
    client.on("data", (bytes) => {
      commits ||= cuts.left > 0 && /^commit\0?$/i.test(bytes.subarray(5).toString("latin1"));
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (!commits) return client.write(bytes);
      cuts.left--;
      return end();
    });
    for (const side of [client, server]) side.on("error", end).on("close", end);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const through = new URL(url);
  through.search = "";
  through.hostname = "127.0.0.1";
  through.port = String((proxy.address() as AddressInfo).port);
  return through.href;
}

test("a commit whose answer was lost is made once", async () => {
  const { url, drop } = await freshDatabase(inject("postgresUrl"));
  const cuts = { left: 0 };
  const store = await openStore(openPostgres(await cuttingProxy(url, cuts)));
  const run = "run1" as RunId;
  await store.createRun({ id: run, repository: "/", goal: "", config, base: "c" as never });
  cuts.left = 1;
  const cycle = await store.transition(run, (tx) => tx.insertCycle({ number: 1, brief: "", deadlineAt: 0 }));
  expect(cuts.left).toBe(0);
  expect(await store.transition(run, (tx) => tx.cycle())).toEqual(cycle);
  cuts.left = 1;
  const planner = await store.transition(run, (tx) =>
    tx.insertPlanner({ cycle: cycle.id, parent: null, depth: 0, name: "r", question: "q", paths: [], agent: null }),
  );
  expect(cuts.left).toBe(0);
  expect(await store.transition(run, (tx) => tx.activePlanners(cycle.id))).toEqual([planner]);
  await store.close();
  await drop();
});

test.each(["ECONNREFUSED", "ENOENT", "EAI_AGAIN", "ENETUNREACH"])(
  "a server that cannot be reached for the moment is waited for: %s",
  async (code) => {
    const database = openPostgres("postgresql://nobody@localhost/none");
    expect(database.isOutage(Object.assign(new Error("connect"), { code }))).toBe(true);
    await database.close();
  },
);
