/** The planner, at every depth: `planner.ts` with a planner's brief on stdin. */
import { planTurn } from "./plan/turn.ts";
import { answer, readBrief } from "./program.ts";

const brief = await readBrief("planner");
for (const refusal of brief.refusals) console.error(`the last plan was refused: ${refusal}`);
answer({ actions: planTurn(brief, process.cwd()) });
