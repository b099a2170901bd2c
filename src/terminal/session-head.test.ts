import { expect, test } from "vitest";
import { noSpend } from "../domain/budget.ts";
import { restingRun } from "./model-samples.testsuite.ts";
import { session } from "./samples.testsuite.ts";
import { now } from "./verdict-samples.testsuite.ts";
import { renderSessionHead, type SessionHead } from "./session-head.ts";

const { config } = restingRun.run;
const render = (some: Partial<SessionHead>, width = 80) =>
  renderSessionHead({ session: session(41), config, promptHash: null, now, ...some }, { color: false, width });

test("a model's session: whose it is, with which prompt, how it stands, what it cost", () => {
  const running = session(41, {
    agent: "strong",
    title: "Port the cart\u001b[2J",
    startedAt: now - 65_000,
    spend: { microUsd: 120_000, tokens: 41_000, reservedMicroUsd: 450_000, reservedTokens: 20_000 },
  });
  expect(render({ session: running, promptHash: "0123456789ab" })).toMatchInlineSnapshot(`
    "s41  worker of t41: Port the cart
    agent      strong: anthropic/claude-opus-5
    state      running for 1m 05s
    prompt     0123456789ab   longhaul prompts show --session s41
    cost       $0.12  41k tokens  + $0.45, 20k tokens reserved
    "
  `);
});

test("a program's session that failed", () => {
  const failed = session(3, {
    kind: "turn",
    task: null,
    title: "root",
    agent: "plan",
    status: "ended",
    outcome: "failed",
    failure: "exit code 1",
    startedAt: now - 5_000,
    endedAt: now,
    spend: { ...noSpend, microUsd: 20_000 },
  });
  expect(render({ session: failed })).toMatchInlineSnapshot(`
    "s3  planner of p1: root
    agent      plan
    state      failed after 5s: exit code 1
    cost       $0.02  0 tokens
    "
  `);
});

test("one that was put aside says that it goes on", () => {
  expect(render({ session: session(5, { status: "queued" }) })).toContain("queued: goes on later");
  expect(render({ session: session(5, { status: "queued", startedAt: null }) })).toMatch(/state +queued$/m);
});
