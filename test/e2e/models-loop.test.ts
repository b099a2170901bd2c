/** The loop of one session: what it is asked for and told, where it ends, and what never leaves it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelAgentLimits } from "../../src/domain/limits.ts";
import { call, text, think } from "../fake-model/brains.ts";
import { bash, judge, planner, submit, submitted, worker, writes, type Stage } from "./model-brains.ts";
import { configureModels, keys, makeModelWorld, stored } from "./model-world.ts";
import { landings } from "./world.ts";

const talking: Stage = { done: () => false, say: (view) => [text(`I think about it, ${view.turn}.`)] };

test("who only talks is reminded a few times, and then has failed with a handoff in its name", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(
        () => ({ tasks: [{ name: "talk" }, { name: "nudged" }] }),
        (brief) => (/"talk": failed/.test(brief) ? { tasks: [{ name: "other" }] } : null),
      ),
      worker((task) => [
        writes(`${task}.txt`, task),
        ...(task === "talk" ? [talking] : []),
        ...(task === "nudged"
          ? [{ done: (view) => /called no tool/.test(view.lastUserText), say: () => [text("It is written.")] } as Stage]
          : []),
        submitted,
      ]),
    ],
  });
  const { world, model } = at;
  configureModels(at, { limits: { attemptsMax: 1 } });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`)).toBe("README.md\nnudged.txt\nother.txt");
  const rows = await stored(world);
  const failed = rows("sessions").filter(({ outcome }) => outcome === "failed");
  expect(failed.map(({ failure }) => JSON.parse(String(failure)) as unknown)).toMatchObject([{ kind: "unfinished" }]);
  // The first reply wrote the file; then came the one that was not reminded yet, and the reminders.
  expect(model.ledger.entries({ session: `s${String(failed[0]?.["id"])}` })).toHaveLength(
    2 + modelAgentLimits.nudgesMax,
  );
  const handoffs = rows("handoffs").map(({ status, synthetic }) => [status, Number(synthetic)]);
  expect(handoffs).toContainEqual(["failed", 1]);
});

test("a conversation that outgrows the model's window goes on from the session's own summary", async () => {
  const lines = Array.from({ length: 400 }, (_, at) => `line ${at} of a long file`).join("\n");
  let summaries = 0;
  const windowTokens = 16_000;
  const at = await makeModelWorld(
    {
      models: [{ id: "claude-sonnet-5" }, { id: "small", contextTokensMax: windowTokens }],
      brains: [
        planner(() => ({ tasks: [{ name: "long" }] })),
        worker(() => [
          {
            done: (view) => !view.lastUserText.includes("Your context is nearly full"),
            say: () => [text(`What I know: part ${++summaries} is read.`)],
          },
          {
            done: (view) => JSON.stringify(view.messages[0]).includes("part 2 is read"),
            say: () => [call("read_file", { path: "long.txt" })],
          },
          writes("done.txt", "done"),
          submitted,
        ]),
      ],
    },
    { files: { "README.md": "# A project\n", "long.txt": `${lines}\n` } },
  );
  const { world, model } = at;
  const roles = { worker: { model: "openai/small", contextTokens: windowTokens, outputTokensMax: 1_000 } };
  configureModels(at, { roles, prices: { "openai/small": { inputUsd: 1, outputUsd: 1 } } });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(landings(world, run)).toHaveLength(1);
  expect(summaries).toBe(2);
  expect(model.ledger.entries({ model: "small", outcome: "refused" })).toEqual([]); // It never came to the vendor's own bound.
  const rows = await stored(world);
  expect(rows("sessions").filter(({ kind }) => kind === "attempt")).toHaveLength(1);
  expect(rows("steps").filter(({ kind }) => kind === "summary")).toHaveLength(2);
});

test("at the soft deadline a session is asked to hand off, and does", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "endless" }] })),
      worker((task) => [
        writes(`${task}.txt`, task),
        {
          done: (view) => view.lastUserText.includes("nearly over"),
          say: (view) => [call("bash", { command: `sleep 0.1; echo ${view.turn}` })],
        },
        submitted,
      ]),
    ],
  });
  const { world } = at;
  configureModels(at, { limits: { softDeadlineMs: 1_500, hardDeadlineMs: 120_000 } });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(landings(world, run)).toHaveLength(1);
});

test("calls of one reply all get their results, wrong ones say what would be right, and the conversation goes on", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "many" }] })),
      worker(() => [
        {
          done: (view) => view.toolResults.length >= 6,
          say: () => [
            think("Everything at once."),
            call("read_file", { path: "README.md" }),
            call("read_file", { path: "README.md", offset: "one" }),
            call("read_file", { path: "missing.txt" }),
            call("no_such_tool", {}),
            call("write_file", { path: "many.txt", content: "many\n" }),
            call("bash", '{"command": "echo hal'),
          ],
        },
        submitted,
      ]),
    ],
  });
  const { world, model } = at;
  configureModels(at, { roles: { worker: { model: "openai/gpt-5.4" } } });
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("show", `longhaul/${run}:many.txt`)).toBe("many");
  const sent = JSON.stringify(
    model.received.findLast(({ body }) => JSON.stringify(body).includes("no_such_tool"))?.body,
  );
  expect(sent).toMatch(/the input of read_file is not right:.{1,9}offset: expected number, received string/);
  expect(sent).toMatch(/missing\.txt/);
  expect(sent).toMatch(/no_such_tool.{1,9}Available tools: list_files, read_file/);
  expect(sent).toMatch(/Invalid input for tool bash: .{0,40}JSON parsing failed/);
  expect(sent).toMatch(/many\.txt: created/);
});

test("an end is refused beside a call that failed, and only there", async () => {
  const write = (path: string) => call("write_file", { path, content: "text\n" });
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "early" }, { name: "later" }] })),
      worker((task) => [
        // What was not written must not land as done, whether we refused it or could not even read it.
        ...(task === "early"
          ? [
              writes("half.txt", "half\n"),
              {
                done: (view) => view.turn >= 2,
                say: () => [call("write_file", '{"path": "early.txt", "content": "te'), submit],
              } as Stage,
              { done: (view) => view.turn >= 3, say: () => [write("../out.txt"), submit] } as Stage,
            ]
          : [{ done: (view) => view.turn >= 1, say: () => [write("../out.txt")] } as Stage]),
        bash(`echo ${task} > ${task}.txt`),
        submitted,
      ]),
    ],
  });
  const { world, model } = at;
  configureModels(at);
  const { run, code } = await world.finishRun();
  expect(code).toBe(0);
  expect(world.git("ls-tree", "--name-only", `longhaul/${run}`)).toBe("README.md\nearly.txt\nhalf.txt\nlater.txt");
  const rows = await stored(world);
  const requests = rows("sessions")
    .filter(({ kind }) => kind === "attempt")
    .map(({ id }) => model.ledger.entries({ session: `s${String(id)}` }).length);
  // What was half done, two that failed, the rest, the end; and one that failed, the rest, the end.
  expect(requests.toSorted((a, b) => a - b)).toEqual([3, 5]);
});

test("keys are in nothing that Longhaul keeps, prints or gives to commands", async () => {
  const at = await makeModelWorld({
    brains: [
      planner(() => ({ tasks: [{ name: "spy" }] })),
      worker((task) => [bash("env | sort; set; echo spied", /^spied$/m), writes(`${task}.txt`, task), submitted]),
      judge("env; echo judged", () => ({ verdict: "achieved", summary: "Nothing was seen." })),
    ],
  });
  const { world, model } = at;
  world.environment["ANTHROPIC_API_KEY"] = "canary-key-of-the-environment";
  configureModels(at, { roles: { judge: { model: "google/gemini-2.5-pro" }, worker: { model: "local/qwen3-coder" } } });
  model.faults.add({ fault: { kind: "status", status: 500 }, pick: { kind: "nth", n: 2 } });
  model.faults.add({ fault: { kind: "drop", at: "middle" }, pick: { kind: "nth", n: 5 } });
  const { code, stdout, stderr } = await world.finishRun();
  expect(code).toBe(0);
  const exported = await world.longhaul("export");
  const shown = [
    stdout,
    stderr,
    exported.stdout,
    (await world.longhaul("events", "--json")).stdout,
    JSON.stringify(model.received),
  ];
  for (const one of shown) expect(one).not.toContain("canary-key");
  expect(exported.stdout).toContain("spied");
  expect(filesWith(world.path("repository"), "canary-key")).toEqual([]);
  expect(Object.values(keys).every((key) => key.startsWith("canary-key"))).toBe(true);
});

function filesWith(folder: string, words: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .filter((path) => readFileSync(path).includes(words));
}
