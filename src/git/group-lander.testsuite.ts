/**
 * The process that `crash-steps.test.ts` kills, and that a full disk stops: lands tasks as one group and says what came of
 * it. `REPOSITORY RUN STEP NTH FILLER TASK...`: at the nth time that this step is reached (`never`: at none) it dies, or,
 * with a filler's path, takes all the room that the disk has left.
 */
import { appendFileSync } from "node:fs";
import type { Commit, RunId } from "../domain/ids.ts";
import type { Landing } from "../engine/ports.ts";
import { openAt, put } from "./git-world.testsuite.ts";
import { landGroup, named, submission } from "./trunk-steps.testsuite.ts";

const [repository = "", runText = "", step = "", nth = "", filler = "", ...tasks] = process.argv.slice(2);
const run = runText as RunId;
let met = 0;
const trunk = await openAt(repository, (at) => {
  if (at !== step || ++met !== Number(nth)) return;
  if (filler === "") process.kill(process.pid, "SIGKILL");
  else fillUp();
});

function fillUp(): void {
  for (let bytes = 1 << 16; bytes > 0;) {
    try {
      appendFileSync(filler, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      bytes >>= 1;
    }
  }
}

const { base } = await trunk.resolveBase();
const tip = await trunk.tip(run);

/** All from the run's base, so that all but the first are merged; those of one line by git. */
async function prepare(task: number, from: Commit): Promise<Landing> {
  const workspace = await trunk.openWorkspace(run, named(task), from);
  const lines = Array.from({ length: 9 }, (_, line) => `${line}\n`);
  lines[task - 1] = `task ${task}\n`;
  await put(workspace.path, { [`dir/${task}.txt`]: `${task}\n`, "lines.txt": lines.join("") });
  const taken = await trunk.takeIn(run, workspace);
  if (taken.kind !== "taken") throw new Error(`task ${task}: ${taken.kind}`);
  await workspace.remove();
  return { ...submission(task), change: taken.change };
}

const landings: Landing[] = [];
for (const task of tasks) landings.push(await prepare(Number(task), base));
const answer = await landGroup(trunk, run, tip, landings);
process.stdout.write(answer.kind === "settled" ? answer.answers.map(({ kind }) => kind).join(" ") : answer.kind);
