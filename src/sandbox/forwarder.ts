/**
 * Runs inside a sandbox, started by file with the Node that runs us: `forwarder PORT=SOCKET …`. Each port of the
 * sandbox's own loopback leads to a unix socket that was put there. Says `ready` on stdout once all of them listen.
 */
import { connect, createServer, type Socket } from "node:net";

function join(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  one.once("close", () => other.destroySoon());
  one.pipe(other);
}

const listening = process.argv.slice(2).map((way) => {
  const [port, socket = ""] = way.split("=");
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ path: socket, allowHalfOpen: true });
    join(inner, outer);
    join(outer, inner);
  });
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: Number(port) }, resolve);
  });
});
await Promise.all(listening);
// Whoever waited for the word has closed the pipe by now or will: it is not a reason to end.
process.stdout.on("error", () => {});
// The program may still want its doors while it ends; they are gone with it.
process.on("SIGTERM", () => {});
process.stdout.write("ready\n");
