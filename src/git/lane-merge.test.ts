/** What is merged in this process is what git would have made of it; a group is what its landings are one by one. */
import * as fc from "fast-check";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Commit } from "../domain/ids.ts";
import { laneLimits } from "../domain/limits.ts";
import { landing, LaneWorld, type Texts } from "./lane-world.testsuite.ts";
import { merge } from "./merge.ts";
import { nameObject } from "./objects.ts";
import { needsMerge } from "./overlap.ts";
import { packTrees } from "./change.ts";
import { packObject } from "./pack.ts";
import type { MadeTrees } from "./trees.ts";
import { runA, type GroupAnswer } from "./trunk-steps.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let world: LaneWorld;
beforeAll(async () => void (world = await LaneWorld.make()));
afterAll(() => world.close());

/** Enough lines that git finds a file again which was moved and changed. */
const textOf = (name: string) => Array.from({ length: 12 }, (_, line) => `${name} ${line}\n`).join("");
const paths = ["a", "b", "d/a", "d/b", "d/e/a", "d/e/b", "f/a", "f/g/a", "f/g/h/a", "ü/ñ"];
const base: Texts = new Map(paths.map((path) => [path, textOf(path)]));

type Step =
  | { kind: "line"; at: number; line: number; text: string }
  | { kind: "remove"; at: number }
  | { kind: "move"; at: number; to: string }
  | { kind: "moveFolder"; from: string; to: string }
  | { kind: "add"; to: string; text: string }
  | { kind: "mode"; at: number };

const folders = ["d", "d/e", "f", "f/g", "n", "d/n", "f/g/h"];
const names = ["a", "b", "x", "e"];
const target = fc.oneof(
  fc.constantFrom(...names),
  fc.tuple(fc.constantFrom(...folders), fc.constantFrom(...names)).map(([folder, name]) => `${folder}/${name}`),
);
const index = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("line" as const),
      at: index,
      line: fc.nat(11),
      text: fc.constantFrom("x", "y"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), at: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("move" as const), at: index, to: target }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("moveFolder" as const),
      from: fc.constantFrom(...folders),
      to: fc.constantFrom(...folders, "z", "d/z"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      to: target,
      text: fc.constantFrom("new\n", "->a", textOf("other")),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("mode" as const), at: index }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 4 });

/** Puts a file somewhere; what stood in its way is gone. */
function put(files: Map<string, string>, path: string, text: string): void {
  for (const other of files.keys())
    if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) files.delete(other);
  files.set(path, text);
}

function after(before: Texts, made: Step[]): Map<string, string> {
  const files = new Map(before);
  for (const one of made) {
    const path = "at" in one ? [...files.keys()][one.at % Math.max(1, files.size)] : undefined;
    if (one.kind === "add") put(files, one.to, one.text);
    else if (one.kind === "moveFolder") {
      for (const [from, text] of [...files].filter(([name]) => name.startsWith(`${one.from}/`))) {
        files.delete(from);
        put(files, one.to + from.slice(one.from.length), text);
      }
    } else if (path !== undefined) apply(files, path, one);
  }
  return files;
}

function apply(files: Map<string, string>, path: string, one: Exclude<Step, { kind: "add" | "moveFolder" }>): void {
  const text = files.get(path) ?? "";
  if (one.kind === "mode") files.set(path, text.startsWith("#!") ? text.slice(2) : `#!${text}`);
  else if (one.kind === "line") {
    const lines = text.split("\n");
    lines[Math.min(one.line, lines.length - 1)] = one.text;
    files.set(path, lines.join("\n"));
  } else {
    files.delete(path);
    if (one.kind === "move") put(files, one.to, text);
  }
}

test("what is put onto the trunk path by path is what git merge-tree makes of it", async () => {
  const { store, trunk } = world;
  const from = await world.commit(world.root, new Map(), base);
  const baseTree = await store.trees.rootOf(from);
  const decided = { here: 0, byGit: 0 };
  const property = fc.asyncProperty(steps, steps, async (theirs, mine) => {
    const made: MadeTrees = new Map();
    const trunks = world.change(from, base, after(base, theirs));
    const trunkTree = await store.trees.edit(baseTree, trunks.folders, made);
    const change = world.change(from, base, after(base, mine));
    if (await needsMerge(store.trees, baseTree, trunkTree, change.folders)) return void decided.byGit++;
    decided.here++;
    const merged = await store.trees.edit(trunkTree, change.folders, made);
    const work = trunk.makeCommit(await store.trees.edit(baseTree, change.folders, made), [from], "work\n");
    const tip = trunk.makeCommit(trunkTree, [from], "trunk\n");
    const objects = [...trunks.objects, ...change.objects, ...packTrees(made), tip.object, work.object];
    await store.write(objects);
    expect(await merge(trunk, runA, tip.commit, work.commit)).toEqual({ clean: true, tree: merged });
  });
  await fc.assert(property, { numRuns: 300 });
  // Both ways are really taken.
  expect(Math.min(decided.here, decided.byGit)).toBeGreaterThan(30);
});

test("a group lands as its changes would one by one: the same answers, the same trees", async () => {
  const from = await world.commit(world.root, new Map(), base);
  const kinds = new Set<string>();
  const property = fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 5 }), async (workers) => {
    const changes = workers.map((made) => world.change(from, base, after(base, made)));
    const landings = changes.filter(({ edits }) => edits.size > 0).map((change, n) => landing(n + 1, change));
    const trees = async (answer: GroupAnswer, onto: Commit) => {
      if (answer.kind !== "settled") throw new Error("the branch moved");
      const listed = await world.git("log", "--reverse", "--format=%T%n%B", `${onto}..${answer.tip}`);
      return { listed, answers: answer.answers.map((one) => ({ ...one, commit: null })) };
    };
    await world.branchAt(from);
    const group = await trees(await world.land(from, landings), from);
    await world.branchAt(from);
    const alone: typeof group.answers = [];
    let tip = from;
    for (const one of landings) {
      const answer = await world.land(tip, [one]);
      if (answer.kind !== "settled") throw new Error("the branch moved");
      alone.push(...(await trees(answer, tip)).answers);
      tip = answer.tip;
    }
    expect(group.answers).toEqual(alone);
    expect(group.listed).toBe(await world.git("log", "--reverse", "--format=%T%n%B", `${from}..${tip}`));
    for (const { kind } of group.answers) kinds.add(kind);
  });
  // One that is contained, one that conflicts, and one that lands come of these; chance brings the rest.
  const line = (text: string): Step[] => [{ kind: "line", at: 0, line: 3, text }];
  await fc.assert(property, { numRuns: 30, examples: [[[line("x"), line("x"), line("y")]]] });
  expect([...kinds].toSorted()).toEqual(["conflict", "contained", "landed"]);
  await world.git("fsck", "--full", "--strict");
});

test("landings one by one leave few packs, and all of their objects", async () => {
  const from = await world.commit(world.root, new Map(), base);
  await world.branchAt(from);
  let tip = from;
  // Nothing leads to it, as to the work of a session that was kept.
  const body = Buffer.from("kept\n");
  const kept = nameObject("blob", body, from);
  await world.store.write([packObject("blob", kept, body)]);
  const count = laneLimits.packsMax + 20;
  for (let n = 1; n <= count; n++) {
    const change = world.change(from, base, new Map([...base, [`n/${n}`, `${n}\n`]]));
    const answer = await world.land(tip, [landing(n, change)]);
    if (answer.kind !== "settled") throw new Error("the branch moved");
    tip = answer.tip;
    await world.store.tidy();
  }
  const packs = await readdir(join(world.gitDir, "objects", "pack"));
  expect(packs.filter((name) => name.endsWith(".pack")).length).toBeLessThan(laneLimits.packsMax / 2);
  expect(await world.git("cat-file", "blob", kept)).toBe("kept");
  expect(await world.git("rev-list", "--count", `${from}..refs/heads/${runA}`)).toBe(String(count));
  expect((await world.git("ls-tree", "--name-only", `${tip}:n`)).split("\n").length).toBe(count);
  await world.git("fsck", "--full", "--strict");
});
