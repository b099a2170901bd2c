/** A git server on loopback that asks for a password: git's own `http-backend` behind Node's server. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { environment } from "./git-world.testsuite.ts";

export type HttpRemote = { url(credentials?: string): string; close(): Promise<void> };

/** Serves the repositories below `root`. `login`: `name:password`. */
export async function serveHttp(root: string, name: string, login: string): Promise<HttpRemote> {
  const server = createServer((request, response) => {
    const right = `Basic ${Buffer.from(login).toString("base64")}`;
    if (request.headers.authorization === right) answer(root, request, response);
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (credentials) => `http://${credentials === undefined ? "" : `${credentials}@`}127.0.0.1:${port}/${name}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** As a web server runs a program: the head of its output up to a blank line is the answer's. */
function answer(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const backend = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  const child = spawn(backend, {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "somebody",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  const came: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => came.push(chunk));
  child.on("close", () => {
    const all = Buffer.concat(came);
    const end = all.indexOf("\r\n\r\n");
    const heads = all
      .toString("latin1", 0, end)
      .split("\r\n")
      .map((line) => line.split(": ", 2) as [string, string]);
    const status = Number(heads.find(([head]) => head === "Status")?.[1].slice(0, 3) ?? 200);
    response
      .writeHead(status, Object.fromEntries(heads.filter(([head]) => head !== "Status")))
      .end(all.subarray(end + 4));
  });
}
