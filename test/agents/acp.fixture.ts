/**
 * For tests: a coding agent over ACP that behaves as `SCRIPT` (JSON, a list of behaviours) says, one behaviour for each end
 * tool that was taken; `COUNTER` is a file of its own. What it cannot do is said by `CANNOT` (`resume`, `http`).
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import {
  agent,
  methods,
  ndJsonStream,
  RequestError,
  type AgentContext,
  type PermissionOption,
  type PromptResponse,
  type RequestPermissionResponse,
} from "@agentclientprotocol/sdk";
import type { Behaviour } from "../../src/agents/agent.testsuite.ts";

/** What only agents over ACP do. */
export type AcpBehaviour =
  /** Its program is killed in the middle of its first turn; a session that was joined again submits. */
  | { does: "die_once" }
  | { does: "submit_when_nudged" }
  | { does: "ask"; options: PermissionOption[] }
  /** A process of its own goes on in the background. */
  | { does: "leave_background" }
  | { does: "print_noise" }
  /** Asks without end, and reads none of the answers. */
  | { does: "ask_without_end" }
  | { does: "tell_cost"; usd: number; tokens: number }
  | { does: "refuse"; code: number; message: string }
  /** Its turn does not end when its session does. */
  | { does: "linger" }
  | { does: "use_shell" };

type Session = { cwd: string; url: string; token: string; cancelled: boolean; rejoined: boolean };
type Servers = { cwd: string; mcpServers: readonly unknown[] };

const env = (name: string) => process.env[name] ?? "";
const script = JSON.parse(env("SCRIPT") || "[]") as (Behaviour | AcpBehaviour)[];
const cannot = env("CANNOT").split(",");
const ends = () => (existsSync(env("COUNTER")) ? Number(readFileSync(env("COUNTER"), "utf8")) : 0);
const sessions = new Map<string, Session>();

function open(id: string, { cwd, mcpServers }: Servers, rejoined = false): void {
  const [server] = mcpServers as { url: string; headers: { name: string; value: string }[] }[];
  const token = server?.headers.find(({ name }) => name === "Authorization")?.value.replace("Bearer ", "") ?? "";
  sessions.set(id, { cwd, url: server?.url.replace(/\/mcp$/, "") ?? "", token, cancelled: false, rejoined });
}

async function tool({ url, token }: Session, name: string, input: object): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${url}/tools/${name}`, { method: "POST", headers, body: JSON.stringify(input) });
  const { ok, text } = (await answer.json()) as { ok: boolean; text: string };
  if (!ok) throw new Error(`${name}: ${text}`);
}

/** As an agent does that looks at its tools before its first prompt. */
async function listTools(session: Session | undefined): Promise<void> {
  const headers = {
    authorization: `Bearer ${session?.token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });
  const answer = await fetch(`${session?.url}/mcp`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`tools/list: ${answer.status} ${await answer.text()}`);
  await answer.text();
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

async function turn(id: string, prompt: string, client: AgentContext): Promise<PromptResponse> {
  const session = sessions.get(id);
  if (!session) throw new Error(`no session ${id}`);
  session.cancelled = false;
  const behaviour = script[ends()];
  if (!behaviour) throw new Error(`no behaviour for conversation ${ends() + 1}`);
  if (!isOfAcp(behaviour)) return { stopReason: await behave(id, session, behaviour, prompt, client) };
  switch (behaviour.does) {
    case "die_once":
      if (!session.rejoined) process.kill(process.pid, "SIGKILL");
      await submit(session, "done", prompt);
      return ended;
    case "submit_when_nudged":
      if (!prompt.startsWith("Your reply called no tool")) await say(client, id, "I stop here.");
      else await submit(session, "done", "After a nudge");
      return ended;
    case "ask": {
      const toolCall = { toolCallId: "c1", title: "Remove everything" };
      const asked = { sessionId: id, toolCall, options: behaviour.options };
      const answer: RequestPermissionResponse = await client.request(methods.client.session.requestPermission, asked);
      const { outcome } = answer;
      await submit(session, "done", outcome.outcome === "selected" ? outcome.optionId : outcome.outcome);
      return ended;
    }
    case "leave_background":
      spawn("sh", ["-c", "while :; do date >> late.txt; sleep 0.05; done"], { cwd: session.cwd, stdio: "ignore" });
      await submit(session, "done", "Left something in the background");
      return ended;
    case "print_noise":
      process.stdout.write('not a message\n{"jsonrpc":"2.0","id":999,"result":{}}\n[1]\n{"half":\n');
      process.stdout.write('{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":7}}\n');
      process.stdout.write(`{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"${id}","update":{}}}\n`);
      process.stdout.write('{"jsonrpc":"2.0","method":"_unknown/thing","params":{}}\n');
      await submit(session, "done", "Noise");
      return ended;
    case "ask_without_end":
      return askWithoutEnd();
    case "tell_cost":
      await client.notify("session/update", {
        sessionId: id,
        update: { sessionUpdate: "usage_update", used: 1, size: 2, cost: { amount: behaviour.usd, currency: "USD" } },
      });
      await submit(session, "done", "Costly");
      return { ...ended, usage: { totalTokens: behaviour.tokens } } as PromptResponse;
    case "refuse":
      throw new RequestError(behaviour.code, behaviour.message);
    case "linger":
      await submit(session, "done", "And another thing");
      while (!session.cancelled) await new Promise((resolve) => setTimeout(resolve, 5));
      return { stopReason: "cancelled" };
    case "use_shell":
      submitByCommand(session);
      return ended;
  }
}

function submitByCommand({ cwd }: Session): void {
  const input = JSON.stringify({ status: "done", message: "", handoff: { done: "By the command" } });
  const called = spawnSync("longhaul", ["tool", "submit", "--json", "-"], { input, cwd, encoding: "utf8" });
  if (called.status !== 0) throw new Error(`${called.stdout}${called.stderr}`);
}

async function askWithoutEnd(): Promise<never> {
  process.stdin.pause();
  process.stdin.removeAllListeners("data");
  for (let id = 1e6; ; id++)
    if (!process.stdout.write(`{"jsonrpc":"2.0","id":${id},"method":"_more/${"x".repeat(1_000)}"}\n`))
      await new Promise((resolve) => process.stdout.once("drain", resolve));
}

const acpOnly: readonly string[] = [
  "die_once",
  "submit_when_nudged",
  "ask",
  "leave_background",
  "print_noise",
  "ask_without_end",
  "tell_cost",
  "refuse",
  "linger",
  "use_shell",
] satisfies AcpBehaviour["does"][];
const isOfAcp = (behaviour: Behaviour | AcpBehaviour): behaviour is AcpBehaviour => acpOnly.includes(behaviour.does);

const ended: PromptResponse = { stopReason: "end_turn" };

async function behave(
  id: string,
  session: Session,
  behaviour: Behaviour,
  prompt: string,
  client: AgentContext,
): Promise<"end_turn" | "cancelled"> {
  switch (behaviour.does) {
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
    if (cannot.includes("login")) throw RequestError.authRequired({ methods: ["browser"] });
    if (cannot.includes("begin")) process.exit(5);
    if (cannot.includes("answer")) return new Promise(() => setInterval(() => {}, 1_000));
    const sessionId = `acp-${process.pid}-${sessions.size}`;
    open(sessionId, params);
    if (env("LISTS") !== "") void listTools(sessions.get(sessionId));
    const modes = {
      currentModeId: "ask",
      availableModes: [
        { id: "ask", name: "Ask" },
        { id: "free", name: "Free" },
      ],
    };
    return { sessionId, ...(cannot.includes("modes") ? {} : { modes }) };
  })
  .onRequest(methods.agent.session.resume, ({ params }) => {
    open(params.sessionId, { cwd: params.cwd, mcpServers: params.mcpServers ?? [] }, true);
    return {};
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const prompt = params.prompt.map((block) => (block.type === "text" ? block.text : "")).join("");
    return turn(params.sessionId, prompt, client);
  })
  .onRequest(methods.agent.session.setMode, ({ params }) => {
    process.stderr.write(`mode ${params.modeId}\n`);
    return {};
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => {
    const session = sessions.get(params.sessionId);
    if (session) session.cancelled = true;
  })
  .connect(ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>));
