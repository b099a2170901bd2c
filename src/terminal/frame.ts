/** What the live view shows at one moment: the status, what goes wrong, and what Ctrl-C will do. */
import { assertNever } from "../domain/assert.ts";
import type { RunView } from "../engine/views.ts";
import { counted, duration } from "./amounts.ts";
import { paint, quiet, toned, type Line } from "./paint.ts";
import { statusLines } from "./status.ts";

export type Moment = {
  /** `null` until the first read has succeeded. */
  view: RunView | null;
  /** Why the last read failed; the view is then an older one. */
  problem: string | null;
};

export type Screen = { columns: number; rows: number };

/**
 * At most `rows - 1` lines: on the last row stands the cursor. At least `linesMin` lines, where they fit, so that the
 * frame does not shrink and grow with the lists in it.
 */
export function renderFrame(
  { view, problem }: Moment,
  { columns, rows }: Screen,
  linesMin: number,
  color: boolean,
): string {
  const linesMax = Math.max(1, rows - 1);
  const foot: Line[] = [
    ...(problem === null ? [] : [[toned("bad", `The run cannot be read: ${problem}`)]]),
    [quiet(footer(view))],
  ];
  const room = linesMax - foot.length - 1;
  const body = view && room > 0 ? statusLines(view, columns, room) : [];
  const blanks = Math.max(1, Math.min(linesMin, linesMax) - body.length - foot.length);
  const lines = [...body, ...Array.from({ length: blanks }, (): Line => []), ...foot];
  return paint(lines.slice(-linesMax), { color, width: columns });
}

function footer(view: RunView | null): string {
  if (!view) return "Reading the run …   Ctrl-C: stop";
  const { state } = view.run;
  switch (state.status) {
    case "running":
      return "Ctrl-C: finish running sessions, then stop; twice: stop now";
    case "paused":
      return view.running.length === 0
        ? "Paused: nothing runs any more"
        : `Finishing ${counted(view.running.length, "running session")}, for at most ${duration(state.cutAt - view.now)}   Ctrl-C: stop now`;
    case "stopping":
      return "Stopping: running sessions are being ended";
    case "ended":
      return "The run has ended";
    default:
      return assertNever(state, "run state");
  }
}
