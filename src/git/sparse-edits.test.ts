/** Whatever a worker does in a sparse workspace, what is taken in is what its own git would commit. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeGitWorld, openAt, put, userGit } from "./git-world.testsuite.ts";
import { applyEdit, asGitWould, editedFiles, randomEdit, randomOrder } from "./random-edits.testsuite.ts";
import { named, runA } from "./trunk-steps.testsuite.ts";

const step = fc.oneof({ weight: 3, arbitrary: randomEdit }, { weight: 1, arbitrary: randomOrder });

test("with edits and orders to its git, in any part", async () => {
  const world = await makeGitWorld(Object.fromEntries(editedFiles.map((name) => [name, `${name}\n`])), {
    sparse: true,
  });
  const { trunk } = world;
  // Something to go back to.
  await put(world.repository, { "d/b": "second\n", "f/g/h": "second\n", "n/o": "second\n" });
  await userGit(world.repository, "add", "-A");
  await userGit(world.repository, "commit", "-q", "-m", "second");
  const { base } = await trunk.resolveBase();
  await trunk.begin(runA, base);
  const scopes = fc.constantFrom(["d"], ["d/e"], ["f", "d/build"], ["a"], ["n/new"]);
  let [sessions, refused] = [0, 0];
  const property = fc.asyncProperty(scopes, fc.array(step, { minLength: 1, maxLength: 10 }), async (scope, steps) => {
    const workspace = await trunk.openWorkspace(runA, named(++sessions), base, { scope: scope });
    expect(await userGit(workspace.path, "status", "--porcelain")).toBe("");
    if (await asGitWould(trunk, workspace, steps)) refused++;
  });
  // The same each time: what chance finds is for who looks for it, at length, and not for who lands something else.
  await fc.assert(property, { numRuns: 60, seed: 1 });
  expect(refused).toBeLessThan(sessions / 2);
  await world.close();
}, 120_000);

test("edits in the part are told as in a copy", async () => {
  const world = await makeGitWorld(Object.fromEntries(editedFiles.map((name) => [name, `${name}\n`])), {
    sparse: true,
  });
  const { trunk } = world;
  await trunk.begin(runA, world.base);
  const copies = await openAt(world.repository);
  let sessions = 0;
  const inside = (at: string) => at.startsWith("d/") || at === "a" || at === ".gitignore";
  const edits = fc.array(
    randomEdit.filter((one) => inside(one.at) && (one.kind !== "rename" || inside(one.to))),
    { minLength: 1, maxLength: 10 },
  );
  const property = fc.asyncProperty(edits, async (all) => {
    const part = await trunk.openWorkspace(runA, named(++sessions), world.base, { scope: ["d"] });
    const copy = await copies.openWorkspace(runA, named(++sessions), world.base);
    for (const one of all) for (const { path } of [part, copy]) await applyEdit(path, one);
    const told = [await trunk.keep(runA, part), await copies.keep(runA, copy)].map((kept) =>
      kept.ok ? (JSON.parse(kept.kept) as { tree: string }).tree : kept.reasons,
    );
    expect(told[0]).toEqual(told[1]);
    await Promise.all([part.remove(), copy.remove()]);
  });
  await fc.assert(property, { numRuns: 30 });
  await world.close();
}, 120_000);
