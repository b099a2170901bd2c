/** The house rules that no linter knows. Each rule is a function of its input, so that it is also shown to refuse. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import ratchet from "./size-ratchet.json" with { type: "json" };

const repository = dirname(import.meta.dirname);

/** What is committed or about to be: new files count before they are added. */
function files(): string[] {
  const list = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: repository,
    encoding: "utf8",
  });
  if (list.status !== 0) throw new Error(`git ls-files: ${list.stderr}`);
  return list.stdout.split("\0").filter((path) => path !== "" && existsSync(join(repository, path)));
}

const read = (path: string): string => readFileSync(join(repository, path), "utf8");
const isCode = (path: string): boolean => /\.(?:ts|tsx|js|mjs|cjs)$/.test(path);

// --- the environment ----------------------------------------------------------------------------------------

const environment =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[\s*["'`]env|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|\benv\b[^;]*from\s+["'](?:node:)?process["']/;

test("only src/config.ts reads the environment, and tests, which need the machine's PATH to find programs", () => {
  const readers = files().filter((path) => path.startsWith("src/") && isCode(path) && environment.test(read(path)));
  expect(readers.filter((path) => path !== "src/config.ts" && !/\.test(?:suite)?\.ts$/.test(path))).toEqual([]);
});

test.each([
  "process.env.HOME",
  "process?.env",
  'process["env"]',
  "const { env } = process;",
  'import { env } from "node:process";',
])("%s counts as reading the environment", (code) => expect(code).toMatch(environment));

test.each(["spawn(file, { env: order.environment })", "process.environment", "the environment of a process"])(
  "%s does not",
  (code) => expect(code).not.toMatch(environment),
);

// --- names --------------------------------------------------------------------------------------------------

/** As a word of the name, in any case: `run-utils.ts`, `SessionManager.ts`, `shared/x.ts`. */
const emptyName =
  /(?:^|[^a-z])(?:manager|managers|utils?|helpers?|common|shared)(?:[^a-z]|$)|[a-z](?:Manager|Utils?|Helpers?|Common|Shared)(?![a-z])/;
const hasEmptyName = (path: string): boolean =>
  path.split("/").some((name) => emptyName.test(name) || emptyName.test(name.toLowerCase()));

test("no file and no folder has a name that says nothing", () => {
  expect(files().filter(hasEmptyName)).toEqual([]);
});

test.each([
  "src/utils.ts",
  "src/git/git-helpers.ts",
  "src/common/x.ts",
  "web/SessionManager.tsx",
  "src/Shared.ts",
  "test/util/x.ts",
])("%s is refused", (path) => expect(hasEmptyName(path)).toBe(true));

test("a name that only contains such a word is fine", () => {
  expect(["src/commonmark.ts", "src/engine/managed.ts", "src/git/lane.ts"].filter(hasEmptyName)).toEqual([]);
});

// --- sizes --------------------------------------------------------------------------------------------------

const linesMax = 300;
const functionLinesMax = 60;

type Sizes = Record<string, number>;

/** Files that are too long, and functions that are too long (by file; the longest counts), as oxlint measures them. */
function oversized(folder: string, paths: string[]): { files: Sizes; functions: Sizes } {
  const config = join(mkdtempSync(join(tmpdir(), "longhaul-sizes-")), "oxlint.json");
  onTestFinished(() => rmSync(dirname(config), { recursive: true, force: true }));
  const rules = {
    "max-lines": ["error", { max: linesMax }],
    "max-lines-per-function": ["error", { max: functionLinesMax }],
  };
  // A test file's functions are its suites; its tests are held short by the file's length.
  const overrides = [{ files: ["**/*.test.ts", "**/*.testsuite.ts"], rules: { "max-lines-per-function": "off" } }];
  writeFileSync(config, JSON.stringify({ plugins: [], categories: { correctness: "off" }, rules, overrides }));
  const oxlint = join(dirname(createRequire(import.meta.url).resolve("oxlint/package.json")), "bin", "oxlint");
  const run = spawnSync(
    process.execPath,
    [oxlint, "--config", config, "--disable-nested-config", "--format", "json", ...paths],
    { cwd: folder, encoding: "utf8" },
  );
  if (!run.stdout.startsWith("{")) throw new Error(`oxlint did not measure: ${run.stdout}${run.stderr}`);
  const { diagnostics } = JSON.parse(run.stdout) as {
    diagnostics: { code: string; message: string; filename: string }[];
  };
  const sizes: { files: Sizes; functions: Sizes } = { files: {}, functions: {} };
  for (const { code, message, filename } of diagnostics) {
    const lines = Number(/\((\d+)\)/.exec(message)?.[1]);
    const kind = code.includes("max-lines-per-function")
      ? sizes.functions
      : code.includes("max-lines")
        ? sizes.files
        : null;
    if (kind === null || Number.isNaN(lines)) throw new Error(`unexpected answer of oxlint: ${code} ${message}`);
    kind[filename] = Math.max(kind[filename] ?? 0, lines);
  }
  return sizes;
}

test(`files have at most ${linesMax} lines and functions at most ${functionLinesMax}; the ratchet may only shrink`, () => {
  // Exactly equal: who shortens a file lowers its number too, so that it does not grow back.
  expect(oversized(repository, files().filter(isCode))).toEqual(ratchet);
});

const body = (lines: number): string => "  // line\n".repeat(lines);

test("what is too long is found", () => {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-long-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "long.ts"), "// line\n".repeat(linesMax + 1));
  writeFileSync(join(folder, "just-right.ts"), `export function f() {\n${body(functionLinesMax - 2)}}\n`);
  writeFileSync(join(folder, "function.ts"), `export function f() {\n${body(functionLinesMax - 1)}}\n`);
  writeFileSync(join(folder, "arrow.ts"), `export const f = () => {\n${body(80)}};\n`);
  writeFileSync(join(folder, "method.ts"), `export class A {\n  m() {\n${body(90)}  }\n}\n`);
  writeFileSync(join(folder, "suite.test.ts"), `describe("s", () => {\n${body(100)}});\n`);
  expect(oversized(folder, ["."])).toEqual({
    files: { "long.ts": 301 },
    functions: { "function.ts": 61, "arrow.ts": 82, "method.ts": 92 },
  });
});

// --- dependencies -------------------------------------------------------------------------------------------

const isExact = (version: string): boolean => /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version);

test("every dependency is pinned to one version", () => {
  const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
  const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  const versions = kinds.flatMap((kind) => Object.entries((manifest[kind] ?? {}) as Record<string, string>));
  expect(versions.length).toBeGreaterThan(0);
  expect(versions.filter(([, version]) => !isExact(version))).toEqual([]);
});

test("what is not one version is refused", () => {
  const loose = [
    "^1.2.3",
    "~1.2.3",
    "1.x",
    "*",
    "latest",
    "",
    ">=1.0.0",
    "1.2.3 || 2.0.0",
    "npm:x@1.2.3",
    "git+ssh://x",
  ];
  expect(loose.filter(isExact)).toEqual([]);
  expect(["1.2.3", "18.4.0-beta.17"].filter(isExact)).toHaveLength(2);
});

test("the lock file names no place to download from", () => {
  expect(read("package-lock.json")).not.toMatch(/"resolved"/);
  expect(read("package-lock.json")).toMatch(/"integrity"/);
});

// --- places -------------------------------------------------------------------------------------------------

/** Names of people's machines and of package registries: they are of no use to anybody else. */
function places(text: string, ownPlaces: string[]): string[] {
  const found = [
    /\/home\/(?!(?:user|me|you|node|agent)\b)[a-z][\w-]*\//,
    /\/Users\/(?!(?:user|me|you)\b)[A-Za-z][\w-]*\//,
    /[A-Z]:\\+Users\\+\w+/,
    /(?:https?:)?\/\/[^\s"'`/]*(?:registry|artifactory|nexus|verdaccio|npm-?proxy|mirror)[^\s"'`/]*/i,
    /\bregistry\.[a-z-]+\.[a-z]{2,}\b/i,
    /^\s*(?:@[\w-]+:)?registry\s*=/m,
    /_auth(?:Token)?\s*=/,
  ].flatMap((pattern) => pattern.exec(text)?.[0] ?? []);
  return [...found, ...ownPlaces.filter((place) => text.includes(place))];
}

/** Where this very checkout and its user live, unless that is a name which anybody may write ("/", "/app"). */
const ownPlaces = [repository, `${homedir()}/`].filter((place) => place.split("/").filter(Boolean).length > 1);

test("no committed file names a developer's machine or a package registry", () => {
  const named = files()
    .filter((path) => path !== "test/tidy.test.ts")
    .flatMap((path) => places(read(path), ownPlaces).map((place) => `${path}: ${place}`));
  expect(named).toEqual([]);
});

test.each([
  "see /home/alice/longhaul/src",
  "/Users/Bob/dev/",
  "C:\\Users\\Carol",
  "https://registry.example.org/x",
  "//npm-registry.internal:4873/",
  "http://user@nexus.corp/repository",
  "registry.example.org",
  "registry = x",
  "@scope:registry=x",
  "//x/:_authToken=x",
  "cd /opt/alice/checkout/src",
])("%s is refused", (text) => expect(places(text, ["/opt/alice/checkout"])).not.toEqual([]));

test.each([
  "/abs/path/plan.ts",
  "/home/user/project/",
  "a registry of agents",
  "https://example.org",
  "registry.get(name)",
])("%s is fine", (text) => expect(places(text, ["/opt/alice/checkout"])).toEqual([]));
