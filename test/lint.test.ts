/**
 * A ban that cannot fail is no ban: each rule of `.oxlintrc.json` that the design rests on is shown to fire, on files
 * planted in a copy of the configuration, and to leave alone what is legal.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const repository = dirname(import.meta.dirname);
const edges = ["store", "git", "processes", "agents", "sandbox", "server", "terminal", "telemetry"];

type Planted = { path: string; code: string; rule: string; says: string };

const arrows = (path: string, imports: string, says: string): Planted => ({
  path,
  code: `import "${imports}";`,
  rule: "no-restricted-imports",
  says,
});

const illegal: Planted[] = [
  arrows("src/domain/a.ts", "../engine/x.ts", "src/domain imports nothing outside itself"),
  arrows("src/domain/b.ts", "../store/x.ts", "src/domain imports nothing outside itself"),
  arrows("src/domain/c.ts", "../config.ts", "src/domain imports nothing outside itself"),
  arrows("src/domain/d.ts", "node:fs", "src/domain uses no packages and no node built-ins"),
  arrows("src/domain/e.ts", "path", "src/domain uses no packages and no node built-ins"),
  arrows("src/domain/f.ts", "zod", "src/domain uses no packages and no node built-ins"),
  arrows("src/domain/g.test.ts", "../engine/x.ts", "Tests of src/domain need nothing but src/domain"),
  arrows("src/engine/a.ts", "node:fs", "src/engine uses no packages but p-limit and no node built-ins"),
  arrows("src/engine/b.ts", "pg", "src/engine uses no packages but p-limit and no node built-ins"),
  arrows("src/engine/c.ts", "../config.ts", "Only src/cli reads the configuration"),
  arrows("src/engine/d.ts", "../cli/main.ts", "Nothing imports src/cli"),
  ...edges.map((edge) =>
    arrows(`src/engine/to-${edge}.ts`, `../${edge}/x.ts`, "src/engine imports only src/domain and itself"),
  ),
  arrows("src/engine/e.test.ts", "../store/x.ts", "Tests of src/engine use its ports and fakes"),
  ...edges.flatMap((edge) =>
    edges
      .filter((other) => other !== edge)
      .map((other) => arrows(`src/${edge}/to-${other}.ts`, `../${other}/x.ts`, "Edges never import each other")),
  ),
  ...edges.map((edge) => arrows(`src/${edge}/to-config.ts`, "../config.ts", "Only src/cli reads the configuration")),
  ...edges.map((edge) => arrows(`src/${edge}/to-cli.ts`, "../cli/main.ts", "Nothing imports src/cli")),
  arrows("src/agents/command/deep.ts", "../../git/x.ts", "Edges never import each other"),
  arrows("src/git/x.test.ts", "../store/x.ts", "Edges never import each other"),
  arrows("src/git/around.ts", "../../src/store/x.ts", "Edges never import each other"),
  arrows("src/git/dot.ts", "./../store/x.ts", "Edges never import each other"),
  arrows("src/config.ts", "./../src/cli/main.ts", "Nothing imports src/cli"),
  arrows("src/config/a.ts", "../engine/x.ts", "src/config knows what may be written"),
  arrows("src/git/deep-config.ts", "../config/x.ts", "Only src/cli reads the configuration"),
  arrows("test/a.test.ts", "../src/cli/main.ts", "Nothing imports src/cli"),
  arrows("bench/a.ts", "../src/cli/main.ts", "Nothing imports src/cli"),
  arrows("examples/a/cli.ts", "../../src/cli/main.ts", "Nothing imports src/cli"),
  arrows("examples/a/engine.ts", "../../src/engine/x.ts", "Examples run longhaul as its users do"),
  arrows("examples/a/config.ts", "../../src/config.ts", "Examples run longhaul as its users do"),
  arrows("examples/a/domain.ts", "../../src/domain/x.ts", "Examples import only types of src/domain"),
  ...[
    ["import-type", 'import type { X } from "../store/x.ts"; export type Y = X;'],
    ["re-export", 'export { x } from "../store/x.ts";'],
    ["re-export-all", 'export * from "../store/x.ts";'],
    ["dynamic-import", 'export const x = await import("../store/x.ts");'],
  ].map(([name, code]) => ({
    path: `src/git/${name}.ts`,
    code: String(code),
    rule: "no-restricted-imports",
    says: "Edges never import each other",
  })),
  {
    path: "src/git/type-expression.ts",
    code: 'export type X = import("../store/x.ts").X;',
    rule: "consistent-type-imports",
    says: "`import()` type annotations are forbidden",
  },
  ...["process.exit()", "fetch('x')", "setTimeout(f, 1)", "setInterval(f, 1)", "setImmediate(f)"].map((call, i) => ({
    path: `src/${i % 2 === 0 ? "domain" : "engine"}/global-${i}.ts`,
    code: `const f = () => 1; export const x = () => ${call}; f();`,
    rule: "no-restricted-globals",
    says: "only through the ports",
  })),
  {
    path: "src/engine/now.ts",
    code: "export const now = () => Date.now();",
    rule: "no-restricted-properties",
    says: "are told the time",
  },
  {
    path: "src/domain/random.ts",
    code: "export const random = () => Math.random();",
    rule: "no-restricted-properties",
    says: "handed their Random",
  },
  {
    path: "src/git/floating.ts",
    code: "const f = async () => 1; export function g() { f(); }",
    rule: "no-floating-promises",
    says: "Promises must be awaited",
  },
  {
    path: "src/git/misused.ts",
    code: "const f = async () => true; export const x = f() ? 1 : 2;",
    rule: "no-misused-promises",
    says: "non-Promise value",
  },
  {
    path: "src/git/switch.ts",
    code: "export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1; } return 2; }",
    rule: "switch-exhaustiveness-check",
    says: "not exhaustive",
  },
  { path: "src/git/any.ts", code: "export let x: any;", rule: "no-explicit-any", says: "Unexpected `any`" },
  { path: "src/git/console.ts", code: "console.log(1);", rule: "no-console", says: "console" },
  {
    path: "src/git/catch.ts",
    code: "export function f() { try { f(); } catch {} }",
    rule: "no-empty",
    says: "empty block",
  },
  {
    path: "src/git/disable.ts",
    code: "// oxlint-disable-next-line no-console\nexport const x = 1;",
    rule: "",
    says: "Unused oxlint-disable directive",
  },
];

const uses = (...paths: string[]): string => paths.map((path) => `export * from "${path}";`).join("\n");

const legal: Record<string, string> = {
  "src/domain/ok.ts": uses("./x.ts"),
  "src/domain/ok.test.ts": uses("vitest", "fast-check", "node:fs", "./x.ts"),
  "src/engine/ok.ts": uses("./x.ts", "../domain/x.ts"),
  "src/engine/ok.test.ts": uses("vitest", "./x.ts", "../domain/x.ts", "../../test/x.ts"),
  ...Object.fromEntries(
    edges.map((edge) => [`src/${edge}/ok.ts`, uses("node:fs", "kysely", "./x.ts", "../domain/x.ts", "../engine/x.ts")]),
  ),
  "src/agents/command/ok.ts": uses("../tools/x.ts", "../../domain/x.ts", "../../engine/x.ts"),
  "src/cli/ok.ts": uses("./x.ts", "../config.ts", ...edges.map((edge) => `../${edge}/x.ts`)) + "console.log(1);",
  "examples/a/ok.ts": 'import type { X } from "../../src/domain/x.ts"; export type Y = X; console.log(1);',
  "bench/ok.ts": uses("../src/store/x.ts") + "console.log(1);",
  "test/ok.test.ts": uses("../src/store/x.ts", "../src/git/x.ts") + "console.log(1);",
  "src/git/ok-catch.ts": "export function f() { try { f(); } catch { /* why */ } }",
};

const oxlint = dirname(createRequire(import.meta.url).resolve("oxlint/package.json"));
const isLinted = (name: string): boolean => ["src", "test", "bench", "examples"].includes(name);

type Diagnostic = { message: string; code?: string; help?: string; filename: string };

/** Lints the planted files in a temporary folder under the repository's own configuration. */
function lint(files: Record<string, string>): Diagnostic[] {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-lint-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const config of [".oxlintrc.json", "tsconfig.json"]) cpSync(join(repository, config), join(folder, config));
  symlinkSync(dirname(oxlint), join(folder, "node_modules"));
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(oxlint, "bin", "oxlint"), "--type-aware", "--format", "json", ...readdirSync(folder).filter(isLinted)],
    { cwd: folder, encoding: "utf8" },
  );
  if (!stdout.startsWith("{")) throw new Error(`oxlint did not lint: ${stdout}${stderr}`);
  return (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
}

test("each ban fires on what it is there for, with its reason", () => {
  const found = lint(Object.fromEntries(illegal.map(({ path, code }) => [path, code])));
  const notRefused = illegal.filter(
    ({ path, rule, says }) =>
      !found.some(
        ({ filename, code, message, help }) =>
          filename === path && (code ?? "").includes(rule) && `${message} ${help ?? ""}`.includes(says),
      ),
  );
  expect(notRefused).toEqual([]);
});

test("what is legal is left alone", () => {
  expect(lint(legal)).toEqual([]);
});

test("every folder of src has its arrows", () => {
  const config = readFileSync(join(repository, ".oxlintrc.json"), "utf8");
  const folders = readdirSync(join(repository, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !config.includes(`"src/${name}/**"`))).toEqual([]);
});
