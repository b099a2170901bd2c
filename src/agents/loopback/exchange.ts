/** One HTTP exchange with a program that we did not write: what it may send, and how it is answered. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answered with its status, in the server's own shape. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    ...(status === 401 && { "www-authenticate": "Bearer" }),
  });
  response.end(JSON.stringify(value));
}

/**
 * A name that leads to loopback is not enough: a page of the web can have such a name, and then a browser would let it
 * speak with us. Pages are known by their origin.
 */
export function checkCaller(request: IncomingMessage, port: number): void {
  const ours = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host = "", origin } = request.headers;
  if (!ours.includes(host.toLowerCase()))
    throw new HttpError(421, `this server answers to ${ours.join(" and ")} alone, not to ${JSON.stringify(host)}`);
  if (origin !== undefined && !ours.some((name) => origin.toLowerCase() === `http://${name}`))
    throw new HttpError(403, "requests of pages of the web are not answered");
}

/** Aborted when the connection closes before the answer is out. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

export function bearerToken(request: IncomingMessage): string {
  const [, token = ""] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  return token;
}

/** An empty body is an empty object. */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const text = (await readBody(request, bytesMax)).toString("utf8").trim();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpError(400, `the body is not JSON: ${error.message}`);
  }
}

/** Rejects with `HttpError` for what is too long or breaks off. What comes after the bound is not kept. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= bytesMax) return void parts.push(part);
      parts.length = 0;
      // The rest flows by, so that the other side gets to read our answer.
      reject(new HttpError(413, `the body has more than ${bytesMax} bytes`));
    });
    request.once("end", () => resolve(Buffer.concat(parts)));
    request.once("close", () => reject(new HttpError(400, "the request broke off")));
    request.once("error", () => reject(new HttpError(400, "the request broke off")));
  });
}
