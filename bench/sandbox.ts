/** What a sandbox costs: 1, 100 and 300 programs at once, confined and not. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { figure, median, spread, table, threeFigures } from "./figures.ts";
import { variants, type SandboxCase, type SandboxFigures } from "./sandbox-run.ts";

const counts = [1, 100, 300];

/** Answers Markdown. */
export async function measureSandbox(repeats: number): Promise<string> {
  const cases = counts.flatMap((count) => variants.map((variant) => ({ variant, count })));
  const measured = new Map<SandboxCase, SandboxFigures[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= repeats; round++) {
    for (const [one, figures] of measured) {
      figures.push(await runCase(one));
      console.error(`round ${round}: ${one.count} × ${one.variant}`);
    }
  }
  return table(
    ["programs", "sandbox", "order → first word (ms)", "all (ms)", "CPU each (ms)", "CPU ratio", "memory each (MB)"],
    [...measured].map(([one, figures]) => {
      const bare = [...measured].find(([{ variant, count }]) => variant === "none" && count === one.count)?.[1] ?? [];
      const cpu = (of: SandboxFigures[]) => median(of.map(({ cpuMs }) => cpuMs));
      return [
        String(one.count),
        one.variant,
        threeFigures(figures.flatMap(({ startMs }) => startMs)),
        spread(figures.map(({ wallMs }) => wallMs)),
        spread(figures.map(({ cpuMs }) => cpuMs)),
        `×${figure(cpu(figures) / cpu(bare))}`,
        spread(figures.map(({ memoryMb }) => memoryMb)),
      ];
    }),
  );
}

async function runCase(one: SandboxCase): Promise<SandboxFigures> {
  const program = join(import.meta.dirname, "sandbox-run.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(one)]);
  return JSON.parse(stdout) as SandboxFigures;
}
