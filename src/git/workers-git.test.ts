/** Copies; clones and overlays run the same suite with theirs. */
import { vi } from "vitest";
import { makeGitWorld } from "./git-world.testsuite.ts";
import { testWorkersGit } from "./workers-git.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

testWorkersGit(makeGitWorld);
