import { makeGitWorld } from "./git-world.testsuite.ts";
import { testPool } from "./pooled-checkouts.testsuite.ts";
import { testPreparation } from "./preparation.testsuite.ts";

testPool();
testPreparation(makeGitWorld);
