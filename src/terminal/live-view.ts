/**
 * The live view of a run on a terminal. It only looks: it reads the run again and again and draws it in place, below
 * whatever stood on the screen before. It never touches the terminal's input, so Ctrl-C stays a signal.
 */
import { PassThrough } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { Box, render, Text, type Instance } from "ink";
import { createElement } from "react";
import type { RunView } from "../engine/views.ts";
import { renderFrame, type Moment, type Screen } from "./frame.ts";

const redrawMs = 250;
const problemsMax = 20;

type LiveViewOptions = {
  read: () => Promise<RunView>;
  stdout: NodeJS.WriteStream;
  color: boolean;
  /**
   * Each different problem once, but only when the view has given the terminal back: until then it is shown in the
   * view, and whatever else is written to the terminal, other than through `console`, would tear the picture.
   */
  onProblem: (error: unknown) => void;
};

type LiveView = {
  /** Takes the view off the screen, shows the cursor again and waits for a read under way. Repeatable. */
  stop(): Promise<void>;
};

/** Never throws for what the run or the terminal does. Draws at most four times a second, never two reads at once. */
export function startLiveView({ read, stdout, color, onProblem }: LiveViewOptions): LiveView {
  const ended = new AbortController();
  const picture = new Picture(stdout, color);
  const problems = new Map<string, unknown>();
  const readOnce = async (): Promise<void> => {
    try {
      picture.show({ view: await read(), problem: null });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problems.size < problemsMax && !problems.has(problem)) problems.set(problem, error);
      picture.show({ view: picture.moment.view, problem });
    }
  };
  const loop = (async () => {
    while (!ended.signal.aborted) {
      await readOnce();
      // Rejects only when stopped, which the loop sees by itself.
      await setTimeout(redrawMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  const stop = async () => {
    ended.abort();
    await picture.close();
    await loop;
    for (const error of problems.values()) onProblem(error);
  };
  let stopped: Promise<void> | null = null;
  return { stop: () => (stopped ??= stop()) };
}

/** The last moment shown, redrawn when the terminal changes its size. */
class Picture {
  moment: Moment = { view: null, problem: null };
  readonly #stdout: NodeJS.WriteStream;
  readonly #color: boolean;
  readonly #ink: Instance;
  #screen: Screen;
  /** The most lines a frame had at this size; later ones are filled up to it, so that the footer stays in its place. */
  #lines = 0;
  #closed = false;

  constructor(stdout: NodeJS.WriteStream, color: boolean) {
    this.#stdout = stdout;
    this.#color = color;
    this.#screen = this.#measure();
    // Before ink's own listener, so that ink never draws a frame that was made for the old size.
    stdout.on("resize", this.#resized);
    this.#ink = render(this.#frame(this.moment), {
      stdout,
      // Not the terminal's: what ink cannot reach, it cannot put into raw mode.
      stdin: new PassThrough(),
      exitOnCtrlC: false,
      // What is printed by `console` goes above the frame.
      patchConsole: true,
      // Whether this is a terminal is the caller's decision.
      interactive: true,
      // Only what has changed is written: no flicker, and little traffic over a slow line.
      incrementalRendering: true,
    });
  }

  show(moment: Moment): void {
    if (this.#closed) return;
    this.#ink.rerender(this.#frame(moment));
    // Only now: a moment that cannot be drawn must not be drawn again with the problem that says so.
    this.moment = moment;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stdout.off("resize", this.#resized);
    this.#ink.clear();
    this.#ink.unmount();
    await this.#ink.waitUntilExit();
  }

  #frame(moment: Moment) {
    const lines = renderFrame(moment, this.#screen, this.#lines, this.#color).split("\n");
    this.#lines = Math.max(this.#lines, lines.length);
    // A text of its own for each line: ink remembers the last thousands of texts that it measured, and whole frames
    // would make that a hundred megabytes. An empty text would have no height.
    const texts = lines.map((line, row) => createElement(Text, { key: row, wrap: "truncate" }, line || " "));
    return createElement(Box, { flexDirection: "column" }, texts);
  }

  readonly #resized = (): void => {
    const before = this.#screen;
    this.#screen = this.#measure();
    this.#lines = 0;
    // A narrower terminal has folded the lines of the old frame: nobody knows any more how many rows it takes.
    if (this.#screen.columns < before.columns) this.#stdout.write("\u001b[H\u001b[J");
    this.show(this.moment);
  };

  /** A terminal that does not know its size says 0. */
  #measure(): Screen {
    return { columns: this.#stdout.columns || 80, rows: this.#stdout.rows || 24 };
  }
}
