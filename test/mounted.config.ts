/** For tests that make mounts: one process, which src/git/overlays.test.ts starts with mounts of its own. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.mounted.ts"],
    pool: "threads",
    maxWorkers: 1,
    isolate: false,
    reporters: ["default"],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
