import { vi } from "vitest";
import { makeGitWorld } from "./git-world.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
testTrunk("git, with copied workspaces", makeGitWorld);
