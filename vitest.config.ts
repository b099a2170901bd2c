import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    // What an example's job checks out has tests of its own, which are not ours.
    exclude: ["**/node_modules/**", "examples/*/work/**"],
    globalSetup: ["test/system-needs.ts", "test/postgres.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    // Processes, not threads: tests change directories, send signals and start processes of their own.
    pool: "forks",
    // Most tests wait for git, PostgreSQL and child processes, so more of them than cores would only add timeouts.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
