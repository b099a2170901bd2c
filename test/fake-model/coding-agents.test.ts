/** What real coding agents send beside what the SDK sends, as it was seen on the wire (docs/coding-agents.md). */
import { expect, test } from "vitest";
import { needs, say } from "./brains.ts";
import { started } from "./sdk.testsuite.ts";
import type { FakeModel } from "./server.ts";

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
  return await response.json();
}

const bearer = { authorization: "Bearer fake-key" };
const sessionsOf = (model: FakeModel) => model.ledger.entries().map(({ session, turn }) => ({ session, turn }));

test("Codex offers newer models its tools as an item of the input, and that is no turn of the model", async () => {
  const exec = { type: "custom", name: "exec", description: "Runs JavaScript", format: { type: "text" } };
  const tools = [{ type: "namespace", name: "functions", description: "", tools: [exec] }];
  const model = await started({ brains: [{ name: "worker", reply: needs(["exec"], say("I see it.")) }] });
  const input = [
    { type: "additional_tools", id: "at_1", role: "developer", tools },
    { type: "message", role: "user", content: [{ type: "input_text", text: "Work." }] },
  ];
  const headers = { ...bearer, "session-id": "acp-1" };
  expect(await post(`${model.openaiUrl}/responses`, { model: "m", input, store: false }, headers)).toMatchObject({
    output: [{ content: [{ text: "I see it." }] }],
  });
  expect(sessionsOf(model)).toEqual([{ session: "acp-1", turn: 0 }]);
});

test("Claude Code and OpenCode tell the session in headers of their own", async () => {
  const model = await started({ brains: [{ name: "hello", reply: say("Hello.") }] });
  const messages = [{ role: "user", content: "Hello" }];
  await post(
    `${model.anthropicUrl}/messages?beta=true`,
    { model: "m", max_tokens: 1, messages, metadata: { user_id: '{"device_id":"d","session_id":"acp-2"}' } },
    { ...bearer, "anthropic-version": "2023-06-01", "x-claude-code-session-id": "acp-2" },
  );
  await post(`${model.openaiUrl}/chat/completions`, { model: "m", messages }, { ...bearer, "x-session-id": "acp-3" });
  expect(sessionsOf(model)).toEqual([
    { session: "acp-2", turn: 0 },
    { session: "acp-3", turn: 0 },
  ]);
});

test("Gemini CLI reads from a refusal which quota was used up", async () => {
  const model = await started({ brains: [{ name: "hello", reply: say("Hello.") }] });
  model.faults.add({ fault: { kind: "rate-limit", retryAfter: { form: "seconds", ms: 2000 } } });
  const url = `${model.googleUrl}/models/m:generateContent`;
  const body = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] };
  expect(await post(url, body, { "x-goog-api-key": "fake-key" })).toMatchObject({
    error: {
      code: 429,
      details: [{ violations: [{ quotaId: expect.stringContaining("PerMinute") }] }, { retryDelay: "2s" }],
    },
  });
});
