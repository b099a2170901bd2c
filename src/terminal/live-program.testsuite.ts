/** A program with a live view, for a test in a real terminal: ends at the second SIGINT. */
import { startLiveView } from "./live-view.ts";
import { samples } from "./samples.testsuite.ts";

let interrupts = 0;
const view = startLiveView({
  read: () => Promise.resolve(interrupts === 0 ? samples.middle : samples.paused),
  stdout: process.stdout,
  color: true,
  onProblem: (error) => process.stderr.write(String(error)),
});
process.on("SIGINT", () => {
  interrupts += 1;
  if (interrupts < 2) return;
  void view.stop().then(() => {
    process.stdout.write(`after ${interrupts} interrupts, raw mode ${process.stdin.isRaw}\n`);
    process.exit(0);
  });
});
