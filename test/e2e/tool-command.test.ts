/** A whole run by shell scripts that know of Longhaul nothing but `longhaul tool`. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { landings, makeWorld, type World } from "./world.ts";

/** The examples of the docs, as they stand there. */
function scriptOfDocs(role: string): string {
  const docs = readFileSync(join(import.meta.dirname, "..", "..", "docs", "command-agents.md"), "utf8");
  const script = new RegExp(`\`\`\`sh\\n(#!/bin/sh\\n# ${role}\\.sh\\n.*?)\`\`\``, "s").exec(docs)?.[1];
  if (script === undefined) throw new Error(`docs/command-agents.md has no ${role}.sh`);
  return script;
}

function configure(world: World, scripts: { [role: string]: string }): void {
  for (const [role, script] of Object.entries(scripts)) {
    world.write(`${role}.sh`, script);
    chmodSync(world.path(`${role}.sh`), 0o755);
  }
  const names = Object.keys(scripts);
  const agents = Object.fromEntries(names.map((role) => [role, { command: [world.path(`${role}.sh`)] as [string] }]));
  // They note beside the repository what the test looks at. As they stand they run confined in sandbox.test.ts.
  world.writeConfig({ sandbox: "none", agents, roles: { planner: "planner", worker: "worker", judge: "judge" } });
}

test("the scripts of the docs plan, edit, submit and judge", async () => {
  const world = makeWorld();
  const keep = (script: string) =>
    script.replace("#!/bin/sh\n", `#!/bin/sh\necho "$LONGHAUL_TOOLS_TOKEN" >> ${world.path("tokens")}\n`);
  configure(world, {
    planner: keep(scriptOfDocs("planner")),
    worker: keep(scriptOfDocs("worker")),
    judge: keep(scriptOfDocs("judge")),
  });
  const { code, run, stdout, stderr } = await world.finishRun();
  expect(stderr).toContain("achieved");
  expect(code).toBe(0);
  expect((await world.tasks()).map(({ name, status }) => [name, status])).toEqual([["greeting", "landed"]]);
  expect(landings(world, run).map(({ subject }) => subject)).toEqual(["Greet"]);
  expect(world.git("show", `longhaul/${run}:greeting.txt`)).toBe("Hello");

  const tokens = readFileSync(world.path("tokens"), "utf8").trim().split("\n");
  expect(new Set(tokens).size).toBe(tokens.length);
  const records = [stdout, stderr, (await world.longhaul("export")).stdout];
  for (const session of ["s1", "s2", "s3"]) records.push((await world.longhaul("logs", session)).stdout);
  for (const token of tokens) for (const record of records) expect(record).not.toContain(token);
  expect(records.join("\n")).toContain("[submit] Submitted.");
});

test("a planner that prints a plan as well, and one that ends without a word", async () => {
  const world = makeWorld();
  const make = (name: string) => JSON.stringify({ tasks: [{ name, title: name, instructions: "" }] });
  configure(world, {
    planner: `#!/bin/sh
if [ -e ${world.path("planned")} ]; then longhaul tool end_turn || echo '{"actions": []}'; exit; fi
if [ ! -e ${world.path("failed")} ]; then
  : > ${world.path("failed")}
  longhaul tool create_tasks --json '${make("first")}' >&2
  exit 0
fi
: > ${world.path("planned")}
longhaul tool create_tasks --json '${make("second")}' >&2
longhaul tool end_turn >&2
echo '{"actions": [{"type": "create_task", "name": "third", "title": "third"}]}'
`,
    worker: `#!/bin/sh\necho x > "$LONGHAUL_SESSION.txt"\n`,
    judge: "#!/bin/sh\ntest $(ls *.txt | wc -l) -eq 3\n",
  });
  const { code, stderr } = await world.finishRun();
  expect(code).toBe(0);
  expect(stderr).toContain("calls end_turn or finish_scope");
  expect((await world.tasks()).map(({ name }) => name).toSorted()).toEqual(["first", "second", "third"]);
});
