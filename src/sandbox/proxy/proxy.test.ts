import { createServer, connect, type AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { proxyLimits } from "../../domain/limits.ts";
import { openProxy, type Decision, type Internet } from "./proxy.ts";

test("a host on the list is reached, and what is sent passes both ways", async () => {
  const { ask, decisions, host } = await world();
  expect(await ask(`CONNECT ${host} HTTP/1.1\r\nHost: x\r\n\r\nhello`)).toBe(
    "HTTP/1.1 200 Connection established\r\n\r\nheard hello",
  );
  expect(decisions).toEqual([{ asked: host, allowed: true, why: "on the list" }]);
});

test("a host that is not on the list is refused and told, without its name being looked up", async () => {
  const { ask, decisions, looked } = await world();
  expect(await ask("CONNECT evil.example:443 HTTP/1.1\r\n\r\n")).toMatch(
    /^HTTP\/1.1 403 [\s\S]*evil.example:443 is refused: it is not on the list/,
  );
  expect(decisions).toEqual([{ asked: "evil.example:443", allowed: false, why: "it is not on the list" }]);
  expect(looked).toEqual([]);
});

test.each([["127.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], ["fe80::1"]])(
  "a name that leads to %s is refused",
  async (address) => {
    const { ask, decisions, host } = await world({ answers: () => [address] });
    expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /);
    expect(decisions).toMatchObject([{ allowed: false, why: expect.stringContaining(address) }]);
  },
);

test("a name with one inner address among public ones is refused", async () => {
  const { ask, host } = await world({ answers: () => ["1.1.1.1", "10.0.0.1"] });
  expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /);
});

test("names on the list may lead into the ranges of the operator's own network, and nowhere else inside", async () => {
  const inside = ["10.20.0.0/16", "fd12:3456::/32"];
  for (const address of ["10.20.30.40", "fd12:3456:7::1"]) {
    const { ask, reached, host } = await world({ answers: () => [address], inside });
    expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\nhello`)).toContain("heard hello");
    expect(reached).toEqual([address]);
  }
  for (const address of ["10.21.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.20.0.1", "fd12:3457::1", "::1"]) {
    const { ask, reached, host, decisions } = await world({ answers: () => ["10.20.0.1", address], inside });
    expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /);
    expect([reached, decisions[0]?.why]).toEqual([[], expect.stringContaining(`${address}, which is neither`)]);
  }
  const { ask, looked } = await world({ answers: () => ["10.20.0.1"], inside });
  expect(await ask("CONNECT 10.20.0.1:443 HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1.1 403 /);
  expect(await ask("CONNECT other.example:443 HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1.1 403 /);
  expect(looked).toEqual([]);
});

test("a name is looked up once for each connection, and what was judged is what is connected to", async () => {
  let times = 0;
  const { ask, host } = await world({ answers: () => (++times === 1 ? ["here"] : ["10.0.0.1"]) });
  expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\nx`)).toContain("heard x");
  expect(times).toBe(1);
  expect(await ask(`CONNECT ${host} HTTP/1.1\r\n\r\nx`)).toMatch(/^HTTP\/1.1 403 /);
});

test("a name that cannot be resolved, or has no address, is refused", async () => {
  const failing = await world({
    answers: () => {
      throw new Error("ENOTFOUND");
    },
  });
  expect(await failing.ask(`CONNECT ${failing.host} HTTP/1.1\r\n\r\n`)).toMatch(/403 [\s\S]*cannot be resolved/);
  const empty = await world({ answers: () => [] });
  expect(await empty.ask(`CONNECT ${empty.host} HTTP/1.1\r\n\r\n`)).toMatch(/403 [\s\S]*no address/);
});

test.each([
  ["GET http://evil.example/ HTTP/1.1\r\n\r\n", 405],
  ["POST / HTTP/1.1\r\n\r\n", 405],
  ["CONNECT HTTP/1.1\r\n\r\n", 405],
  ["CONNECT a b HTTP/1.1\r\n\r\n", 405],
  ["CONNECT example.org:443\0 HTTP/1.1\r\n\r\n", 403],
  ["\0\0\r\n\r\n", 405],
  [`CONNECT ${"a".repeat(proxyLimits.headBytesMax)}`, 431],
])("%j is answered with an error", async (request, status) => {
  const { ask } = await world();
  expect(await ask(request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test("a host that is not there is an answer as well", async () => {
  const { ask } = await world({ hosts: ["gone.example:1"] });
  expect(await ask("CONNECT gone.example:1 HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1.1 502 /);
});

test("once it is closed, nothing goes through any more", async () => {
  const { ask, close, host } = await world();
  close();
  await expect(ask(`CONNECT ${host} HTTP/1.1\r\n\r\n`)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});

// --- the world ----------------------------------------------------------------------------------------------

type WorldOptions = { answers?: () => string[]; hosts?: string[]; inside?: string[] };

/** `here` stands for a public address behind which the test's own server is. */
async function world({ answers = () => ["here"], hosts, inside = [] }: WorldOptions = {}) {
  const server = createServer((client) =>
    client.on("error", () => {}).on("data", (text) => client.end(`heard ${text.toString()}`)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const host = `example.org:${(server.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), "longhaul-proxy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const decisions: Decision[] = [];
  const looked: string[] = [];
  const reached: string[] = [];
  const { isPublic } = await import("./addresses.ts");
  const judged = new Set<string>();
  const internet: Partial<Internet> = {
    lookup: async (name) => {
      looked.push(name);
      const found = answers();
      if (found.includes("here")) judged.add("127.0.0.1");
      else judged.clear();
      return found.map((each) => (each === "here" ? "127.0.0.1" : each));
    },
    isPublic: (address) => judged.has(address) || isPublic(address),
    // Whatever address it is, behind it is the test's own server.
    connect: (address, port) => {
      reached.push(address);
      return connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    },
  };
  const faults: unknown[] = [];
  const socket = join(folder, "proxy.sock");
  const proxy = openProxy({
    socket,
    hosts: hosts ?? [host],
    inside,
    onDecision: (decision) => decisions.push(decision),
    report: (error) => faults.push(error),
    internet,
  });
  onTestFinished(() => {
    proxy.close();
    expect(faults).toEqual([]);
  });
  const ask = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = "";
      connect(socket, function (this: ReturnType<typeof connect>) {
        this.write(request);
      })
        .on("data", (text) => (answer += text.toString()))
        .on("error", reject)
        .on("close", () => resolve(answer));
    });
  return { ask, decisions, looked, reached, host, close: () => proxy.close() };
}
