/** What is found, in words and states: the parts that look at nothing. */
import { describe, expect, test } from "vitest";
import type { AcpAgentConfig, AgentConfig, RunConfig } from "../../domain/run-config.ts";
import { commandAgent, configDefaults } from "../../domain/run-config.ts";
import { acpLimits } from "../../domain/limits.ts";
import { acpPresets } from "../../config/acp-presets.ts";
import { EnvironmentError } from "../../domain/environment-error.ts";
import { allRoles } from "../../domain/session.ts";
import { repositoryFindings } from "./here.ts";
import { fitting, machineFindings } from "./machine.ts";
import { modelFindings } from "./models.ts";
import { passwordsIn, serverOf, storageFindings } from "./storage.ts";
import { trialFinding, trialSubjects } from "./trial-findings.ts";

const mb = 2 ** 20;
const codex = acpPresets["codex"]!;

function acp(more: Partial<AcpAgentConfig> = {}): AgentConfig & { kind: "acp" } {
  const ofAll = { roles: allRoles, description: "" };
  const config = { name: "codex", preset: codex, model: null, ownModel: null, env: {}, passEnv: [], costMicroUsd: 0 };
  return { kind: "acp", ...config, ...more, ...ofAll };
}

const configOf = (agents: RunConfig["agents"], more: Partial<RunConfig> = {}): RunConfig => ({
  ...configDefaults,
  directory: "/",
  agents,
  roles: { planner: "p", worker: "w", arbiter: null, judge: null },
  ...more,
});

describe("repository", () => {
  const at = { topLevel: "/repo", gitDir: "/repo/.git", commonDir: "/repo/.git" };

  test("what a run would not see is doubtful, and no fault", () => {
    const head = { commit: null, dirty: 2 };
    expect(repositoryFindings({ repository: at, head }).map(({ state }) => state)).toEqual([
      "good",
      "good",
      "doubtful",
    ]);
  });

  test("a fault has its own mend", () => {
    const fault = new EnvironmentError("/x", "this is a bare repository", "Clone it.");
    expect(repositoryFindings({ repository: fault, head: null })).toEqual([
      {
        group: "repository",
        name: "folder",
        state: "lacking",
        found: "/x: this is a bare repository",
        mend: "Clone it.",
      },
    ]);
  });
});

describe("storage", () => {
  test.each([
    ["postgres://ada:secret@db.example:5433/runs?sslmode=require", "postgres://db.example:5433/runs"],
    ["postgresql:///runs?password=secret", "postgresql:///runs"],
    ["secret", "which is no address"],
  ])("of %s no password is told", (url, shown) => {
    expect(serverOf(url)).toBe(shown);
    const [finding] = storageFindings({ kind: "server", url, age: "current" });
    expect(finding).toMatchObject({ state: "good", found: shown });
  });

  test("a password is known as it is written and as it is meant", () => {
    expect(passwordsIn("postgres://ada:a%20b@h/d")).toEqual(["postgres://ada:a%20b@h/d", "a%20b", "a b"]);
    expect(passwordsIn("postgres://h/d")).toEqual(["postgres://h/d"]);
  });
});

describe("machine", () => {
  const machine = {
    disk: { path: "/repo", freeBytes: 2 ** 33 },
    memory: { freeBytes: acpLimits.freeBytesMin + 350 * mb, totalBytes: 2 ** 34 },
    processors: 4,
  };

  test("memory that stays free is not given out", () => {
    expect(fitting(acpLimits.freeBytesMin + 350 * mb, 100 * mb)).toBe(3);
    expect(fitting(0, 100 * mb)).toBe(0);
  });

  test("fewer agents than wanted are doubtful; agents without a role and other programs are not counted", () => {
    const config = configOf(
      { p: commandAgent("true"), w: acp(), spare: acp() },
      { parallel: { workers: 4, planners: 4 } },
    );
    const rooms = machineFindings(machine, config).filter(({ name }) => name.startsWith("room"));
    expect(rooms).toMatchObject([
      { name: "room: codex", state: "doubtful", found: expect.stringMatching(/^3 fit .* 4 run/) },
    ]);
    const fewer = { ...config, parallel: { workers: 3, planners: 4 } };
    expect(machineFindings(machine, fewer).every(({ state }) => state === "good")).toBe(true);
  });

  test("a disk that is nearly full is doubtful", () => {
    const [disk] = machineFindings({ ...machine, disk: { path: "/repo", freeBytes: mb } }, null);
    expect(disk).toMatchObject({ state: "doubtful", found: "1 MB free at /repo" });
  });
});

describe("models", () => {
  const keys = [{ provider: "openai", keyEnvs: ["OPENAI_API_KEY"], set: null }];
  const nobody = { baseUrl: "http://127.0.0.1:11434/v1", models: null };

  test("what nobody uses may be missing; what somebody uses is named with its users", () => {
    const unused = modelFindings({ keys, ollama: nobody, used: [] });
    expect(unused.map(({ name, state }) => [name, state])).toEqual([
      ["openai", "absent"],
      ["ollama", "absent"],
    ]);
    const own = { name: "vllm", baseUrl: "http://ada:pw@10.0.0.1:8000/v1", key: null, agents: ["worker"] };
    const ollama = { name: "ollama", baseUrl: nobody.baseUrl, key: null, agents: ["judge"] };
    const openai = {
      name: "openai",
      baseUrl: "https://api.openai.com/v1",
      key: { variable: "OPENAI_API_KEY", isSet: false },
      agents: ["planner"],
    };
    const used = modelFindings({ keys, ollama: nobody, used: [own, ollama, openai] });
    expect(used).toMatchObject([
      { name: "openai", state: "doubtful", found: "OPENAI_API_KEY is not set; used by planner at api.openai.com" },
      { name: "vllm", state: "good", found: "no key needed; used by worker at 10.0.0.1:8000" },
      { name: "ollama", state: "doubtful", mend: "Start it: ollama serve." },
    ]);
  });
});

describe("trials", () => {
  test("what would be started alike is started once, and a preset only when no agent uses it", () => {
    const installed = [
      { name: "codex", config: acp() },
      { name: "claude-code", config: acp({ name: "claude-code" }) },
    ];
    const agents = { p: acp(), w: acp({ costMicroUsd: 5 }), dear: acp({ model: "openai/gpt" }) };
    expect(trialSubjects(configOf(agents), installed).map(({ name, needed }) => [name, needed])).toEqual([
      ["p, w", true],
      ["dear", false],
      ["claude-code", false],
    ]);
    expect(trialSubjects(null, installed).map(({ name }) => name)).toEqual(["codex", "claude-code"]);
  });

  test("what a run needs lacks; what nobody needs does not", () => {
    const trial = { kind: "failed", detail: "it ended" } as const;
    const stateOf = (needed: boolean) =>
      trialFinding({ subject: { name: "a", needed, config: acp() }, trial, withModel: null }).state;
    expect([stateOf(true), stateOf(false)]).toEqual(["lacking", "doubtful"]);
  });

  test("without a login it is said how to get one, and whether a model would do", () => {
    const ready = { kind: "ready", readyMs: 1_200, memoryBytes: 61 * mb, tools: "listed" } as const;
    const subject = { name: "codex", needed: false, config: acp() };
    const trial = { kind: "not_logged_in" } as const;
    expect(trialFinding({ subject, trial, withModel: ready })).toEqual({
      group: "trials",
      name: "codex",
      state: "absent",
      found: "works with a model (metered), not logged in",
      mend: 'Log in with its own program, or set CODEX_API_KEY or OPENAI_API_KEY, or give it a model in the configuration (model: "provider/name").',
    });
    expect(trialFinding({ subject, trial, withModel: { kind: "failed", detail: "x" } }).found).toBe("not logged in");
    expect(trialFinding({ subject, trial: ready, withModel: null }).found).toBe(
      "ready in 1.2s, 61 MB, has seen our tools, its login is first tried by a task",
    );
  });
});
