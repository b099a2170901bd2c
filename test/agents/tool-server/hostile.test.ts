/** Callers that are not who they should be, or ask for what they must not get. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { toolServerLimits } from "../../../src/domain/limits.ts";
import { ToolServer } from "../../../src/agents/tool-server/server.ts";
import type { Tool } from "../../../src/agents/tools/tool.ts";
import { callHttp, callMcp, connect, post, serve } from "./serving.ts";

vi.setConfig({ testTimeout: 30_000 });

const status = async (response: Promise<Response>) => {
  const { status: code, headers } = await response;
  return { code, type: headers.get("content-type"), body: (await (await response).json()) as { error?: string } };
};

describe("tokens", () => {
  test("a wrong one, none, and one of a session that is closed open nothing", async () => {
    const { served } = await serve("worker");
    const closed = await serve("worker");
    await closed.served.close();
    const wrong = [served.token.slice(0, -1), `${served.token}x`, "", "é", closed.served.token];
    for (const token of wrong)
      for (const path of ["/mcp", "/tools/bash", "/nowhere"]) {
        const answer = await status(post({ url: served.url, token: encodeURI(token) }, path, "{}"));
        expect(answer).toMatchObject({ code: 401, type: expect.stringContaining("json") });
        expect(answer.body.error).toContain("no open session has this token");
        expect(JSON.stringify(answer.body)).not.toContain(served.token);
      }
    await expect(connect({ url: served.url, token: "wrong" })).rejects.toThrow("no open session has this token");
  });

  test("one of another session opens that session and no other", async () => {
    const [mine, other] = [await serve("worker"), await serve("worker")];
    expect(mine.served.token).not.toBe(other.served.token);
    expect(mine.served.url).toBe(other.served.url);
    await callHttp({ ...mine.served, token: other.served.token }, "write_file", { path: "x", content: "x" });
    expect((await callHttp(mine.served, "list_files", {})).text).not.toContain("x");
    expect((await callHttp(other.served, "list_files", {})).text).toContain("x");
  });

  test("are told to nobody: not in the transcript, and not to commands", async () => {
    const { served, printed } = await serve("worker");
    await callHttp(served, "bash", { command: "env; tr '\\0' '\\n' < /proc/$PPID/cmdline" });
    expect(printed.text).toContain("LONGHAUL_SESSION=");
    expect(printed.text).not.toContain(served.token);
  });
});

describe("where it comes from", () => {
  /** `fetch` would not send these. */
  const raw = (url: string, headers: { [name: string]: string }) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${url}/tools`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });

  test("other names of this machine and pages of the web are turned away, also with the token", async () => {
    const { served } = await serve("worker");
    const authorization = `Bearer ${served.token}`;
    const { port } = new URL(served.url);
    const asked = (headers: { [name: string]: string }) => raw(served.url, { authorization, ...headers });
    expect(await asked({})).toBe(200);
    expect(await asked({ host: `localhost:${port}` })).toBe(200);
    expect(await asked({ host: `evil.example:${port}` })).toBe(421);
    expect(await asked({ host: "127.0.0.1" })).toBe(421);
    expect(await asked({ origin: "http://evil.example" })).toBe(403);
    expect(await asked({ origin: "null" })).toBe(403);
    const answer = await fetch(`${served.url}/tools`, { headers: { authorization } });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("what is asked", () => {
  test("a body that is too long, no JSON, or a batch", async () => {
    const { served } = await serve("worker");
    const huge = JSON.stringify({ path: "a", content: "x".repeat(toolServerLimits.bodyBytesMax) });
    for (const path of ["/mcp", "/tools/write_file"]) {
      expect(await status(post(served, path, huge))).toMatchObject({ code: 413 });
      expect(await status(post(served, path, "{nope"))).toMatchObject({
        code: 400,
        body: { error: expect.stringContaining("not JSON") },
      });
    }
    expect(await status(post(served, "/mcp", "[]"))).toMatchObject({ code: 400 });
    expect((await callHttp(served, "list_files", {})).text).toContain("no files");
  });

  test("tools that are not there, of another role, and inputs that are not right are answers, not errors", async () => {
    const { served } = await serve("judge");
    const client = await connect(served);
    for (const call of [
      (name: string, input: object) => callMcp(client, name, input),
      (name: string, input: object) => callHttp(served, name, input),
    ]) {
      for (const name of ["nope", "submit", "create_tasks", "write_file", "__proto__"])
        expect(await call(name, {})).toMatchObject({ ok: false, text: expect.stringContaining("there is no tool") });
      expect(await call("submit_verdict", { verdict: "perhaps" })).toMatchObject({
        ok: false,
        text: expect.stringMatching(/verdict.*\n.*summary/s),
      });
    }
    expect(await callHttp(served, "%2e%2e%2fmcp", {})).toMatchObject({ ok: false });
    expect(await status(post(served, "/tools/%zz", "{}"))).toMatchObject({ code: 400 });
    expect(await status(post(served, "/tools/a/b", "{}"))).toMatchObject({ code: 404 });
    expect(served.end()).toBeNull();
  });

  test("ways out of the workspace", async () => {
    const { served, workspace, outside } = await serve("worker");
    writeFileSync(join(outside, "secret"), "canary");
    symlinkSync(outside, join(workspace, "link"));
    mkdirSync(join(workspace, "sub"));
    for (const path of [join(outside, "secret"), "../outside/secret", "link/secret", "sub/../../outside/secret"]) {
      const answer = await callHttp(served, "read_file", { path });
      expect(answer).toMatchObject({ ok: false });
      expect(answer.text).not.toContain("canary");
      expect(await callHttp(served, "write_file", { path, content: "owned" })).toMatchObject({ ok: false });
    }
  });

  test("too many calls at once are refused until some have ended", async () => {
    const open: (() => void)[] = [];
    const wait: Tool = {
      name: "wait",
      description: "",
      input: z.object({}),
      roles: ["worker"],
      effect: "look",
      async run() {
        await new Promise<void>((resolve) => open.push(resolve));
        return { ok: true, text: "waited" };
      },
    };
    const { served } = await serve("worker", [wait]);
    const { callsAtOnceMax } = toolServerLimits;
    const calls = Array.from({ length: callsAtOnceMax }, () => callHttp(served, "wait", {}));
    await vi.waitFor(() => expect(open).toHaveLength(callsAtOnceMax), { timeout: 20_000, interval: 5 });
    const refused = { ok: false, text: expect.stringContaining(`${callsAtOnceMax} calls of this session`) };
    expect(await callHttp(served, "wait", {}, "again")).toMatchObject(refused);
    for (const each of open) each();
    await Promise.all(calls);
    const again = callHttp(served, "wait", {}, "again"); // A refusal for want of room is not what the key stands for.
    await vi.waitFor(() => expect(open).toHaveLength(callsAtOnceMax + 1), { timeout: 20_000, interval: 5 });
    open.at(-1)?.();
    expect(await again).toMatchObject({ ok: true });
  });
});

test("a server that is stopped ends what runs, and listens no more", async () => {
  const report = vi.fn<(error: unknown) => void>();
  const own = new ToolServer({ version: "1", report });
  const { context } = await serve("worker");
  const served = await own.open([], context);
  await connect(served);
  await Promise.all([own.stop(), own.stop()]);
  await expect(fetch(`${served.url}/tools`)).rejects.toThrow("fetch failed");
  await expect(own.open([], context)).rejects.toThrow("stopped");
  await new ToolServer({ version: "1", report }).stop();
  expect(report).not.toHaveBeenCalled();
});
