import { makeGitWorld } from "./git-world.ts";
import { testTrunk } from "./trunk.testsuite.ts";

testTrunk("git", makeGitWorld);
