/** Without a configuration: which models a run takes, what it says of them before anything is spent, and what it looked for. */
import { expect, test } from "vitest";
import { judge, planner, submitted, worker, writes } from "./model-brains.ts";
import { keys, makeModelWorld, startModel } from "./model-world.ts";
import { landings, makeWorld } from "./world.ts";

const brains = [
  planner(() => ({ tasks: [{ name: "one" }] })),
  worker((task) => [writes(`${task}.txt`, task), submitted]),
  judge("ls", () => ({ verdict: "achieved", summary: "It is there." })),
];

test.each([
  ["anthropic", { key: "ANTHROPIC_API_KEY", url: "ANTHROPIC_BASE_URL" }, "claude-opus-5", "claude-sonnet-5"],
  ["openai", { key: "OPENAI_API_KEY", url: "OPENAI_BASE_URL" }, "gpt-5.5", "gpt-5.4"],
  ["google", { key: "GEMINI_API_KEY", url: "GOOGLE_GEMINI_BASE_URL" }, "gemini-3-pro-preview", "gemini-2.5-pro"],
] as const)(
  "with nothing but a key for %s a run works, on models that were named before",
  async (name, { key, url }, strong, works) => {
    const world = makeWorld();
    const model = await startModel({ brains });
    // As users write it for their other tools: with or without the version.
    Object.assign(world.environment, {
      [key]: keys[name],
      [url]: name === "anthropic" ? model.url : model[`${name}Url`],
    });
    const { code, stderr } = await world.longhaul("run", "Write one.txt");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const said = stderr.indexOf(`${name}/${strong} plans and judges, ${name}/${works} works.`);
    expect(said).toBeGreaterThanOrEqual(0);
    expect(said).toBeLessThan(stderr.search(/^Run \w+ starts/m));
    expect(landings(world, (await world.status()).run.id)).toHaveLength(1);
    const modelsOf = (brain: string) => new Set(model.ledger.entries({ brain }).map((entry) => entry.model));
    expect(modelsOf("planner")).toEqual(new Set([strong]));
    expect(modelsOf("judge")).toEqual(new Set([strong]));
    expect(modelsOf("worker")).toEqual(new Set([works]));
  },
);

test("without any key it ends at once with exit 3 and says what it looked for", async () => {
  const { world, model } = await makeModelWorld({ brains });
  // Where an Ollama would be, nobody is.
  await model.stop();
  world.environment["OLLAMA_HOST"] = model.url;
  const { code, stdout, stderr } = await world.longhaul("run", "Write one.txt");
  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toMatch(/ANTHROPIC_API_KEY.*OPENAI_API_KEY.*GEMINI_API_KEY.*Ollama/s);
  expect(stderr).not.toMatch(/^\s+at /m);
});
