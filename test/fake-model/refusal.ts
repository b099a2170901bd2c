/** Why a request gets no answer. Each wire writes it in its vendor's own shape. */

export type RetryAfter = {
  /**
   * How the wait is told: `retry-after` in seconds or as an HTTP date, `retry-after-ms`, the vendor's own reset headers, or not at
   * all. Google tells it in the body, whatever the form, unless it is `none`.
   */
  form: "seconds" | "date" | "ms" | "reset" | "none";
  ms: number;
};

export type Refusal =
  | { kind: "unknown-key"; key: string }
  | { kind: "unauthorized" }
  | { kind: "forbidden" }
  | { kind: "bad-request"; message: string }
  | { kind: "not-found"; message: string }
  | { kind: "context-length"; tokens: number; tokensMax: number }
  | { kind: "rate-limit"; what: "requests" | "tokens"; limit: number; remaining: number; retryAfter: RetryAfter }
  | { kind: "quota"; untilMs: number }
  | { kind: "overloaded" }
  | { kind: "status"; status: number };

/** A refusal as HTTP. `nowMs` is the server's clock: headers with a date are relative to it. */
export type RefusalAnswer = { status: number; headers: Record<string, string>; body: unknown };

export function retryHeaders(retryAfter: RetryAfter, nowMs: number): Record<string, string> {
  switch (retryAfter.form) {
    case "seconds":
      return { "retry-after": String(Math.ceil(retryAfter.ms / 1000)) };
    case "date":
      return { "retry-after": new Date(nowMs + retryAfter.ms).toUTCString() };
    case "ms":
      return { "retry-after-ms": String(retryAfter.ms) };
    case "reset":
    case "none":
      return {};
  }
}

/** A bad request is a value of the reader's; it is thrown only through the depths of one reader. */
export class BadRequest extends Error {
  readonly refusal: Refusal;
  constructor(message: string, kind: "bad-request" | "not-found" = "bad-request") {
    super(message);
    this.refusal = { kind, message };
  }
}
