/** Owns how long a provider asks to be left alone: vendors say it in headers, in the body, or in prose. */
import type { VendorError } from "./vendor-error.ts";

/** Longer is a mistake of somebody's. */
const waitMsMax = 31 * 86_400_000;

/** Null: it does not say. `nowMs` stands in where the answer has no date. */
export function waitOf(error: VendorError, nowMs: number): number | null {
  const { headers } = error;
  // Times are the vendor's; so is the clock that they are read by.
  const now = timeOf(headers.date) ?? nowMs;
  const found =
    milliseconds(headers["retry-after-ms"]) ??
    retryAfter(headers["retry-after"], now) ??
    (error.retryDelay === null ? null : durationMs(error.retryDelay)) ??
    (error.resetsInSeconds === null ? null : error.resetsInSeconds * 1000) ??
    (error.resetsAtSeconds === null ? null : until(error.resetsAtSeconds * 1000, now)) ??
    reset(headers, now) ??
    inProse(error.message, now);
  return found === null ? null : Math.min(Math.max(0, Math.ceil(found)), waitMsMax);
}

const until = (atMs: number, now: number): number => Math.max(0, atMs - now);

function milliseconds(text: string | undefined): number | null {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : null;
}

function timeOf(text: string | undefined): number | null {
  const at = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function retryAfter(text: string | undefined, now: number): number | null {
  const seconds = milliseconds(text);
  if (seconds !== null) return seconds * 1000;
  const at = timeOf(text);
  return at === null ? null : until(at, now);
}

const resetName = /^(?:x-ratelimit-reset|anthropic-ratelimit-(?=.*reset$))/;

/** One limit is over, others are told as well: what has nothing left counts, else the longest. */
function reset(headers: VendorError["headers"], now: number): number | null {
  const resets = Object.entries(headers).flatMap(([key, value]) => {
    const ms = resetName.test(key) ? resetMs(value, now) : null;
    return ms === null ? [] : [{ ms, over: headers[key.replace("reset", "remaining")] === "0" }];
  });
  const over = resets.filter((one) => one.over);
  const counted = over.length > 0 ? over : resets;
  return counted.length === 0 ? null : Math.max(...counted.map(({ ms }) => ms));
}

/** A duration, a number of seconds, or a time: RFC 3339, or seconds or milliseconds since 1970. */
function resetMs(text: string, now: number): number | null {
  const number = milliseconds(text);
  if (number === null) return durationMs(text) ?? (timeOf(text) === null ? null : until(timeOf(text) ?? now, now));
  if (number > 1e11) return until(number, now);
  return number > 1e8 ? until(number * 1000, now) : number * 1000;
}

const unitMs: { readonly [unit: string]: number } = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const amount = String.raw`\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])`;
/** In `1m30s` a unit ends where the next number begins. */
const duration = new RegExp(`(?:${amount}[\\s,]*(?:and\\s+)?)+`, "i");
const amounts = /(\d+(?:\.\d+)?)\s*(milli|[a-z])([a-z]*)/gi;

/** `6m0s`, `20ms`, `1.5s`, `2 minutes and 5 seconds`. */
function durationMs(text: string): number | null {
  if (duration.exec(text)?.[0].trim() !== text.trim()) return null;
  let sum = 0;
  for (const [, count, start = "", rest = ""] of text.toLowerCase().matchAll(amounts)) {
    const isMilli = start === "milli" || (start === "m" && rest === "s");
    sum += Number(count) * (unitMs[isMilli ? "ms" : start] ?? 0);
  }
  return sum;
}

const inWords = new RegExp(String.raw`\b(?:again|retry|resets?|available|wait)\b\D{0,20}(${duration.source})`, "i");
const date = /\b(\d{4}-\d{2}-\d{2})(?:[T ]|\s+at\s+)(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:\d{2})?/;

/** "Please try again in 6m0s", "You will regain access on 2026-11-01 at 00:00 UTC." */
function inProse(message: string, now: number): number | null {
  const length = inWords.exec(message)?.[1];
  if (length !== undefined) return durationMs(length.trim().replace(/[,\s]+(?:and)?$/, ""));
  const [, day, time, zone = "Z"] = date.exec(message) ?? [];
  const at = day === undefined ? null : timeOf(`${day}T${time}${zone === "UTC" ? "Z" : zone}`);
  return at === null ? null : until(at, now);
}
