/** The process that `crash.test.ts` kills: lands one new file after the other and says so. */
import type { RunId } from "../domain/ids.ts";
import { openAt, put } from "./git-world.testsuite.ts";
import { landNow, named, submission } from "./trunk-steps.testsuite.ts";

const [repository = "", run = "", from = "1"] = process.argv.slice(2);
const trunk = await openAt(repository);
for (let n = Number(from); ; n++) {
  const workspace = await trunk.openWorkspace(run as RunId, named(n), await trunk.tip(run as RunId));
  await put(workspace.path, { [`dir/${n}.txt`]: `${n}\n` });
  process.stdout.write(`start ${n}\n`);
  const answer = await landNow(trunk, run as RunId, workspace, submission(n));
  if (answer.kind === "landed") process.stdout.write(`landed ${n}\n`);
  await workspace.remove();
}
