/** Language models in every role, against the fake model server, over real HTTP and the real `longhaul`. */
import { expect, onTestFinished, test } from "vitest";
import { call, role, sequence } from "../fake-model/brains.ts";
import { startFakeModel } from "../fake-model/server.ts";
import { landings, makeWorld } from "./world.ts";

test("a planner, a worker and a judge from three providers reach a goal", async () => {
  const world = makeWorld();
  const model = await startFakeModel({
    brains: [
      role(
        "planner",
        /You are a planner of Longhaul/,
        sequence(
          [call("list_files", {}), call("git", { args: ["log", "--oneline"] })],
          (view) => {
            if (view.lastUserText.includes("landed"))
              return { parts: [call("finish_scope", { handoff: { done: "All is there." } })] };
            return {
              parts: [
                call("create_tasks", { tasks: [{ name: "a", title: "Write a.txt", instructions: "Write a.txt." }] }),
                call("write_scratchpad", { text: "a is ordered" }),
              ],
            };
          },
          [call("end_turn", {})],
        ),
      ),
      role(
        "worker",
        /You are a worker of Longhaul/,
        sequence(
          [call("read_file", { path: "README.md" }), call("write_file", { path: "a.txt", content: "a\n" })],
          [call("bash", { command: "cat a.txt && ls" })],
          [call("submit", { status: "done", message: "Write a.txt", handoff: { done: "Written." } })],
        ),
      ),
      role(
        "judge",
        /You are the judge|You are a judge/,
        sequence(
          [call("run_command", { command: "test -f a.txt && echo there" })],
          [call("submit_verdict", { verdict: "achieved", summary: "a.txt is there." })],
        ),
      ),
    ],
    credentials: { a: "key-a", b: "key-b", c: "key-c" },
  });
  onTestFinished(() => model.stop());
  world.write(
    "longhaul.config.json",
    JSON.stringify({
      providers: {
        anthropic: { kind: "anthropic", baseUrl: model.anthropicUrl, keyEnv: "KEY_A" },
        openai: { kind: "openai", baseUrl: model.openaiUrl, keyEnv: "KEY_B" },
        google: { kind: "google", baseUrl: model.googleUrl, keyEnv: "KEY_C" },
      },
      roles: {
        planner: { model: "anthropic/claude-opus-5" },
        worker: { model: "openai/gpt-5.4", effort: "low" },
        judge: { model: "google/gemini-3-pro-preview" },
      },
    }),
  );
  Object.assign(world.environment, { KEY_A: "key-a", KEY_B: "key-b", KEY_C: "key-c" });
  const ended = await world.finishRun();
  expect(ended.code).toBe(0);
  expect(landings(world, ended.run)).toHaveLength(1);
});
