/**
 * The program that leads ports of a sandbox's own loopback to unix sockets that were put there. Its text is written to a file
 * and started inside with the Node that runs us, so it may use nothing from around it.
 */

/** For a file `.cjs`. Arguments: `PORT=SOCKET …`, 0 for any port. Says `ready PORT …` on stdout once all of them listen. */
export const forwarderText = (): string => `(${forward.toString()})();\n`;

function forward(): void {
  const net = process.getBuiltinModule("node:net");
  const ways = process.argv.slice(2);
  const ports: unknown[] = [];
  let waiting = ways.length;
  for (const [index, way] of ways.entries()) {
    const [port, path = ""] = way.split("=");
    const server = net.createServer({ allowHalfOpen: true }, (inner) => {
      const outer = net.connect({ path, allowHalfOpen: true });
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        one.on("error", () => other.destroy());
        one.once("close", () => other.destroySoon());
        one.pipe(other);
      }
    });
    server.listen({ host: "127.0.0.1", port: Number(port) }, () => {
      const address = server.address();
      ports[index] = typeof address === "object" ? address?.port : port;
      if (--waiting === 0) process.stdout.write(`ready ${ports.join(" ")}\n`);
    });
  }
  // Whoever waited for the word has closed the pipe by now or will: it is not a reason to end.
  process.stdout.on("error", () => {});
  // The program may still want its doors while it ends; they are gone with it.
  process.on("SIGTERM", () => {});
}
