/** One call of a model: what it used, what it cost, and how it went wrong. */

/** Disjoint parts of what a call used; they add up to everything that was billed. */
export type Tokens = {
  /** Of the prompt, neither read from a cache nor written to one. */
  input: number;
  cached: number;
  written: number;
  /** Thinking included. */
  output: number;
};

export const noTokens: Tokens = { input: 0, cached: 0, written: 0, output: 0 };

export const sumTokens = ({ input, cached, written, output }: Tokens): number => input + cached + written + output;

export const addTokens = (a: Tokens, b: Tokens): Tokens => ({
  input: a.input + b.input,
  cached: a.cached + b.cached,
  written: a.written + b.written,
  output: a.output + b.output,
});

/**
 * `known`: the price list has the model; `overridden`: the operator's config says it; `guessed`: a near model's price
 * stands in, or the provider did not report what the call used; `told`: the agent says what it spent.
 */
export type PriceSource = "known" | "overridden" | "guessed" | "told";

/** Why a call gave nothing that the conversation could go on with. `detail` is for the operator; it holds no key. */
export type CallFault =
  /** Too much at once: the credential has to slow down. */
  | { kind: "rate_limited"; retryAfterMs: number | null; detail: string }
  /** Used up until some time: nothing will come before. */
  | { kind: "quota"; retryAfterMs: number | null; detail: string }
  /** The provider is in trouble: a 5xx, a 529, nobody answers. */
  | { kind: "unavailable"; retryAfterMs: number | null; detail: string }
  /** This one answer is no good: dropped, stalled, truncated, empty, not what the protocol says. */
  | { kind: "broken"; detail: string }
  /** The key is refused: the operator's to mend. */
  | { kind: "key_refused"; detail: string }
  /** The conversation does not fit the model's window. */
  | { kind: "too_long"; detail: string }
  /** The operator's to mend, too. */
  | { kind: "no_such_model"; detail: string }
  /** The provider does not take such a request. */
  | { kind: "bad_request"; detail: string }
  /** By us. */
  | { kind: "aborted" };
