/**
 * Imports the modules named on stdin, one after the other, in a process that has loaded nothing else of the package.
 * Prints one JSON line per module that does not come up as an ES module with a default export.
 */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

export type Trouble = { file: string; reason: string; stack: string };

const root = process.cwd();
const files = (await text(process.stdin)).split("\n").filter(Boolean);
const globals = new Set(Object.getOwnPropertyNames(globalThis));

for (const file of files) {
  const { reason, stack } = await load(file);
  // Whoever put a name there is blamed now, also when its import failed: the next module is innocent.
  const left = Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name));
  for (const name of left) globals.add(name);
  const reasons = [reason, left.length > 0 ? `leaves ${left.join(", ")} on the global object` : null].filter(
    (one) => one !== null,
  );
  if (reasons.length > 0) console.log(JSON.stringify({ file, reason: reasons.join(" and "), stack } satisfies Trouble));
}

async function load(file: string): Promise<{ reason: string | null; stack: string }> {
  try {
    const module = (await import(pathToFileURL(join(root, file)).href)) as { default?: unknown };
    return { reason: "default" in module ? null : "exports nothing by default", stack: "" };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { reason: message, stack: stack ?? "" };
  }
}
