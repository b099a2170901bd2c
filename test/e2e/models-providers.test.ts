/** Providers in trouble: what rests, and until when, is said and waited for; what only the operator can mend stops the run. */
import { expect, onTestFinished, test } from "vitest";
import { startFakeModel } from "../fake-model/server.ts";
import { Hold, holding } from "./model-kills.ts";
import { planner, submitted, worker, writes } from "./model-brains.ts";
import { configureModels, keys, makeModelWorld, providersAt, stored } from "./model-world.ts";
import { until } from "./until.ts";
import { landings } from "./world.ts";

const oneTask = [
  planner(() => ({ tasks: [{ name: "one" }] })),
  worker((task) => [writes(`${task}.txt`, task), submitted]),
];

test("a credential that is told to wait for an hour is left alone, and the others go on", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "here" }, { name: "there", agent: "other" }] })),
      worker((task) => [writes(`${task}.txt`, task), submitted]),
    ],
  });
  const { world, model } = at;
  configureModels(at, {
    agents: { other: { model: "openai/gpt-5.4", roles: ["worker"] } },
    limits: { pollMs: 50 },
  });
  model.faults.add({
    fault: { kind: "rate-limit", retryAfter: { form: "seconds", ms: 3_600_000 } },
    where: { credential: "openai" },
  });
  const engine = await world.startRun();
  await engine.says(/provider openai rests for (?:1h|60 ?m|59 ?m)[^:]*: openai\/gpt-5\.4: 429/);
  await engine.says(/attempt s\d+ of t\d+ "Do there" goes on in \S+ ?\S*: put aside/);
  await engine.says(/"Do here" landed/);
  expect(model.traffic.counters("openai")).toMatchObject({ running: 0, requests: 1 });
  expect((await world.longhaul("status")).stdout).toMatch(/openai rests for another [\dhms ]+; 1 session waits/);
  // Somebody who knows better resumes: what was known of the credential is forgotten, and the same session goes on.
  model.faults.clear();
  engine.interrupt();
  expect(await engine.ended).toMatchObject({ code: 130 });
  expect(await world.longhaul("resume")).toMatchObject({ code: 0 });
  expect(landings(world, engine.run)).toHaveLength(2);
  const attempts = (await stored(world))("sessions").filter(({ kind }) => kind === "attempt");
  expect(attempts).toHaveLength(2);
});

test.each([
  ["anthropic", "claude-sonnet-5", "KEY_ANTHROPIC"],
  ["openai", "gpt-5.4", "KEY_OPENAI"],
  ["google", "gemini-2.5-pro", "KEY_GOOGLE"],
  ["local", "qwen3-coder", "KEY_LOCAL"],
] as const)("%s: a key that is refused pauses the run with exit 3 and is named", async (provider, id, variable) => {
  const at = await makeModelWorld({ brains: oneTask });
  const { world, model } = at;
  const named = { model: `${provider}/${id}` };
  configureModels(at, { roles: { worker: named, planner: named } });
  world.environment[variable] = "a-canary-of-no-use";
  const ended = await world.finishRun();
  expect(ended.code).toBe(3);
  expect(ended.stderr).toContain(`(the key in ${variable})`);
  expect(ended.stdout + ended.stderr).not.toContain("a-canary-of-no-use");
  expect(model.ledger.entries()).toHaveLength(1); // Nobody tries it again.
  world.environment[variable] = keys[provider];
  expect(await world.longhaul("resume")).toMatchObject({ code: 0 });
});

test("a model that does not exist pauses the run with exit 3 and is named", async () => {
  const at = await makeModelWorld({ brains: oneTask, models: [{ id: "claude-sonnet-5" }] });
  const { world, model } = at;
  configureModels(at, { roles: { worker: { model: "openai/gpt-0" } } });
  const ended = await world.finishRun();
  expect(ended.code).toBe(3);
  expect(ended.stdout).toMatch(/openai\/gpt-0: 404/);
  expect(model.ledger.entries({ model: "gpt-0" })).toHaveLength(1);
  configureModels(at);
  expect(await world.longhaul("resume", "--config", world.path("longhaul.config.json"))).toMatchObject({ code: 0 });
});

test("an exhausted quota puts the sessions aside until it is there again", async () => {
  const at = await makeModelWorld({ brains: oneTask });
  const { world, model } = at;
  configureModels(at);
  model.faults.add({ fault: { kind: "quota", untilMs: Date.now() + 7_200_000 }, where: { brain: "worker" } });
  const engine = await world.startRun();
  await engine.says(/provider anthropic rests for [^:]*: anthropic\/claude-sonnet-5: 429/);
  await engine.says(/goes on in \S+ ?\S*: put aside/);
  const [credential] = (await stored(world))("credentials");
  const state = JSON.parse(String(credential?.["state"])) as { until: number; why: string };
  expect(state.until).toBeGreaterThan(Date.now() + 7_000_000);
  engine.interrupt();
  expect(await engine.ended).toMatchObject({ code: 130 });
});

test("a model that says nothing at first is asked again", async () => {
  const at = await makeModelWorld({ brains: oneTask });
  const { world, model } = at;
  configureModels(at, { limits: { firstOutputMs: 1_000, chunkMs: 1_000 } });
  for (const place of ["headers", "first", "middle"] as const)
    model.faults.add({
      fault: { kind: "stall", at: place, ms: 600_000 },
      where: { brain: "worker" },
      pick: { kind: "first", times: 1 },
    });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(landings(world, run)).toHaveLength(1);
  expect(model.ledger.entries({ fault: "stall" }).map(({ outcome }) => outcome)).toEqual(["left", "left", "left"]);
});

test("a server that is down is waited for, and the session goes on when it is there again", async () => {
  const hold = new Hold();
  const [plans, works] = oneTask;
  const at = await makeModelWorld({
    brains: [plans!, holding(works!, { tool: "write_file", answer: /created/, hold })],
  });
  const { world, model } = at;
  configureModels(at);
  const engine = await world.startRun();
  await hold.reached;
  await model.stop();
  const rests = async () => (await stored(world))("calls").filter(({ detail }) => /ECONNREFUSED/.test(String(detail)));
  await until("the engine to find nobody there", async () => (await rests()).length > 0);
  const again = await startFakeModel({ brains: oneTask, credentials: keys }, { port: Number(new URL(model.url).port) });
  onTestFinished(() => again.stop());
  expect(providersAt(again)).toEqual(providersAt(model));
  expect(await engine.ended).toMatchObject({ code: 0 });
  expect(landings(world, engine.run)).toHaveLength(1);
  expect((await stored(world))("sessions").every(({ token }) => Number(token) === 1)).toBe(true);
});
