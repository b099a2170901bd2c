/**
 * Owns the way out of one sandbox: an HTTP proxy on a unix socket that knows CONNECT alone. Invariants: it connects only to
 * an address that it has looked up and judged itself, so a name cannot come to mean another one afterwards; each
 * connection is judged anew, so a redirect leads nowhere that is not on the list; and every decision is told.
 */
import { lookup as resolve } from "node:dns/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { proxyLimits } from "../../domain/limits.ts";
import { inRanges, isPublic } from "./addresses.ts";
import { judgeTarget, type Target } from "../../domain/network-target.ts";

export type Decision = { asked: string; allowed: boolean; why: string };

export type ProxyOptions = {
  socket: string;
  /** See `entryFault`. */
  hosts: readonly string[];
  /** Ranges of addresses that they may lead to, beside the public internet: see `insideFault`. */
  inside: readonly string[];
  /** Must not throw. */
  onDecision(decision: Decision): void;
  /** Of faults of our own; must not throw. */
  report(error: unknown): void;
  /** For tests: what stands in for the public internet. */
  internet?: Partial<Internet>;
};

export type Internet = {
  lookup(host: string): Promise<readonly string[]>;
  isPublic(address: string): boolean;
  connect(address: string, port: number): Socket;
};

const realInternet: Internet = {
  lookup: async (host) => (await resolve(host, { all: true, verbatim: true })).map(({ address }) => address),
  isPublic,
  connect: (host, port) => connect({ host, port, allowHalfOpen: true }),
};

export type Proxy = { close(): void };

/** Listens when it answers; what goes wrong with that later is reported, and then nothing gets out. */
export function openProxy(options: ProxyOptions): Proxy {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    serve(client, options);
  });
  server.maxConnections = proxyLimits.connectionsMax;
  server.on("error", options.report);
  server.listen(options.socket);
  return {
    close() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}

function serve(client: Socket, options: ProxyOptions): void {
  let head = Buffer.alloc(0);
  client.on("error", () => client.destroy()); // The program is gone.
  client.setTimeout(proxyLimits.headMs, () => client.destroy());
  const onData = (piece: Buffer) => {
    head = Buffer.concat([head, piece]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1 && head.length <= proxyLimits.headBytesMax) return;
    client.off("data", onData).pause();
    if (end === -1 || end > proxyLimits.headBytesMax) return answer(client, 431, "the request is too long");
    const rest = head.subarray(end + 4);
    if (rest.length > 0) client.unshift(rest);
    void decide(client, head.subarray(0, end).toString("latin1"), options);
  };
  client.on("data", onData);
}

async function decide(client: Socket, head: string, options: ProxyOptions): Promise<void> {
  const [line = ""] = head.split("\r\n", 1);
  const [, authority] = /^CONNECT (\S+) HTTP\/1\.[01]$/.exec(line) ?? [];
  if (authority === undefined) {
    options.onDecision({
      asked: line.slice(0, proxyLimits.hostBytesMax),
      allowed: false,
      why: "only CONNECT is known",
    });
    return answer(client, 405, "only CONNECT is known here: use https");
  }
  const asked = authority.slice(0, proxyLimits.hostBytesMax + 8);
  const internet = { ...realInternet, ...options.internet };
  const judged = await judge(authority, options, internet);
  options.onDecision({ asked, allowed: judged.ok, why: judged.ok ? "on the list" : judged.why });
  if (!judged.ok) return answer(client, 403, `${asked} is refused: ${judged.why}`);
  reach(client, judged, internet);
}

type Judged = { ok: true; address: string; target: Target } | { ok: false; why: string };

async function judge(authority: string, { hosts, inside }: ProxyOptions, internet: Internet): Promise<Judged> {
  const asked = judgeTarget(authority, hosts);
  if (!asked.ok) return asked;
  const addresses = await within(proxyLimits.connectMs, internet.lookup(asked.target.host)).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  if (addresses instanceof Error) return { ok: false, why: `its name cannot be resolved (${addresses.message})` };
  const [address] = addresses;
  if (address === undefined) return { ok: false, why: "its name has no address" };
  // One is enough: whoever mixes them wants us to take the wrong one.
  const isOwn = inRanges(inside);
  const inner = addresses.find((each) => !internet.isPublic(each) && !isOwn(each));
  if (inner !== undefined)
    return {
      ok: false,
      why: `its name leads to ${inner}, which is neither on the public internet nor in network.inside`,
    };
  return { ok: true, address, target: asked.target };
}

function reach(client: Socket, { address, target }: { address: string; target: Target }, internet: Internet): void {
  if (client.destroyed) return;
  const server = internet.connect(address, target.port);
  server.setTimeout(proxyLimits.connectMs, () => server.destroy(new Error("no answer")));
  let reached = false;
  server.once("connect", () => {
    reached = true;
    for (const socket of [client, server]) socket.setTimeout(proxyLimits.idleMs, () => socket.destroy());
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    client.pipe(server).pipe(client);
  });
  server.once("error", (error) => {
    if (reached) client.destroy();
    else answer(client, 502, `${target.host} cannot be reached: ${error.message}`);
  });
  server.once("close", () => reached && client.destroySoon());
  client.once("close", () => server.destroy());
}

function answer(client: Socket, status: number, text: string): void {
  const body = `${text}\n`;
  client.end(
    `HTTP/1.1 ${status} ${status === 403 ? "Forbidden" : "Refused"}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  client.resume();
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
