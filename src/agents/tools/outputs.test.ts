import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { toolLimits } from "../../domain/limits.ts";
import { FileOutputs } from "./outputs.ts";

const root = mkdtempSync(join(tmpdir(), "longhaul-outputs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("parts are whole characters and join to the whole", async () => {
  const outputs = new FileOutputs(join(root, "parts"));
  const text = "aé€😀".repeat(1_000);
  await outputs.keep("call", text);
  let read = "";
  for (let at = 0; ;) {
    const part = await outputs.read("call", at, 7);
    read += part!.text;
    expect(part!.start).toBe(at);
    at = part!.end;
    if (at === part!.totalBytes) break;
  }
  expect(read).toBe(text);
  // In the midst of a character: from the next one on.
  expect(await outputs.read("call", 2, 8)).toMatchObject({ text: "€😀", start: 3, end: 10 });
  expect(await outputs.read("call", 1e9, 7)).toMatchObject({
    text: "",
    start: 10_000,
    end: 10_000,
    totalBytes: 10_000,
  });
});

test("names of calls may be anything and stay in the folder", async () => {
  const outputs = new FileOutputs(join(root, "names"));
  for (const call of ["../../x", "a/b", "", "\0", "x".repeat(1_000)]) {
    await outputs.keep(call, `of ${call.length}`);
    expect((await outputs.read(call, 0, 100))?.text).toBe(`of ${call.length}`);
  }
  expect(readdirSync(root)).not.toContain("x");
  expect(await outputs.read("never", 0, 10)).toBeNull();
});

test("one output is bounded, and all of them: the oldest go", async () => {
  const outputs = new FileOutputs(join(root, "bounded"), 3_000);
  for (const call of ["a", "b", "c"]) await outputs.keep(call, "x".repeat(1_000));
  await outputs.keep("a", "y".repeat(1_000)); // Kept anew, so that b is the oldest.
  await outputs.keep("d", "x".repeat(1_000));
  const there = await Promise.all(
    ["a", "b", "c", "d"].map(async (call) => (await outputs.read(call, 0, 1))?.text ?? null),
  );
  expect(there).toEqual(["y", null, "x", "x"]);
  expect(readdirSync(join(root, "bounded"))).toHaveLength(3);
  const big = new FileOutputs(join(root, "big"));
  await big.keep("a", `start${"x".repeat(toolLimits.outputBytesMax)}end`);
  const whole = await big.read("a", 0, 2 * toolLimits.outputBytesMax);
  expect(whole!.totalBytes).toBeLessThanOrEqual(toolLimits.outputBytesMax);
  expect(whole!.text).toMatch(/^startx+\n… \d+ bytes left out …\nx+end$/);
});

test("removed with the session", async () => {
  const outputs = new FileOutputs(join(root, "removed"));
  await outputs.keep("a", "x");
  await outputs.remove();
  await outputs.remove();
  expect(existsSync(join(root, "removed"))).toBe(false);
  expect(await outputs.read("a", 0, 1)).toBeNull();
});
