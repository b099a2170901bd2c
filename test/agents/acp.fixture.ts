/**
 * For tests: a coding agent over ACP that behaves as `SCRIPT` (JSON, a list of behaviours) says, one behaviour for each end
 * tool that was taken; `COUNTER` is a file of its own. What it cannot do is said by `CANNOT` (`resume`, `http`).
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { agent, methods, ndJsonStream, type AgentContext } from "@agentclientprotocol/sdk";
import type { Behaviour } from "../../src/agents/agent.testsuite.ts";

type Session = { cwd: string; url: string; token: string; cancelled: boolean };
type Servers = { cwd: string; mcpServers: readonly unknown[] };

const env = (name: string) => process.env[name] ?? "";
const script = JSON.parse(env("SCRIPT")) as Behaviour[];
const cannot = env("CANNOT").split(",");
const ends = () => (existsSync(env("COUNTER")) ? Number(readFileSync(env("COUNTER"), "utf8")) : 0);
const sessions = new Map<string, Session>();

function open(id: string, { cwd, mcpServers }: Servers): void {
  const [server] = mcpServers as { url: string; headers: { name: string; value: string }[] }[];
  const token = server?.headers.find(({ name }) => name === "Authorization")?.value.replace("Bearer ", "") ?? "";
  sessions.set(id, { cwd, url: server?.url.replace(/\/mcp$/, "") ?? "", token, cancelled: false });
}

async function tool({ url, token }: Session, name: string, input: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${url}/tools/${name}`, { method: "POST", headers, body: JSON.stringify(input) });
  const { ok, text } = (await answer.json()) as { ok: boolean; text: string };
  if (!ok) throw new Error(`${name}: ${text}`);
}

async function endWith(session: Session, name: string, input: object): Promise<void> {
  await tool(session, name, input);
  writeFileSync(env("COUNTER"), String(ends() + 1));
}

const submit = (session: Session, status: string, done: string) =>
  endWith(session, "submit", { status, message: "", handoff: { done } });

const say = (client: AgentContext, sessionId: string, text: string) =>
  client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
  });

async function behave(id: string, prompt: string, client: AgentContext): Promise<"end_turn" | "cancelled"> {
  const session = sessions.get(id);
  if (!session) throw new Error(`no session ${id}`);
  const behaviour = script[ends()];
  session.cancelled = false;
  switch (behaviour?.does) {
    case "plan":
      await tool(session, "create_tasks", { tasks: behaviour.tasks.map((task) => ({ ...task, instructions: "x" })) });
      await endWith(session, "end_turn", {});
      return "end_turn";
    case "work":
      writeFileSync(join(session.cwd, behaviour.file), behaviour.text);
      await submit(session, "done", behaviour.done);
      return "end_turn";
    case "judge":
      await endWith(session, "submit_verdict", behaviour);
      return "end_turn";
    case "talk_nonsense":
      await say(client, id, "I think that we are done here.");
      return "end_turn";
    case "give_up":
      await endWith(session, "give_up", { reason: behaviour.reason });
      return "end_turn";
    case "crash":
      process.exit(3);
    case "wait_for_hand_off":
      if (prompt.includes("The time of this session is nearly over")) {
        await submit(session, "partial", "Half of it");
        return "end_turn";
      }
      await say(client, id, "up\n");
      while (!session.cancelled) await new Promise((resolve) => setTimeout(resolve, 5));
      return "cancelled";
    case "never_end":
      process.on("SIGTERM", () => {});
      spawn("sleep", ["1000"], { stdio: "ignore" });
      spawn("sleep", ["1000"], { stdio: "ignore", detached: true });
      await say(client, id, "up\n");
      return new Promise(() => setInterval(() => {}, 1_000));
    case "leave_processes":
      spawn("sleep", ["1000"], { stdio: "ignore" });
      spawn("sleep", ["1000"], { stdio: "ignore", detached: true });
      spawnSync("sh", [
        "-c",
        "up=$( (setsid sh -c 'echo; exec >/dev/null; sleep 1000; true' </dev/null 2>/dev/null &) | head -n 1)",
      ]);
      await submit(session, "done", "Left some");
      return "end_turn";
    case undefined:
      throw new Error(`no behaviour for conversation ${ends() + 1}`);
  }
}

agent({ name: "scripted" })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: 1,
    agentCapabilities: {
      mcpCapabilities: { http: !cannot.includes("http") },
      sessionCapabilities: cannot.includes("resume") ? {} : { resume: {} },
    },
  }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    const sessionId = `acp-${process.pid}-${sessions.size}`;
    open(sessionId, params);
    return { sessionId };
  })
  .onRequest(methods.agent.session.resume, ({ params }) => {
    open(params.sessionId, { cwd: params.cwd, mcpServers: params.mcpServers ?? [] });
    return {};
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const prompt = params.prompt.map((block) => (block.type === "text" ? block.text : "")).join("");
    return { stopReason: await behave(params.sessionId, prompt, client) };
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => {
    const session = sessions.get(params.sessionId);
    if (session) session.cancelled = true;
  })
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>));
