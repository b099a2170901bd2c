/** What is free for programs, by files as the kernel shows them; and on this very machine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freeMemoryBytes } from "./memory.ts";

function free(files: { [path: string]: string }, freeBytes = 10_000): number {
  const root = mkdtempSync(join(tmpdir(), "longhaul-memory-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return freeMemoryBytes({ root, freeBytes: () => freeBytes });
}

const group = (at: string, limit: string, used: number, files: number) => ({
  [`sys/fs/cgroup${at}/memory.max`]: `${limit}\n`,
  [`sys/fs/cgroup${at}/memory.current`]: `${used}\n`,
  [`sys/fs/cgroup${at}/memory.stat`]: `anon 5\nfile 900\nactive_file 100\ninactive_file ${files}\n`,
});

test("what the machine has free, where nothing sets a limit", () => {
  expect(free({})).toBe(10_000);
  expect(free({ "proc/self/cgroup": "0::/a.slice/b\n", ...group("/a.slice/b", "max", 500, 100) })).toBe(10_000);
});

test("files that the kernel keeps in memory are in nobody's way", () => {
  const files = { "proc/self/cgroup": "0::/a.slice/b\n", ...group("/a.slice/b", "4000", 3_900, 800) };
  expect(free(files)).toBe(900);
  expect(free(files, 50)).toBe(50);
});

test("the tightest of the groups above counts, and one that is over its limit has nothing", () => {
  const files = { "proc/self/cgroup": "0::/a/b\n", ...group("/a", "5000", 4_000, 0), ...group("/a/b", "max", 1, 0) };
  expect(free(files)).toBe(1_000);
  expect(free({ ...files, ...group("/a", "5000", 6_000, 0) })).toBe(0);
});

test("a container that sees its own group at the top, under a name from outside", () => {
  expect(free({ "proc/self/cgroup": "0::/docker/1234\n", ...group("", "2000", 500, 0) })).toBe(1_500);
});

test("control groups of the first kind", () => {
  const at = "sys/fs/cgroup/memory/a";
  const files = {
    "proc/self/cgroup": "5:devices:/x\n4:cpu,memory:/a\n0::/\n",
    [`${at}/memory.limit_in_bytes`]: "3000\n",
    [`${at}/memory.usage_in_bytes`]: "2500\n",
    [`${at}/memory.stat`]: "cache 7\ninactive_file 1\ntotal_inactive_file 400\n",
  };
  expect(free(files)).toBe(900);
  expect(free({ ...files, [`${at}/memory.limit_in_bytes`]: "9223372036854771712\n" })).toBe(10_000);
});

test("of this machine no more than all", () => {
  const bytes = freeMemoryBytes();
  expect(Number.isInteger(bytes)).toBe(true);
  expect(bytes).toBeGreaterThan(0);
});
