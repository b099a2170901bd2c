import { testPool } from "./pooled-checkouts.testsuite.ts";

testPool();
