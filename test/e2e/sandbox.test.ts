/** Whole runs whose programs are confined: what agents need works, and what they must not reach, they do not. */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bash, planner, submitted, worker, writes } from "./model-brains.ts";
import { configureModels, makeModelWorld } from "./model-world.ts";
import { landings, makeWorld, type World } from "./world.ts";

const canary = "canary-of-the-operator";

/** Notes land with the work: there is no other way out. */
const attacks = (world: World) =>
  [
    "cat ~/.ssh/id_test",
    `cat ${world.path("repository")}/.longhaul/*.db`,
    `ls ${world.path("repository")}`,
    "ls ../",
    "tr '\\0' '\\n' < /proc/1/environ; cat /proc/[0-9]*/environ",
    `cat ${world.path("secret")}`,
    "echo x > /proc/sys/kernel/hostname",
    `echo changed > ${world.path("secret")}`,
    "(exec 3<>/dev/tcp/127.0.0.1/22) && echo reached",
    "getent hosts example.org && echo resolved",
    'git -C "$(git rev-parse --git-dir)" config --get-all x; git log --oneline',
  ].join("; ");

function scriptOfDocs(role: string): string {
  const docs = readFileSync(join(import.meta.dirname, "..", "..", "docs", "command-agents.md"), "utf8");
  const script = new RegExp(`\`\`\`sh\\n(#!/bin/sh\\n# ${role}\\.sh\\n.*?)\`\`\``, "s").exec(docs)?.[1];
  if (script === undefined) throw new Error(`docs/command-agents.md has no ${role}.sh`);
  return script;
}

function confinedScripts(world: World, scripts: { planner: string; worker: string; judge: string }): void {
  world.write("home/.ssh/id_test", canary);
  world.write("secret", canary);
  for (const [role, script] of Object.entries(scripts)) {
    world.write(`scripts/${role}.sh`, script);
    chmodSync(world.path(`scripts/${role}.sh`), 0o755);
  }
  const agentOf = (role: string) => ({ command: [world.path(`scripts/${role}.sh`)] as [string] });
  world.writeConfig({
    agents: { planner: agentOf("planner"), worker: agentOf("worker"), judge: agentOf("judge") },
    roles: { planner: "planner", worker: "worker", judge: "judge" },
    acceptance: ["test -e greeting.txt && git log --oneline | grep -q Start"],
  });
}

test("the scripts of the docs plan, edit, submit and judge, and what they may not see they do not", async () => {
  const world = makeWorld();
  const script = scriptOfDocs("worker").replace(
    "#!/bin/sh\n",
    `#!/bin/sh\n{ bash -c '${attacks(world).replaceAll("'", `'\\''`)}'; } > seen.txt 2>&1\n`,
  );
  confinedScripts(world, { planner: scriptOfDocs("planner"), worker: script, judge: scriptOfDocs("judge") });
  const { code, run, stderr } = await world.finishRun();
  expect(stderr).toContain("achieved");
  expect(code).toBe(0);
  expect(landings(world, run).map(({ subject }) => subject)).toEqual(["Greet"]);
  const seen = world.git("show", `longhaul/${run}:seen.txt`);
  expect(seen).not.toMatch(/canary|SQLite|reached|resolved|README/);
  expect(seen).toContain("Start");
  expect(readFileSync(world.path("secret"), "utf8")).toBe(canary);
  expect((await world.longhaul("status")).stdout).not.toContain("not confined");
});

test("a model's commands are confined, and its /tmp lasts from one to the next", async () => {
  const attack = { command: "" };
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "look" }] })),
      worker(() => [
        writes("look.txt", "x"),
        bash(`{ ${attack.command}; } > seen.txt 2>&1; echo kept > /tmp/kept; echo first`, /^first/),
        bash("cat /tmp/kept > kept.txt; echo second", /^second/),
        submitted,
      ]),
    ],
  });
  const { world } = at;
  attack.command = attacks(world);
  world.write("home/.ssh/id_test", canary);
  world.write("secret", canary);
  configureModels(at);
  const { code, run } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("show", `longhaul/${run}:kept.txt`)).toBe("kept");
  expect(world.git("show", `longhaul/${run}:seen.txt`)).not.toMatch(/canary|SQLite|reached|resolved|README/);
  expect(existsSync(world.path(`repository/.longhaul/sessions/${run}`))).toBe(false);
});

test("without a sandbox nothing begins, and what was chosen instead is recorded and shown", async () => {
  const world = makeWorld();
  confinedScripts(world, {
    planner: scriptOfDocs("planner"),
    worker: scriptOfDocs("worker"),
    judge: scriptOfDocs("judge"),
  });
  const git = world.git("--exec-path").replace(/\/libexec.*|\/lib\/.*/, "/bin");
  world.environment["PATH"] = `${world.path("few")}:${join(process.execPath, "..")}`;
  world.write("few/git", `#!/bin/sh\nPATH=${git}:/usr/bin:/bin exec git "$@"\n`);
  chmodSync(world.path("few/git"), 0o755);
  const args = ["run", "Do it", "--config", world.path("longhaul.config.json")];
  const refused = await world.longhaul(...args);
  expect([refused.code, refused.stderr]).toEqual([
    3,
    expect.stringMatching(/no program bwrap in PATH[\s\S]*--sandbox=none/),
  ]);
  expect(existsSync(world.path("repository/.longhaul"))).toBe(false);

  world.environment["PATH"] = process.env["PATH"];
  expect((await world.longhaul(...args, "--sandbox=none")).code).toBe(0);
  for (const shown of [await world.longhaul("status"), await world.longhaul("logs", "s1")])
    expect(shown.stdout).toContain("not confined");
});
