/** `longhaul tool` as a process of its own, against a real server. */
import { spawn } from "node:child_process";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { memoryHost } from "../../../src/agents/memory-host.testsuite.ts";
import type { ServedTools } from "../../../src/agents/tool-server/server.ts";
import { serve } from "./serving.ts";

vi.setConfig({ testTimeout: 60_000 });
const bin = join(dirname(dirname(dirname(import.meta.dirname))), "bin", "longhaul.js");

type Ended = { code: number | null; stdout: string; stderr: string };

function longhaul(served: Pick<ServedTools, "url" | "token"> | null, args: string[], stdin = ""): Promise<Ended> {
  const session = served && { LONGHAUL_TOOLS_URL: served.url, LONGHAUL_TOOLS_TOKEN: served.token };
  const env = { PATH: process.env["PATH"], ...session };
  const child = spawn(process.execPath, [bin, "tool", ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ended: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
  child.stdin.on("error", () => {}); // It may end before it has read.
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...ended, code }));
  });
}

test("lists the role's tools, a line each, or what one takes", async () => {
  const { served } = await serve("judge");
  const { code, stdout } = await longhaul(served, []);
  expect(code).toBe(0);
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => line.split(" ", 1)[0])).toEqual([
    "list_files",
    "read_file",
    "search",
    "git",
    "run_command",
    "read_output",
    "submit_verdict",
  ]);
  expect(lines.at(-1)).toMatch(/^submit_verdict +Your verdict on the cycle\.$/);
  const schema = await longhaul(served, ["submit_verdict", "--schema"]);
  expect(JSON.parse(schema.stdout)).toMatchObject({
    name: "submit_verdict",
    input: { required: ["verdict", "summary"] },
  });
  expect(await longhaul(served, ["submit", "--schema"])).toMatchObject({ code: 1, stdout: "" });
});

test("calls a tool: text and exit 0, or what is wrong on stderr and exit 1", async () => {
  const host = memoryHost();
  const { served } = await serve("planner", undefined, { host });
  const plan = JSON.stringify({ tasks: [{ name: "a", title: "A", instructions: "…" }] });
  expect(await longhaul(served, ["create_tasks", "--json", "-"], plan)).toEqual({
    code: 0,
    stdout: "Created 1 task:\nt1 a\n",
    stderr: "",
  });
  expect(await longhaul(served, ["create_tasks", "--json", "{}"])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("tasks"),
  });
  expect(await longhaul(served, ["submit"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("there is no tool"),
  });
  expect(await longhaul(served, ["create_tasks", "--json", "{nope"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("not JSON"),
  });
  expect(await longhaul(served, ["end_turn"])).toMatchObject({ code: 0 });
  expect(served.end()).toEqual({ kind: "plan", actions: [] });
});

test("without a session, or after its end, it says what to do and ends with 3", async () => {
  const nowhere = await longhaul(null, ["end_turn"]);
  expect(nowhere).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("LONGHAUL_TOOLS_URL") });
  const { served } = await serve("planner");
  await served.close();
  const closed = await longhaul(served, ["end_turn"]);
  expect(closed).toMatchObject({ code: 3, stderr: expect.stringContaining("no open session") });
  const gone = await longhaul({ ...served, url: await unusedUrl() }, ["end_turn"]);
  expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining("does not answer") });
  for (const { stderr } of [nowhere, closed, gone]) expect(stderr).not.toContain(served.token);
});

test("a connection that drops before the answer is tried again, and the call takes effect once", async () => {
  const { served, printed } = await serve("worker");
  const { url, dropped } = await droppingProxy(served.url, 2);
  const append = JSON.stringify({ command: "echo x >> log; wc -l < log" });
  const ended = await longhaul({ ...served, url }, ["bash", "--json", append]);
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\s*1\n/) });
  expect(dropped()).toBe(2);
  expect(printed.text.match(/\[bash\]/g)).toHaveLength(1);
});

async function listen(onRequest: Parameters<typeof createServer>[1]): Promise<{ url: string; close(): void }> {
  const server = createServer({}, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function unusedUrl(): Promise<string> {
  const { url, close } = await listen(() => {});
  close();
  return url;
}

/** Passes requests on, and drops the first connections when the answer has come. */
async function droppingProxy(to: string, drops: number): Promise<{ url: string; dropped(): number }> {
  let dropped = 0;
  const { url } = await listen((asked, answer) => {
    const pass = request(to + asked.url, {
      method: asked.method,
      headers: { ...asked.headers, host: new URL(to).host },
    });
    pass.once("response", (response: IncomingMessage) => {
      if (dropped < drops) {
        dropped++;
        response.resume();
        return void asked.socket.destroy();
      }
      answer.writeHead(response.statusCode ?? 0, response.headers);
      response.pipe(answer);
    });
    asked.pipe(pass);
  });
  return { url, dropped: () => dropped };
}
