import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { chooseNode, findPinned, neededMajor } from "../bin/choose-node.js";

const repository = dirname(import.meta.dirname);
const pinnedPackage = dirname(createRequire(import.meta.url).resolve("node/package.json"));

/** Prints what it was started with, and ends with 7. */
const report = `console.log(JSON.stringify({
  from: import.meta.url.endsWith("main.ts") ? "src" : "dist",
  major: Number(process.versions.node.split(".")[0]),
  arguments: process.argv.slice(2),
})); process.exitCode = 7;`;

type Longhaul = { folder: string; bin: string };

/** A copy of bin in a folder of its own, with these other files. */
function longhaul(files: Record<string, string>, options: { pinned: boolean } = { pinned: true }): Longhaul {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "longhaul-bin-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(repository, "bin"), join(folder, "bin"), { recursive: true });
  for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  if (options.pinned) {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(pinnedPackage, join(folder, "node_modules", "node"));
  }
  return { folder, bin: join(folder, "bin", "longhaul.js") };
}

function run(node: string, ...command: string[]): { code: number | null; signal: string | null; answer: unknown } {
  const { status, signal, stdout } = spawnSync(node, command, { encoding: "utf8" });
  return { code: status, signal, answer: stdout.startsWith("{") ? JSON.parse(stdout) : stdout };
}

describe("on a Node that is new enough", () => {
  test("a checkout runs its source, with the arguments and the exit code", () => {
    const { bin } = longhaul({ "src/cli/main.ts": report });
    expect(run(process.execPath, bin, "a", "--b")).toMatchObject({
      code: 7,
      answer: { from: "src", arguments: ["a", "--b"] },
    });
  });

  test("a published package runs what was built", () => {
    const { bin } = longhaul({ "dist/cli/main.js": report }, { pinned: false });
    expect(run(process.execPath, bin)).toMatchObject({ code: 7, answer: { from: "dist" } });
  });

  test("a checkout that was built runs its source all the same", () => {
    const { bin } = longhaul({ "dist/cli/main.js": report, "src/cli/main.ts": report });
    expect(run(process.execPath, bin)).toMatchObject({ answer: { from: "src" } });
  });

  test("an exported main is called, and returns the exit code", () => {
    const main = "export async function main(args: string[]): Promise<number> { return args.length; }";
    const { bin } = longhaul({ "src/cli/main.ts": main });
    expect(run(process.execPath, bin, "a", "b", "c")).toMatchObject({ code: 3 });
  });

  test("neither source nor build is said, not a stack trace", () => {
    const { bin } = longhaul({});
    const { status, stderr } = spawnSync(process.execPath, [bin], { encoding: "utf8" });
    expect([status, stderr]).toEqual([3, expect.stringContaining("longhaul is incomplete")]);
  });
});

describe("the choice of Node", () => {
  const pinned = { version: "24.21.0", path: "/pinned/node" };

  test.each(["v24.0.0", "v24.21.0", "v25.1.0", "v100.0.0", "v26.0.0-nightly"])("%s runs as it is", (version) =>
    expect(chooseNode({ version, path: "/usr/bin/node" }, pinned)).toEqual({ kind: "run" }),
  );

  test.each(["v14.21.3", "v20.20.2", "v22.22.0", "v23.11.1"])("%s hands over to the pinned one", (version) =>
    expect(chooseNode({ version, path: "/usr/bin/node" }, pinned)).toEqual({ kind: "run_with", path: pinned.path }),
  );

  test.each([
    ["there is none", null],
    ["it is too old itself", { ...pinned, version: "22.0.0" }],
    ["it is the running one", { ...pinned, path: "/usr/bin/node" }],
  ])("without a usable pinned one it refuses: %s", (_, candidate) => {
    const choice = chooseNode({ version: "v20.20.2", path: "/usr/bin/node" }, candidate);
    expect(choice).toMatchObject({ kind: "refuse" });
    const message = choice.kind === "refuse" ? choice.message : "";
    for (const part of ["v20.20.2", "/usr/bin/node", "Node 24 or newer", "https://nodejs.org", "npm ci"]) {
      expect(message).toContain(part);
    }
  });

  test("the pinned one is found beside the file, also through a link to it", () => {
    const { bin } = longhaul({});
    expect(findPinned(bin)?.path).toBe(realpathSync(join(pinnedPackage, "bin", "node")));
    expect(findPinned(longhaul({}, { pinned: false }).bin)).toBeNull();
  });

  test("what is needed is what package.json says", () => {
    const { engines } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    expect(engines.node).toBe(`>=${neededMajor}`);
  });
});

/** Real Nodes on PATH that are too old. None on some machines: there the choice alone is tested, above. */
const oldNodes = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => folder !== "" && !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .map((path) => ({ path, version: spawnSync(path, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "" }))
  .filter(({ version }) => version !== "" && chooseNode({ version, path: "" }, null).kind !== "run")
  .filter(({ version }, index, all) => all.findIndex((other) => other.version === version) === index);

describe.each(oldNodes)("on Node $version", ({ path: oldNode, version }) => {
  test("the pinned Node takes over, with the arguments and the exit code", () => {
    const { bin } = longhaul({ "src/cli/main.ts": report });
    expect(run(oldNode, bin, "a", "--b")).toMatchObject({
      code: 7,
      answer: { from: "src", major: neededMajor, arguments: ["a", "--b"] },
    });
  });

  test("also when longhaul is only linked to from elsewhere", () => {
    const { bin } = longhaul({ "src/cli/main.ts": report });
    const elsewhere = longhaul({}, { pinned: false });
    const link = join(elsewhere.folder, "longhaul");
    symlinkSync(bin, link);
    expect(run(oldNode, link)).toMatchObject({ code: 7, answer: { major: neededMajor } });
  });

  test("standard input and output are the child's", () => {
    const { bin } = longhaul({ "src/cli/main.ts": "process.stdin.pipe(process.stdout);" });
    expect(spawnSync(oldNode, [bin], { input: "through", encoding: "utf8" }).stdout).toBe("through");
  });

  test("a signal that ends the child ends the parent", () => {
    const { bin } = longhaul({
      "src/cli/main.ts": 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);',
    });
    expect(run(oldNode, bin)).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test("Ctrl-C reaches the child once and is its to answer; SIGTERM is passed on", async () => {
    const main = `
      process.on("SIGINT", () => console.log("interrupted"));
      process.on("SIGTERM", () => { console.log("terminated"); process.exit(5); });
      setInterval(() => {}, 1000);
      console.log("ready");`;
    const { bin } = longhaul({ "src/cli/main.ts": main });
    // A process group of its own, as a shell gives to a command; a terminal interrupts the group.
    const parent = spawn(oldNode, [bin], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => killGroup(parent));
    let output = "";
    parent.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise((resolve) => parent.once("close", (code, signal) => resolve({ code, signal })));
    await vi.waitUntil(() => output === "ready\n", { timeout: 20_000 });
    process.kill(-Number(parent.pid), "SIGINT");
    await vi.waitUntil(() => output.includes("interrupted"), { timeout: 20_000 });
    parent.kill("SIGTERM");
    expect(await ended).toEqual({ code: 5, signal: null });
    expect(output).toBe("ready\ninterrupted\nterminated\n");
  });

  test("without a pinned Node it says what is there, what is needed and how to get it", () => {
    const { bin } = longhaul({ "dist/cli/main.js": report }, { pinned: false });
    const { status, stdout, stderr } = spawnSync(oldNode, [bin], { encoding: "utf8" });
    expect([status, stdout]).toEqual([3, ""]);
    expect(stderr).toContain(`longhaul needs Node ${neededMajor} or newer; this is Node ${version}`);
    expect(stderr.split("\n").length).toBeLessThan(6);
  });
});

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-Number(child.pid), "SIGKILL");
  } catch {
    // Ended already, as it should have.
  }
}
