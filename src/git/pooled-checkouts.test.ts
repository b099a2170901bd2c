import { makeGitWorld } from "./git-world.testsuite.ts";
import { testPool } from "./pooled-checkouts.testsuite.ts";
import { testOddPreparations } from "./odd-preparations.testsuite.ts";
import { testPreparation } from "./preparation.testsuite.ts";
import { testUnopened } from "./unopened.testsuite.ts";

testPool();
testPreparation(makeGitWorld);
testOddPreparations(makeGitWorld);
testUnopened(makeGitWorld);
testUnopened((files) => makeGitWorld(files, { sparse: true }));
