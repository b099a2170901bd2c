/** Shows a run while this process drives it: a live view on a terminal, plain lines elsewhere; then the summary. */
import type { RunId } from "../domain/ids.ts";
import type { Run } from "../domain/run.ts";
import type { EngineEnd } from "../engine/engine.ts";
import { describeEvent, type Names } from "../terminal/events.ts";
import { startLiveView } from "../terminal/live-view.ts";
import { renderSummary } from "../terminal/summary.ts";
import { colorOn, print, printJson, say, widthOf } from "./output.ts";
import type { Project } from "./project.ts";

const pollMs = 250;
const pageRows = 500;

export type Following = { end(end: EngineEnd | null): Promise<void> };

/** `resumed`: what came before was shown when it happened. */
export type FollowOptions = { json: boolean; resumed: boolean };

export function followRun(project: Project, run: Run, { json, resumed }: FollowOptions): Following {
  const { views } = project;
  const live = !json && process.stdout.isTTY;
  const shown = live
    ? startLiveView({
        read: () => views.status(run.id),
        stdout: process.stdout,
        color: colorOn(process.stdout),
        onProblem: (error) => say(String(error)),
      })
    : printEvents(project, run.id, resumed);
  return {
    async end(end) {
      await shown.stop();
      if (!end) return;
      if (end.kind === "taken_over") say(`Run ${run.id} is driven by another engine now; this one has ended.`);
      const view = await views.status(run.id);
      const branches = await publishedBranches(project, run.id);
      if (json) printJson({ ...view, branches });
      else
        print(
          renderSummary(
            view,
            { branches, repository: project.repository.topLevel },
            { color: colorOn(process.stdout), width: widthOf(process.stdout) },
          ),
        );
    },
  };
}

/** One line per event that matters, on stderr; of a resumed run, what came before only tells the names. */
function printEvents(project: Project, run: RunId, resumed: boolean): { stop(): Promise<void> } {
  const names: Names = { tasks: new Map(), planners: new Map() };
  let seq = 0;
  const printNew = async (show: (line: string) => void = say) => {
    for (;;) {
      const page = await project.views.events(run, seq, pageRows);
      for (const event of page) {
        seq = event.seq;
        const line = describeEvent(event, names);
        if (line !== null) show(line);
      }
      if (page.length < pageRows) return;
    }
  };
  const stopped = new AbortController();
  const loop = (async () => {
    if (resumed) await printNew(() => undefined);
    while (!stopped.signal.aborted) {
      await printNew().catch((error: unknown) => say(`The events cannot be read: ${String(error)}`));
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    await printNew();
  })();
  return {
    async stop() {
      stopped.abort();
      await loop;
    },
  };
}

async function publishedBranches(
  project: Project,
  run: RunId,
): Promise<{ trunk: string; green: string | null } | null> {
  const event = await project.views.lastEvent(run, "run.published");
  return event ? (event.data as { trunk: string; green: string | null }) : null;
}
