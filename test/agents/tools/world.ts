/** A session's workspace with everything that tools need, all of it real: a git repository, processes, files. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { RunId, SessionId } from "../../../src/domain/ids.ts";
import type { Role } from "../../../src/domain/session.ts";
import { briefs } from "../../../src/agents/agent.testsuite.ts";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import { FileOutputs } from "../../../src/agents/tools/outputs.ts";
import { runTool } from "../../../src/agents/tools/run-tool.ts";
import type { ToolAnswer, ToolContext } from "../../../src/agents/tools/tool.ts";
import { toolsFor } from "../../../src/agents/tools/tools.ts";
import { livingWith } from "../../../src/processes/living.fixture.ts";
import { openProcesses } from "../../../src/processes/processes.ts";

const processes = openProcesses();
const folders: string[] = [];
afterAll(async () => {
  await processes.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export type World = {
  /** Holds the workspace and `outside`. */
  folder: string;
  workspace: string;
  /** A folder beside the workspace, which no tool may see. */
  outside: string;
  context: ToolContext;
  outputs: FileOutputs;
  printed: { text: string };
  /** Faults of ours; a test that expects none finds them thrown. */
  call(name: string, input: unknown, more?: Partial<ToolContext>): Promise<ToolAnswer>;
  write(path: string, content: string | Buffer): void;
  git(...args: string[]): string;
  gitWith(input: string, ...args: string[]): string;
  living(): number[];
};

function runGit(where: { cwd: string; env: NodeJS.ProcessEnv; input: string }, args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
  return execFileSync("git", [...identity, ...args], { ...where, encoding: "utf8" });
}

let sessions = 0;

export function openWorld(role: Role = "worker"): World {
  const folder = mkdtempSync(join(tmpdir(), "longhaul-tools-"));
  folders.push(folder);
  const [workspace, outside] = [join(folder, "workspace"), join(folder, "outside")];
  mkdirSync(workspace);
  mkdirSync(outside);
  const session = ++sessions as SessionId;
  const run = `tools-test-${process.pid}`;
  const outputs = new FileOutputs(join(folder, "outputs"));
  const printed = { text: "" };
  const environment = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: outside,
    LC_ALL: "C.UTF-8",
    LONGHAUL_RUN: run,
    LONGHAUL_SESSION: `s${session}`,
  };
  let calls = 0;
  const context: ToolContext = {
    run,
    session,
    role,
    call: "",
    workspace,
    folder: join(folder, "session"),
    groups: processes.groups,
    host: memoryHost(),
    brief: briefs(run as RunId, session, workspace, "")[role],
    environment,
    outputs,
    limits: { killGraceMs: 50 },
    signal: new AbortController().signal,
    onOutput: (text) => void (printed.text += text),
  };
  const gitWith = (input: string, ...args: string[]) => runGit({ cwd: workspace, env: environment, input }, args);
  gitWith("", "init", "-q");
  return {
    folder,
    workspace,
    outside,
    context,
    outputs,
    printed,
    git: (...args) => gitWith("", ...args),
    gitWith,
    async call(name, input, more = {}) {
      const bugs: unknown[] = [];
      const full = { ...context, call: `call-${++calls}`, ...more };
      const answer = await runTool(toolsFor(role), { name, input }, full, (error) => bugs.push(error));
      if (bugs.length > 0) throw new Error(`a fault of ours: ${answer.text}`, { cause: bugs[0] });
      return answer;
    },
    write(path, content) {
      mkdirSync(dirname(join(workspace, path)), { recursive: true });
      writeFileSync(join(workspace, path), content);
    },
    living: () =>
      livingWith(`LONGHAUL_SESSION=s${session}`).filter((pid) => livingWith(`LONGHAUL_RUN=${run}`).includes(pid)),
  };
}
