/** Owns what an operator reads of a fault: who, which status, and the vendor's own words; never a key, never the prompt. */
import { cutEnd } from "../../domain/text.ts";
import type { ProviderAccess } from "./providers.ts";
import type { VendorError } from "./vendor-error.ts";

export const detailBytesMax = 500;

/** Where a vendor quotes so much of what we said, its words are left out. */
const quoteCharacters = 32;

/** What was said to whom: `messages` is searched for texts, whatever its shape. */
export type Spoken = {
  model: { name: string; access: Pick<ProviderAccess, "key"> };
  instructions: string;
  messages: unknown;
};

/** `own`: our words, where there are none of the vendor's. */
export function detailOf(said: VendorError | null, own: string | null, spoken: Spoken): string {
  const status = said?.status === null || said?.status === undefined ? null : String(said.status);
  const head = [`${spoken.model.name}:`, status, said?.names.filter((one) => one !== status).join(" "), own]
    .filter(Boolean)
    .join(" ");
  const message = (said?.message ?? "").replace(/\s+/g, " ").trim();
  const words = said?.page === true ? "a gateway's page" : message;
  const text = words === "" ? head : `${head}: ${words}`;
  const cut = cutEnd(withoutKey(text, spoken.model.access.key), detailBytesMax);
  return quotes(cut, spoken)
    ? cutEnd(`${spoken.model.name}: ${status ?? "error"} (its words quote the prompt)`, detailBytesMax)
    : cut;
}

/** Before anything is cut: half a key is no key to be found. */
const withoutKey = (text: string, key: string | null): string =>
  key === null || key === "" ? text : text.replaceAll(key, "[key]").replaceAll(encodeURIComponent(key), "[key]");

function quotes(text: string, { instructions, messages }: Spoken): boolean {
  const prompt = [instructions, ...textsIn(messages)].join("\n").replace(/\s+/g, " ");
  for (let at = 0; at + quoteCharacters <= text.length; at += quoteCharacters / 2)
    if (prompt.includes(text.slice(at, at + quoteCharacters))) return true;
  return false;
}

/** Not by recursion: how deep it is nested is up to who wrote it. */
function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string") texts.push(one);
    else if (typeof one === "object" && one !== null) for (const inner of Object.values(one)) open.push(inner);
  }
  return texts;
}
