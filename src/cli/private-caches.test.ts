import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { requireSmallCaches } from "./private-caches.ts";

test("a private cache that is too large to be copied is refused; another mode, a smaller one and none at all are not", () => {
  const path = mkdtempSync(join(tmpdir(), "longhaul-cache-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, "package"), Buffer.alloc(3 * 2 ** 20, 1));
  const caches = (mode: "private" | "read-only", at = path) => ({ caches: [{ path: at, mode }] });
  expect(() => requireSmallCaches(caches("private"), 2 * 2 ** 20)).toThrow(
    new RegExp(`^${path}: this private cache has 3 MB; .* 2 MB at most`),
  );
  requireSmallCaches(caches("private"), 4 * 2 ** 20);
  requireSmallCaches(caches("read-only"), 0);
  requireSmallCaches(caches("private", join(path, "none")), 0);
});
