/** Chance that repeats: everything random here is a function of a seed and of words. */
import { createHash } from "node:crypto";

/** The first 32 bits of a digest of the words. */
export function seedOf(...words: readonly (string | number)[]): number {
  return createHash("sha256").update(JSON.stringify(words)).digest().readUInt32BE(0);
}

/** From 0 up to 1. */
export const chanceOf = (...words: readonly (string | number)[]): number => seedOf(...words) / 0x1_0000_0000;

/** An identifier as vendors write them: a prefix and letters without a meaning. */
export const idOf = (prefix: string, ...words: readonly (string | number)[]): string =>
  prefix + createHash("sha256").update(JSON.stringify(words)).digest("hex").slice(0, 24);

/**
 * What a vendor hands out with reasoning and later checks (Anthropic's `signature`, Google's `thoughtSignature`, OpenAI's
 * `encrypted_content`): nobody but the server can write it, and it is refused when it does not come back as it was.
 */
export const sealOf = (content: string): string =>
  createHash("sha256").update(`fake-model\0${content}`).digest("base64url").repeat(2);
