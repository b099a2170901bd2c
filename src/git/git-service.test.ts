/** A process that stays: answers in order, and another one when it has gone. Programs of the shell stand in for git. */
import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import type { RunId } from "../domain/ids.ts";
import { GitService, type Came } from "./git-service.ts";

const line = (came: Came) => {
  const text = came.line();
  return text === undefined ? undefined : came.done(text);
};

function serviceOf(script: string): { service: GitService; starts: () => number } {
  let starts = 0;
  const serve = () => {
    starts++;
    return spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "pipe"] });
  };
  const service = new GitService({ serve }, ["stand-in"], { gitDir: "/", run: "r" as RunId });
  return { service, starts: () => starts };
}

test("answers come in the order of the requests, from one process", async () => {
  const { service, starts } = serviceOf("cat");
  const asked = Array.from({ length: 50 }, (_, n) => `${n}`);
  expect(await Promise.all(asked.map((text) => service.ask(`${text}\n`, line)))).toEqual(asked);
  expect(starts()).toBe(1);
});

test("an answer that comes in pieces is taken when it is whole", async () => {
  const { service } = serviceOf("cat");
  const content = "x".repeat(1_000_000);
  const answer = await service.ask(`head\n${content}\n`, (came) => {
    const head = came.line();
    const body = head === undefined ? undefined : came.bytes(content.length + 1);
    return body && came.done({ head, length: body.length });
  });
  expect(answer).toEqual({ head: "head", length: content.length + 1 });
});

test("when it ends, whoever waits learns what it said, and the next request starts another", async () => {
  const { service, starts } = serviceOf("read one; echo $one; read two; echo cannot do $two >&2; exit 3");
  const answers = await Promise.allSettled(["a", "b", "c"].map((text) => service.ask(`${text}\n`, line)));
  expect(answers).toMatchObject([
    { status: "fulfilled", value: "a" },
    { status: "rejected", reason: { name: "GitError", exitCode: 3, stderr: "cannot do b\n" } },
    { status: "rejected" },
  ]);
  expect(await service.ask("again\n", line)).toBe("again");
  expect(starts()).toBe(2);
});

test("an answer that cannot be taken apart ends it, and the next request starts another", async () => {
  const { service, starts } = serviceOf("cat");
  const odd = service.ask("odd\n", (came) => {
    throw new Error(`what is ${came.line()}?`);
  });
  await expect(odd).rejects.toThrow("what is odd?");
  expect(await service.ask("fine\n", line)).toBe("fine");
  expect(starts()).toBe(2);
});

test("after a rest the next request starts another", async () => {
  const { service, starts } = serviceOf("cat");
  service.rest();
  const answers = [service.ask("a\n", line)];
  service.rest();
  answers.push(service.ask("b\n", line));
  expect(await Promise.all(answers)).toEqual(["a", "b"]);
  expect(starts()).toBe(2);
});
