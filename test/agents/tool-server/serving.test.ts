/** The role tools over MCP and over plain HTTP: what is listed, what a call does, what ends a session. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { allRoles } from "../../../src/domain/session.ts";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import type { Tool } from "../../../src/agents/tools/tool.ts";
import { toolsFor } from "../../../src/agents/tools/tools.ts";
import { toolTexts } from "../../../src/agents/tools/tool-texts.ts";
import { callHttp, callMcp, connect, serve, server } from "./serving.ts";

vi.setConfig({ testTimeout: 30_000 });

test.each(allRoles)("a %s sees the tools of its role, and no others", async (role) => {
  const { served } = await serve(role);
  const client = await connect(served);
  const texts = toolTexts(toolsFor(role));
  const { tools } = await client.listTools();
  expect(tools.map(({ name, description, inputSchema }) => ({ name, description, input: inputSchema }))).toEqual(texts);
  const headers = { authorization: `Bearer ${served.token}` };
  expect(await (await fetch(`${served.url}/tools`, { headers })).json()).toEqual({ tools: texts });
});

test("tools that are only shown are listed, it is known that they were, and none can be called", async () => {
  const shown = await server.show(toolsFor("worker"));
  onTestFinished(() => shown.close());
  const seen = { is: false };
  void shown.listed.then(() => (seen.is = true));
  const client = await connect(shown);
  expect(seen.is).toBe(false);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(toolsFor("worker").map(({ name }) => name));
  await shown.listed;
  for (const { name } of toolsFor("worker"))
    expect(await callMcp(client, name, {})).toEqual({ ok: false, text: expect.stringContaining("none can be called") });
});

test("a client that is killed while it is answered is no fault of ours", async () => {
  const { served } = await serve("worker");
  const killed = new AbortController();
  const answer = await fetch(`${served.url}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${served.token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "bash", arguments: { command: "sleep 1000" } },
    }),
    signal: killed.signal,
  });
  expect(answer.status).toBe(200);
  killed.abort();
  // The call that nobody waits for ends, and lets the next one run; faults are counted at the end of this file.
  expect(await callHttp(served, "bash", { command: "true" })).toMatchObject({ ok: true });
});

test("a worker edits, runs and submits over MCP; what it does not know of a call is ignored", async () => {
  const { served, workspace, printed } = await serve("worker");
  const client = await connect(served);
  const write = { path: "a.txt", content: "one\n", wait_for_previous: true };
  expect(await callMcp(client, "write_file", write)).toMatchObject({ ok: true });
  expect(readFileSync(join(workspace, "a.txt"), "utf8")).toBe("one\n");
  expect((await callMcp(client, "bash", { command: "cat a.txt; exit 3" })).text).toBe("one\n[exit code 3]");
  expect(printed.text).toContain("[bash] one\n[exit code 3]");
  expect(served.end()).toBeNull();

  const handoff = { done: "All of it." };
  const submission = { status: "done", message: "Add a", handoff };
  expect(await callMcp(client, "submit", submission)).toEqual({ ok: true, text: "Submitted." });
  expect(served.end()).toMatchObject({ kind: "work", status: "done", message: "Add a", handoff });
  expect(await callMcp(client, "bash", { command: "touch late" })).toEqual({
    ok: false,
    text: expect.stringContaining("the session has ended"),
  });
  expect(existsSync(join(workspace, "late"))).toBe(false);
});

test("a planner's tasks take effect at once, over HTTP as over MCP", async () => {
  const host = memoryHost();
  const { served } = await serve("planner", undefined, { host });
  const tasks = (name: string) => ({ tasks: [{ name, title: name, instructions: "Do it" }] });
  expect(await callHttp(served, "create_tasks", tasks("a"))).toEqual({ ok: true, text: "Created 1 task:\nt1 a" });
  expect(await callMcp(await connect(served), "create_tasks", tasks("b"))).toMatchObject({ ok: true });
  expect([...host.actions.values()].flat()).toMatchObject([{ name: "a" }, { name: "b" }]);
  expect(await callHttp(served, "end_turn", {})).toMatchObject({ ok: true });
  expect(served.end()).toEqual({ kind: "plan", actions: [] });
});

test("the same key is the same call: it runs once, and each gets its answer", async () => {
  const host = memoryHost();
  const { served, workspace } = await serve("worker", undefined, { host });
  const client = await connect(served);
  const append = { command: "echo x >> log; wc -l < log" };
  const answers = await Promise.all([
    callHttp(served, "bash", append, "k1"),
    callHttp(served, "bash", append, "k1"),
    callMcp(client, "bash", append, "k1"),
  ]);
  expect(new Set(answers.map(({ text }) => text.trim()))).toEqual(new Set(["1\n[exit code 0]"]));
  expect(await callHttp(served, "bash", { command: "true" }, "k1")).toMatchObject({
    ok: false,
    text: expect.stringContaining("used for another call"),
  });
  expect((await callHttp(served, "bash", append, "k2")).text).toContain("2\n");
  // Without a key each request is a call of its own.
  for (const lines of [3, 4]) expect((await callHttp(served, "bash", append)).text).toContain(`${lines}\n`);
  expect(readFileSync(join(workspace, "log"), "utf8")).toBe("x\n".repeat(4));

  const submission = { status: "done", message: "m", handoff: { done: "d" } };
  for (const _ of [1, 2]) expect(await callHttp(served, "submit", submission, "end")).toMatchObject({ ok: true });
  expect(await callHttp(served, "submit", submission, "end 2")).toMatchObject({ ok: false });
});

test("the engine knows a repeated call of a planner by the same name", async () => {
  const host = memoryHost();
  const tasks = { tasks: [{ name: "a", title: "a", instructions: "" }] };
  for (const _ of [1, 2]) {
    const { served } = await serve("planner", undefined, { host }); // As after a restart, when nothing is remembered here.
    await callHttp(served, "create_tasks", tasks, "once");
    await callHttp(served, "create_tasks", tasks, "once");
  }
  expect(host.actions.size).toBe(1);
});

/** Tools that are at work until they are let go, and what ran beside what. */
function gated() {
  const running = new Set<string>();
  const beside: string[][] = [];
  const gates = new Map<string, () => void>();
  const make = (name: string, effect: Tool["effect"]): Tool<{ as: string }> => ({
    name,
    description: "",
    input: z.object({ as: z.string() }),
    roles: ["worker"],
    effect,
    async run({ as }) {
      running.add(as);
      beside.push([...running].toSorted());
      await new Promise<void>((open) => gates.set(as, open));
      running.delete(as);
      return { ok: true, text: as };
    },
  });
  const begun = (as: string) => vi.waitFor(() => expect([...running]).toContain(as), { timeout: 20_000, interval: 5 });
  const open = (as: string) => gates.get(as)?.();
  return { tools: [make("look", "look"), make("work", "work")], beside, begun, open, running };
}

test("looks run side by side; what changes the workspace runs alone, also when it comes from many sides", async () => {
  const { tools, beside, begun, open } = gated();
  const { served } = await serve("worker", tools);
  const client = await connect(served);
  const calls = [callHttp(served, "look", { as: "l1" }), callMcp(client, "look", { as: "l2" })];
  await begun("l1");
  await begun("l2");
  calls.push(callHttp(served, "work", { as: "w1" }), callMcp(client, "work", { as: "w2" }));
  open("l1");
  open("l2");
  await Promise.all(calls.slice(0, 2));
  const [first, second] = await Promise.race([
    begun("w1").then(() => ["w1", "w2"]),
    begun("w2").then(() => ["w2", "w1"]),
  ]);
  open(first!);
  await begun(second!);
  open(second!);
  expect(await Promise.all(calls)).toHaveLength(4);
  expect(beside.slice(1)).toEqual([["l1", "l2"], [first], [second]]);
});

test("a call without a key ends when its caller goes away, and the next one has its turn", async () => {
  const { served, printed, living } = await serve("worker");
  const headers = { authorization: `Bearer ${served.token}` };
  const body = JSON.stringify({ command: "echo up; sleep 1000" });
  const away = new AbortController();
  const left = fetch(`${served.url}/tools/bash`, { method: "POST", body, headers, signal: away.signal });
  await vi.waitFor(() => expect(printed.text).toContain("up"), { timeout: 20_000, interval: 5 });
  away.abort();
  await expect(left).rejects.toThrow(/abort/);
  expect((await callHttp(served, "bash", { command: "echo next" })).text).toBe("next\n[exit code 0]");

  const client = await connect(served);
  const cancel = new AbortController();
  printed.text = "";
  const call = client.callTool(
    { name: "bash", arguments: { command: "echo up; sleep 1000" } },
    { signal: cancel.signal },
  );
  await vi.waitFor(() => expect(printed.text).toContain("up"), { timeout: 20_000, interval: 5 });
  const ended = call.catch(() => "cut off");
  cancel.abort();
  expect(await ended).toBe("cut off");
  expect((await callHttp(served, "bash", { command: "echo next" })).text).toBe("next\n[exit code 0]");
  expect(living()).toEqual([]);
});

test("a call with a key goes on when its caller goes away; the caller that comes back with its key gets the answer", async () => {
  const { tools, begun, open, beside } = gated();
  const { served } = await serve("worker", tools);
  const away = new AbortController();
  const call = {
    method: "POST",
    body: '{"as": "w"}',
    headers: { authorization: `Bearer ${served.token}`, "idempotency-key": "k" },
  };
  const left = fetch(`${served.url}/tools/work`, { ...call, signal: away.signal });
  await begun("w");
  away.abort();
  await expect(left).rejects.toThrow(/abort/);
  const back = fetch(`${served.url}/tools/work`, call);
  open("w");
  expect(await (await back).json()).toEqual({ ok: true, text: "w" });
  expect(beside).toEqual([["w"]]);
});

test("closing a session ends what runs in it, and waits", async () => {
  const { served, living, printed } = await serve("worker");
  const call = callHttp(served, "bash", { command: "echo up; sleep 1000" }).catch(String);
  await vi.waitFor(() => expect(printed.text).toContain("up"), { timeout: 20_000, interval: 5 });
  await Promise.all([served.close(), served.close()]);
  expect(living()).toEqual([]);
  expect(await call).toMatchObject({ text: expect.stringContaining("the session is being closed") });
});
