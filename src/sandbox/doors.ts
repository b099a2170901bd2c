/** Owns the host's side of a door: a unix socket behind which one port of the host's loopback lies, and nothing else. */
import { connect, createServer, type Socket } from "node:net";
import { loopbackLimits } from "../domain/limits.ts";

export type OpenDoor = { close(): void };

/** Listens when it answers; what goes wrong with that later is reported, and then the door stays shut. */
export function openDoor(port: number, socket: string, report: (error: unknown) => void): OpenDoor {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy()); // One side broke off: so does the other.
      one.once("close", () => {
        open.delete(one);
        other.destroySoon();
      });
    }
    inner.pipe(outer).pipe(inner);
  });
  server.maxConnections = loopbackLimits.connectionsMax;
  server.on("error", report);
  server.listen(socket);
  return {
    close() {
      server.close();
      for (const each of open) each.destroy();
    },
  };
}
