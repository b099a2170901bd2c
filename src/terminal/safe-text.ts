/**
 * Text of agents, models and repositories on its way to a terminal. Invariant: what leaves `safeText` holds no control
 * character and nothing that reorders or hides what stands beside it, so no title or log line can move the cursor,
 * set a clipboard, rename a window or show other letters than it has.
 */

/**
 * Whole sequences are taken out, so that no remains such as `[31m` stay: CSI (`ESC [ … letter`), strings (OSC, DCS, …)
 * with their end, and the short ones. A string without an end loses its opening only: else one byte could hide all
 * the text after it. Each part excludes control characters, which keeps the search linear in the text's length.
 */
const sequences =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;

/** Tabs, line ends and their Unicode kin. */
const breaks = /\r\n|[\n\v\f\r\x85\u2028\u2029]/g;

/**
 * Invisible characters: direction marks and overrides, zero-width spaces, soft hyphens, tag characters and the like.
 * Joiners and variation selectors stay: Persian, Indic scripts and emoji are spelled with them.
 */
// oxlint-disable-next-line no-misleading-character-class -- a list of code points, not letters with marks
const invisible = /[[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\ufff9-\ufffb]--[\u200c\u200d\ufe00-\ufe0f]]/gv;

const replacement = "\ufffd";

/** One line of plain text. A stray control character is shown as U+FFFD, a line end as a space, a tab as two. */
export function safeText(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(sequences, "")
    .replace(breaks, " ")
    .replaceAll("\t", "  ")
    .replace(/\p{Cc}/gu, replacement)
    .replace(invisible, "");
}

/** Many lines of plain text: each is safe, and stays a line. */
export const safeLines = (text: string): string => text.split("\n").map(safeText).join("\n");
