/** Owns the step between names as bytes and names as text: a latin1 string has one character for each byte of a name. */

export const toText = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");
export const toLatin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** For `fs`: a name of plain letters as it is, any other as its bytes. `latin1` is absolute. */
export function asPath(latin1: string): string | Buffer {
  // eslint-disable-next-line no-control-regex
  return /[^\u0000-\u007f]/.test(latin1) ? Buffer.from(latin1, "latin1") : latin1;
}
