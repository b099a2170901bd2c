/**
 * The vendors of coding agents, without a network: every host name leads to one TLS server of the test's, with a certificate of a
 * test authority, behind which is the fake model. There is no way to it but through a sandbox's proxy.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Internet } from "../../src/sandbox/proxy/proxy.ts";

export type Vendors = {
  internet: Internet;
  /** What programs have to trust. */
  authority: string;
  /** `host METHOD /path`, in the order in which they came. */
  asked: string[];
};

/** `answers`: what a vendor says beside its model, by `host/path`. */
export async function startVendors(
  folder: string,
  modelUrl: string,
  answers: { [place: string]: unknown } = {},
): Promise<Vendors> {
  const asked: string[] = [];
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const { headers, method = "", url = "/" } = request;
    asked.push(`${headers.host} ${method} ${url}`);
    // Codex tries a WebSocket first, and again and again unless it is told so.
    if (headers.upgrade !== undefined) return response.writeHead(426).end();
    const answer = answers[`${headers.host}${url.split("?")[0]}`];
    if (answer === undefined) return passOn(modelUrl, request, response);
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify(answer));
  };
  const { authority, ...own } = certificates(folder);
  const server = createServer({ ...own, ALPNProtocols: ["http/1.1"] }, serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    authority,
    internet: {
      lookup: async () => ["192.0.2.1"],
      isPublic: () => true,
      connect: () => connect({ host: "127.0.0.1", port, allowHalfOpen: true }),
    },
  };
}

function passOn(modelUrl: string, request: IncomingMessage, response: ServerResponse): void {
  // Where a ChatGPT login leads Codex.
  const path = (request.url ?? "/").replace(/^\/backend-api\/codex\//, "/v1/");
  const onward = httpRequest(
    new URL(path, modelUrl),
    { method: request.method, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

const names =
  "api.anthropic.com platform.claude.com api.openai.com chatgpt.com auth.openai.com openrouter.ai opencode.ai generativelanguage.googleapis.com dashscope.aliyuncs.com gateway.example".split(
    " ",
  );

function certificates(folder: string): { key: Buffer; cert: Buffer; authority: string } {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...newKey, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", "/CN=Test authority");
  const own = [
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    at("server.key"),
    "-out",
    at("server.pem"),
    "-subj",
    "/CN=Vendors",
  ];
  const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE"];
  openssl(...own, ...signed, "-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`);
  return { key: readFileSync(at("server.key")), cert: readFileSync(at("server.pem")), authority: at("ca.pem") };
}
