/** Threats 6 and 7: what the operator has and agents must not: keys in the environment, files of the home, the run's own state. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ToolResult } from "../fake-model/brain.ts";
import { bash, judge, once, planner, submitted, worker, writes } from "../e2e/model-brains.ts";
import { configureModels, keys, makeModelWorld, stored } from "../e2e/model-world.ts";
import { landings, type World } from "../e2e/world.ts";

const canary = "canary-of-the-operator";

/** Everything below a folder, byte by byte. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}

const lookEverywhere =
  "env; tr '\\0' '\\n' < /proc/self/environ; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; set; echo looked";

test("a secret of the environment is nowhere: not in a program's, not in logs, transcripts, the store, the trunk", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "look" }] })),
      worker(() => [
        bash(`{ ${lookEverywhere}; } > seen.txt 2>&1; cat seen.txt; echo first`, /looked/),
        writes("done.txt", "done"),
        submitted,
      ]),
      judge(lookEverywhere, () => ({ verdict: "achieved", summary: "It is there." })),
    ],
  });
  const { world } = at;
  for (const name of ["DATABASE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN", "MY_VARIABLE"])
    world.environment[name] = canary;
  world.environment["SSH_AUTH_SOCK"] = `/tmp/${canary}`;
  configureModels(at, {
    sandbox: "auto",
    roles: { judge: { model: "openai/gpt-5.4" } },
    acceptance: [`${lookEverywhere} 2>&1`],
    checks: [`${lookEverywhere} 2>&1`],
  });
  const { code, run, stdout, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(landings(world, run)).toHaveLength(1);
  const rows = await stored(world);
  const logs = await Promise.all(rows("sessions").map(({ id }) => world.longhaul("logs", `s${String(id)}`)));
  const told = [
    stdout,
    stderr,
    world.git("log", "-p", `longhaul/${run}`),
    (await world.longhaul("export")).stdout,
    (await world.longhaul("status", "--json")).stdout,
    (await world.longhaul("events", "--json")).stdout,
    ...logs.map((log) => log.stdout),
  ].join("\n");
  expect(told).toContain("looked"); // What they looked at is there to be searched.
  const secrets = [canary, ...Object.values(keys)];
  expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  expect(secrets.flatMap((secret) => filesWith(world.path("repository"), secret))).toEqual([]);
});

/** Paths that lead out, for tools that take one. */
const outside = (world: World): string[] => [
  "~/.npmrc",
  world.path("home/.npmrc"),
  world.path("home/.ssh/id_test"),
  "../../../../../home/.npmrc",
  "/proc/self/environ",
  world.path("repository/.longhaul/longhaul.db"),
  "../../../longhaul.db",
  ".git/../../../../longhaul.db",
  world.path("repository/README.md"),
];

test("tools that run in the engine itself reach no file of the operator, nor the run's own state", async () => {
  const results: ToolResult[] = [];
  const tries: { world: World | null } = { world: null };
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "look" }] })),
      worker((_, view) => {
        results.push(...view.newToolResults);
        if (!tries.world) throw new Error("the world is not made yet");
        const [first = ""] = outside(tries.world);
        const looks = outside(tries.world).flatMap((path, n) => [
          { tool: "read_file", args: { path } },
          { tool: "list_files", args: { path: n === 0 ? "~" : join(path, "..") } },
          { tool: "search", args: { pattern: "canary|SQLite", path } },
          { tool: "git", args: { args: ["diff", "--no-index", "/dev/null", path] } },
          { tool: "write_file", args: { path, content: "changed" } },
          { tool: "edit_file", args: { path, edits: [{ old: "canary", new: "changed" }] } },
        ]);
        const done = view.toolResults.length;
        const next = looks[done];
        return next
          ? [once(next.tool, next.args, /never so/)]
          : [writes("done.txt", first === "" ? "" : "done"), submitted];
      }),
    ],
  });
  const { world } = at;
  tries.world = world;
  world.write("home/.npmrc", `token = ${canary}\n`);
  world.write("home/.ssh/id_test", canary);
  configureModels(at, { sandbox: "auto" });
  const { code, stderr } = await world.finishRun();
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(results.length).toBeGreaterThanOrEqual(outside(world).length * 6);
  const looked = results.slice(0, outside(world).length * 6);
  expect(looked.filter(({ text }) => /canary-of|SQLite format|# A project/.test(text))).toEqual([]);
  expect(readFileSync(world.path("home/.npmrc"), "utf8")).toContain(canary);
  expect(readFileSync(world.path("repository/README.md"), "utf8")).toBe("# A project\n");
});
