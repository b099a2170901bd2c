/**
 * The only place that counts tokens: a token is four bytes of UTF-8, rounded up per segment. A prompt is a list of
 * segments (a tool, a system block, a block of a message), so that its count is the sum of theirs and a common prefix of two
 * prompts has one count. An answer is counted by part: its text, its reasoning, each call's name and arguments.
 */

const bytesPerToken = 4;

export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / bytesPerToken);

/** The longest start of the text that is at most so many tokens long. */
export function cutToTokens(text: string, tokensMax: number): string {
  if (tokensOf(text) <= tokensMax) return text;
  let bytes = 0;
  let kept = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > tokensMax * bytesPerToken) break;
    kept += character;
  }
  return kept;
}

/** One piece of a prompt. Two prompts share a prefix when their first segments have the same texts. */
export type Segment = { text: string; tokens: number; mark: CacheMark | null };

/** The client asked to cache the prompt up to the end of this segment. */
export type CacheMark = { ttlMs: number };

export const segment = (content: unknown, mark: CacheMark | null = null): Segment => {
  const text = JSON.stringify(content);
  return { text, tokens: tokensOf(text), mark };
};

export const tokensOfSegments = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { tokens }) => sum + tokens, 0);

/** What a request cost, as the vendors split it. The whole input is `noCache + cacheRead + cacheWrite`. */
export type Usage = { noCache: number; cacheRead: number; cacheWrite: number; text: number; reasoning: number };

export const noUsage: Usage = { noCache: 0, cacheRead: 0, cacheWrite: 0, text: 0, reasoning: 0 };

export const addUsage = (a: Usage, b: Usage): Usage => ({
  noCache: a.noCache + b.noCache,
  cacheRead: a.cacheRead + b.cacheRead,
  cacheWrite: a.cacheWrite + b.cacheWrite,
  text: a.text + b.text,
  reasoning: a.reasoning + b.reasoning,
});

export const inputOf = (usage: Usage): number => usage.noCache + usage.cacheRead + usage.cacheWrite;
export const outputOf = (usage: Usage): number => usage.text + usage.reasoning;
