import { z } from "zod";
import { describe, expect, test } from "vitest";
import type { Role } from "../../../src/domain/session.ts";
import { runTool } from "../../../src/agents/tools/run-tool.ts";
import type { Tool } from "../../../src/agents/tools/tool.ts";
import { toolsFor } from "../../../src/agents/tools/tools.ts";
import { openWorld } from "./world.ts";

test.each<[Role, string[]]>([
  ["planner", ["list_files", "read_file", "search", "git", "run_command", "read_output"]],
  ["judge", ["list_files", "read_file", "search", "git", "run_command", "read_output"]],
  [
    "worker",
    ["list_files", "read_file", "search", "git", "bash", "write_file", "edit_file", "apply_patch", "read_output"],
  ],
])("a %s has its tools", (role, names) => {
  expect(toolsFor(role).map((tool) => tool.name)).toEqual(names);
});

test("every tool describes itself and each of its fields, in JSON Schema too", () => {
  const described = (schema: unknown): boolean =>
    typeof schema === "object" && schema !== null && "description" in schema && String(schema.description).length > 5;
  for (const tool of [...toolsFor("worker"), ...toolsFor("judge")]) {
    expect(tool.description.length).toBeGreaterThan(40);
    const schema = z.toJSONSchema(tool.input, { io: "input" });
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      expect(`${tool.name}.${name}: ${described(field)}`).toBe(`${tool.name}.${name}: true`);
    }
  }
});

describe("a call", () => {
  test("takes a JSON text or a value", async () => {
    const { call, write } = openWorld();
    write("a", "x\n");
    for (const input of ['{"path": "a"}', { path: "a" }, { path: "a", unknown: 1 }]) {
      expect(await call("read_file", input)).toMatchObject({ ok: true, text: expect.stringContaining("1\tx") });
    }
    expect((await call("list_files", "")).ok).toBe(true);
  });

  test.each<[string, unknown, string]>([
    ["nothing", {}, 'there is no tool "nothing"; the tools are: list_files, read_file'],
    ["constructor", {}, "there is no tool"],
    ["run_command", { command: "true" }, "there is no tool"],
    ["read_file", '{"path": ', "the input of read_file is not JSON: line 1, column 10: expected a value"],
    ["read_file", {}, "the input of read_file is not right:\npath: is missing (expected string)"],
    ["read_file", "[]", "the input: expected object"],
    ["read_file", null, "the input: expected object"],
    [
      "read_file",
      { path: 1, offset: 0 },
      "path: expected string, received number\noffset: Too small: expected number to be >=1",
    ],
    [
      "edit_file",
      { path: "a", edits: [{ old: "x" }, 1] },
      "edits[0].new: is missing (expected string)\nedits[1]: expected object",
    ],
    ["edit_file", { path: "a", edits: [] }, "edits: Too small"],
    ["git", { args: "log" }, "args: expected array, received string"],
  ])("%s %j is answered with what is right", async (name, input, text) => {
    const { call } = openWorld();
    expect(await call(name, input)).toEqual({ ok: false, text: expect.stringContaining(text) });
  });

  test("a fault of ours is an answer and is reported; an answer without end is cut", async () => {
    const { context } = openWorld();
    const tool = (name: string, run: Tool["run"]): Tool => {
      return { name, description: "", input: z.unknown(), roles: ["worker"], effect: "look", run };
    };
    const tools = [
      tool("breaks", () => Promise.reject(new TypeError("a bug"))),
      tool("talks", async () => ({ ok: true, text: `${"x".repeat(1_000_000)}\ud800` })),
    ];
    const bugs: [unknown, string][] = [];
    const run = (name: string) => runTool(tools, { name, input: {} }, context, (error, of) => bugs.push([error, of]));
    expect(await run("breaks")).toEqual({ ok: false, text: expect.stringContaining("not yours (a bug)") });
    expect(bugs).toEqual([[new TypeError("a bug"), "breaks"]]);
    const long = await run("talks");
    expect(Buffer.byteLength(long.text)).toBeLessThanOrEqual(32_768);
    expect(long.text.isWellFormed()).toBe(true);
  });

  test("read_output says what it has and what it has not", async () => {
    const { call, outputs } = openWorld();
    await outputs.keep("one", "text");
    expect((await call("read_output", { call: "one" })).text).toBe("text\n[bytes 0 to 4 of 4; this is the end]");
    expect(await call("read_output", { call: "one", offset: 4 })).toMatchObject({
      ok: false,
      text: expect.stringContaining("4 bytes"),
    });
    expect(await call("read_output", { call: "two" })).toMatchObject({
      ok: false,
      text: expect.stringContaining('"two"'),
    });
  });
});
