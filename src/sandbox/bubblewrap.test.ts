import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openBubblewrap } from "./bubblewrap.ts";
import { testConfinement } from "./confinement.testsuite.ts";
import { none } from "./none.ts";
import type { Sandbox } from "./sandbox.ts";
import { testSandbox } from "./sandbox.testsuite.ts";

const folder = mkdtempSync(join(tmpdir(), "longhaul-bubblewrap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const probed = openBubblewrap({ path: process.env["PATH"] ?? "", folder });
const open = (): Sandbox => {
  if (!probed.ok) throw new Error(`these tests need bubblewrap: ${probed.missing}. ${probed.mend}`);
  return probed.sandbox;
};

testSandbox("bubblewrap", open, { confines: true });
testConfinement("bubblewrap", open);
testSandbox("none", () => none, { confines: false });
