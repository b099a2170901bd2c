import { expect, test } from "vitest";
import { UpdateText } from "./updates.ts";

const said = (updates: object[]) => {
  const shown = new UpdateText();
  return updates.flatMap((update) => {
    const one = shown.show(update);
    return one ? [one] : [];
  });
};
const text = (updates: object[]) =>
  said(updates)
    .map((one) => one.text)
    .join("");
const message = (words: string) => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text: words },
});
const thought = (words: string) => ({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: words } });
const tool = (more: object) => ({ sessionUpdate: "tool_call", toolCallId: "c1", ...more });
const update = (more: object) => ({ sessionUpdate: "tool_call_update", toolCallId: "c1", ...more });

test("pieces of a message run on, thoughts go to stderr, and a tool begins on a line of its own", () => {
  expect(said([message("I lo"), message("ok."), thought("Hm"), tool({ title: "ls", kind: "execute" })])).toEqual([
    { stream: "stdout", text: "I lo" },
    { stream: "stdout", text: "ok." },
    { stream: "stderr", text: "\nHm" },
    { stream: "stdout", text: "\n[execute] ls\n" },
  ]);
});

test("a tool call shows each title once, and what came of it", () => {
  const content = [
    { type: "content", content: { type: "text", text: "a\nb" } },
    { type: "diff", path: "/w/a.ts", oldText: "1\n2", newText: "1" },
  ];
  const calls = [
    tool({ title: "Terminal", kind: "execute", status: "pending" }),
    update({ title: "npm test" }),
    update({ title: "npm test", status: "in_progress" }),
    update({ status: "completed", content }),
  ];
  expect(text(calls)).toBe("[execute] Terminal\n  npm test\n[completed]\n  a\n  b\n  /w/a.ts: 2 → 1 lines\n");
  expect(said(calls).map(({ done }) => done)).toEqual([undefined, undefined, true]);
});

test("a plan is a list", () => {
  const entries = [
    { content: "Look", status: "completed" },
    { content: "Do", status: "in_progress" },
    { content: "Check", status: "pending" },
  ];
  expect(text([{ sessionUpdate: "plan", entries }])).toBe("[plan]\n  x Look\n  > Do\n  - Check\n");
});

test("what is not known, or not as it should be, is left out", () => {
  expect(said([{ sessionUpdate: "from_the_future" }, { sessionUpdate: "plan" }, {}, message("a")])).toHaveLength(1);
});

test("long and wild texts are bounded and inert", () => {
  const wild = text([
    tool({
      title: `\u001b[31m${"x".repeat(10_000)}\nnext`,
      content: [{ type: "content", content: { type: "text", text: "y".repeat(100_000) } }],
    }),
  ]);
  expect(Buffer.byteLength(wild)).toBeLessThan(3_000);
  expect(wild).not.toContain("\u001b");
});
