import { describe, expect, test } from "vitest";
import type { AcpPreset } from "../../domain/acp-preset.ts";
import { launchOf, type LaunchOrder } from "./launch.ts";

const preset: AcpPreset = {
  name: "An agent",
  install: "by hand",
  command: ["agent", "--in", "{workspace}"],
  env: { QUIET: "1", WINS: "preset" },
  envAsRoot: { AS_ROOT: "1" },
  sessionMeta: { vendor: { a: 1, list: ["{model}"] } },
  home: {
    env: { AGENT_HOME: "{home}" },
    whenOwn: true,
    links: { "auth.json": { variable: "AGENT_HOME", otherwise: ".agent", path: "login.json" } },
    files: { "settings.json": { quiet: true }, "plain.txt": "home is {home}" },
  },
  own: {
    env: { OWN: "1" },
    model: { args: ["--model", "{model}"], env: { MODEL: "{model}" } },
    passEnv: ["AGENT_KEY"],
    hosts: ["api.example", "$AGENT_URL"],
    authenticate: { AGENT_KEY: "key" },
  },
  metered: {
    wire: "anthropic",
    args: ["--base", "{url}/v1"],
    env: { TOKEN: "{token}", WINS: "metered" },
    sessionMeta: { vendor: { b: "{url}" } },
    files: { "settings.json": { models: { "{model}": { id: "{model}" } } } },
  },
  mode: null,
  title: null,
  tools: "mcp",
  toolPrefix: "",
  listsToolsEarly: true,
  memoryBytes: 1,
  resume: null,
  afterCancel: "goes_on",
  usage: { tokens: "none", cost: "none" },
  traps: [],
};

const launch = ({
  config,
  ...more
}: Omit<Partial<LaunchOrder>, "config"> & { config?: Partial<LaunchOrder["config"]> }) =>
  launchOf({
    config: { preset, env: {}, ownModel: null, ...config },
    environment: { PATH: "/bin", HOME: "/ada" },
    workspace: "/w",
    folder: "/s",
    metered: null,
    asRoot: false,
    confined: false,
    ...more,
  });
const metered = { url: "http://127.0.0.1:1", token: "t", model: "m" };

describe("what an agent is started with", () => {
  test("metered: pointed at the proxy, with a home of its own and no login", () => {
    const { argv, environment, meta, home, authenticate } = launch({ metered });
    expect(argv).toEqual(["agent", "--in", "/w", "--base", "http://127.0.0.1:1/v1"]);
    expect(environment).toEqual({
      PATH: "/bin",
      HOME: "/ada",
      QUIET: "1",
      AGENT_HOME: "/s/home",
      TOKEN: "t",
      WINS: "metered",
    });
    expect(meta).toEqual({ vendor: { a: 1, list: ["m"], b: "http://127.0.0.1:1" } });
    expect(home).toEqual({
      folder: "/s/home",
      files: {
        "settings.json": '{\n  "models": {\n    "m": {\n      "id": "m"\n    }\n  }\n}\n',
        "plain.txt": "home is /s/home",
      },
      links: [],
    });
    expect(authenticate).toBeNull();
  });

  test("with its own login: linked from where the operator has it", () => {
    const usual = launch({});
    expect(usual.home?.links).toEqual([{ at: "/s/home/auth.json", to: "/ada/.agent/login.json" }]);
    expect(usual.environment).toMatchObject({ OWN: "1", WINS: "preset", AGENT_HOME: "/s/home" });
    expect(usual.environment).not.toHaveProperty("MODEL");
    expect(usual.authenticate).toBeNull();
    const named = launch({ environment: { HOME: "/ada", AGENT_HOME: "/else" } });
    expect(named.home?.links).toEqual([{ at: "/s/home/auth.json", to: "/else/login.json" }]);
  });

  test("with its own key: authenticated, unless a login was linked", () => {
    const { authenticate } = launch({ environment: { HOME: "/ada", AGENT_KEY: "k" } });
    expect(authenticate).toEqual({ method: "key", unless: ["/s/home/auth.json"] });
  });

  test("with its own login and a model: as the preset says it", () => {
    const { argv, environment } = launch({ config: { ownModel: "big" } });
    expect(argv).toEqual(["agent", "--in", "/w", "--model", "big"]);
    expect(environment).toMatchObject({ MODEL: "big" });
  });

  test("a home that is the operator's with its own login stays so, but where it could not be seen", () => {
    const shared = { ...preset, home: { ...preset.home!, whenOwn: false } };
    const { environment, home } = launch({ config: { preset: shared } });
    expect(home).toBeNull();
    expect(environment).not.toHaveProperty("AGENT_HOME");
    expect(launch({ config: { preset: shared }, metered }).home?.folder).toBe("/s/home");
    expect(launch({ config: { preset: shared }, confined: true }).home).toMatchObject({
      folder: "/s/home",
      links: [{ at: "/s/home/auth.json", to: "/ada/.agent/login.json" }],
    });
  });

  test("what the configuration says of the environment counts most, and root gets what root needs", () => {
    const { environment } = launch({ config: { env: { WINS: "{workspace}", QUIET: "" } }, metered, asRoot: true });
    expect(environment).toMatchObject({ WINS: "/w", QUIET: "", AS_ROOT: "1" });
  });

  test.each([
    [undefined, ["api.example"], []],
    ["https://gate.example/v1", ["api.example", "gate.example"], []],
    ["https://gate.example:8443", ["api.example", "gate.example:8443"], []],
    ["http://127.0.0.1:8000/v1", ["api.example"], [8000]],
    ["http://localhost/v1", ["api.example"], []],
    ["http://localhost:11434/v1", ["api.example"], [11_434]],
    ["http://gate.example/v1", ["api.example"], []],
    ["https://10.0.0.1/v1", ["api.example"], []],
    ["no url", ["api.example"], []],
  ])("with its own login it gets where its preset says, and where the variable %j leads", (url, hosts, ports) => {
    const environment = { HOME: "/ada", ...(url !== undefined && { AGENT_URL: url }) };
    expect(launch({ environment }).ways).toEqual({ hosts, ports });
    expect(launch({ config: { env: url === undefined ? {} : { AGENT_URL: url } } }).ways).toEqual({ hosts, ports });
    expect(launch({ environment, metered }).ways).toEqual({ hosts: [], ports: [] });
  });

  test("braces that name nothing stay as they are", () => {
    expect(launch({ config: { env: { A: '{"a":{b}} {env:X}' } } }).environment["A"]).toBe('{"a":{b}} {env:X}');
  });
});
