/** Owns how texts are cut to a bound in bytes: whole characters only, and what is left out is said. */

/** What stands in place of a part that was left out. */
export const leftOut = (bytes: number): string => `… ${bytes} bytes left out …`;

export const isCut = (text: string): boolean => /… \d+ bytes left out …/.test(text);

/** What `leftOut` and the line ends around it may take of a bound. */
export const leftOutBytesMax = 64;

/** At most `bytesMax` bytes: the start and the end. */
export function cutMiddle(text: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return text;
  const half = Math.max(0, Math.floor((bytesMax - leftOutBytesMax) / 2));
  const [head, tail] = [cutEnd(text, half), cutStart(text, half)];
  return `${head}\n${leftOut(bytes - Buffer.byteLength(head) - Buffer.byteLength(tail))}\n${tail}`;
}

/** The start of the text. */
export function cutEnd(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= bytesMax ? text : bytes.toString("utf8", 0, characterEnd(bytes, bytesMax));
}

/** The end of the text. */
export function cutStart(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= bytesMax ? text : bytes.toString("utf8", characterStart(bytes, bytes.length - bytesMax));
}

/** Where the first character begins that `bytes` holds whole from `start` on. */
export function characterStart(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && isContinuation(bytes[at])) at++;
  return at;
}

/** Where the last character ends that `bytes` holds whole before `end`; nothing behind `end` is looked at. */
export function characterEnd(bytes: Buffer, end: number): number {
  let start = end;
  while (start > 0 && end - start < 4 && isContinuation(bytes[start - 1])) start--;
  const lead = start > 0 ? bytes[start - 1]! : 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start - 1 + size <= end || start === 0 ? end : start - 1;
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
