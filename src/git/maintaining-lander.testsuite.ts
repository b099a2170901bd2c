/** The process that `maintenance.test.ts` kills: lands, keeps a workspace, and maintains, over and over, and says so. */
import type { RunId } from "../domain/ids.ts";
import { openAt, put } from "./git-world.testsuite.ts";
import { landNow, named, submission } from "./trunk-steps.testsuite.ts";

const [repository = "", runText = "", from = "1"] = process.argv.slice(2);
const run = runText as RunId;
const trunk = await openAt(repository);
const { signal } = new AbortController();
const { base } = await trunk.resolveBase();
const keeping = await trunk.openWorkspace(run, named(999), base);
for (let n = Number(from); ; n++) {
  const workspace = await trunk.openWorkspace(run, named(n), await trunk.tip(run));
  await put(workspace.path, { [`dir/${n}.txt`]: `${n}\n` });
  const answer = await landNow(trunk, run, workspace, submission(n));
  if (answer.kind === "landed") process.stdout.write(`landed ${n}\n`);
  await workspace.remove();
  await put(keeping.path, { "kept.txt": `kept ${n}\n` });
  const kept = await trunk.keep(run, keeping);
  if (kept.ok) process.stdout.write(`kept ${kept.kept}\n`);
  if (n % 2 === 0) continue;
  process.stdout.write("maintaining\n");
  await trunk.maintain(run, { needed: async () => ({ workspaces: [named(999)], kept: [] }), unusedMs: 0, signal });
}
