/** Where a session asks for all, a sparse workspace is like any other. */
import { vi } from "vitest";
import { makeGitWorld } from "./git-world.testsuite.ts";
import { testAttacks } from "./hostile.testsuite.ts";
import { testPool } from "./pooled-checkouts.testsuite.ts";
import { testTrunk } from "./trunk.testsuite.ts";

// Many processes on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const makeWorld = (files: { [path: string]: string }) => makeGitWorld(files, { sparse: true });
testTrunk("git, with sparse workspaces", makeWorld);
testAttacks("sparse workspaces", makeWorld);
testPool(makeWorld);
