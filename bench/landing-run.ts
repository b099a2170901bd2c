/** One case of the landing benchmark, in a process of its own: `landing-run.ts CASE_JSON`. Prints its figures as JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LandingCase } from "./landing-case.ts";
import { LaneBench } from "./landing-lane.ts";
import { measureNaive } from "./landing-naive.ts";
import { generate } from "./landing-repository.ts";

const one = JSON.parse(process.argv[2] ?? "") as LandingCase;
const folder = mkdtempSync(join(tmpdir(), "longhaul-bench-"));
try {
  const origin = generate(join(folder, "origin.git"), one.size);
  const isNaive = one.scheme === "naive" || one.scheme === "lock";
  const figures = isNaive
    ? await measureNaive(one, folder, origin)
    : await (await LaneBench.open(one, folder, origin)).measure();
  console.log(JSON.stringify(figures));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
