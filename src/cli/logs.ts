/** `longhaul logs`: everything that one session was told, printed and answered. */
import { parseId, type SessionId } from "../domain/ids.ts";
import type { Run } from "../domain/run.ts";
import type { TranscriptEntry } from "../engine/store-port.ts";
import type { SessionView, Views } from "../engine/views.ts";
import { readableJson } from "../terminal/readable.ts";
import { safeLines } from "../terminal/safe-text.ts";
import { renderSessionHead } from "../terminal/session-head.ts";
import { UsageError } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { openingOf } from "./opening.ts";
import { colorOn, print, widthOf } from "./output.ts";
import { chooseRun, withProject } from "./project.ts";

const pageRows = 500;
const followMs = 500;

export function logs(name: string, { run: named, json, follow }: Common & { follow?: boolean }): Promise<void> {
  const id = sessionId(name);
  return withProject(false, async (project) => {
    const { views } = project;
    const run = await chooseRun(project, named);
    const session = await views.session(run.id, id);
    if (!session) throw new UsageError(`Run ${run.id} has no session ${name}.`);
    if (!json) print(await headOf(views, run, session));
    let seq = 0;
    const writer = makeWriter();
    for (;;) {
      const over = (await views.session(run.id, id))?.status === "ended";
      for await (const entry of transcript(views, id, seq)) {
        seq = entry.seq;
        if (json) process.stdout.write(`${JSON.stringify(entry)}\n`);
        else writer.write(entry);
      }
      if (!follow || over) break;
      await new Promise((resolve) => setTimeout(resolve, followMs));
    }
    if (!json) writer.end();
  });
}

export function sessionId(name: string): SessionId {
  const id = parseId("session", name);
  if (id === undefined)
    throw new UsageError(`"${name}" is not a session: sessions are named s1, s2, … (longhaul events shows them).`);
  return id;
}

async function headOf(views: Views, { config }: Run, session: SessionView): Promise<string> {
  const opening = openingOf(await views.firstStep(session.id));
  return renderSessionHead(
    { session, config, promptHash: opening?.promptHash ?? null, now: Date.now() },
    { color: colorOn(process.stdout), width: process.stdout.isTTY ? widthOf(process.stdout) : Infinity },
  );
}

async function* transcript(views: Views, session: SessionId, after: number) {
  for (let seq = after; ;) {
    const page = await views.transcript(session, seq, pageRows);
    yield* page;
    seq = page.at(-1)?.seq ?? seq;
    if (page.length < pageRows) return;
  }
}

/** Output comes in pieces that end anywhere; what is not output has a heading of its own. */
function makeWriter() {
  let before: TranscriptEntry["kind"] | null = null;
  let open = false;
  const write = ({ kind, text }: TranscriptEntry): void => {
    const isOutput = kind === "stdout" || kind === "stderr";
    const said = kind === "brief" || kind === "answer" ? readableJson(text) : text;
    // On a terminal nothing that an agent printed may act as a control sequence.
    const shown = process.stdout.isTTY ? safeLines(said) : said;
    const start = open && !(isOutput && kind === before) ? "\n" : "";
    process.stdout.write(isOutput ? `${start}${shown}` : `${start}--- ${kind}\n${shown.replace(/\n$/, "")}\n`);
    open = isOutput && !shown.endsWith("\n");
    before = kind;
  };
  return { write, end: () => open && process.stdout.write("\n") };
}
