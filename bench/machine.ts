/** What the figures were measured on: they mean nothing without it. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";

export function describeMachine(): string {
  const cores = cpus();
  const git = execFileSync("git", ["--version"], { encoding: "utf8" }).trim();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  return (
    `${new Date().toISOString().slice(0, 10)}: ${cores.length} cores (${cores[0]?.model.trim() || "unknown"}), ${memory}, ` +
    `${type()} ${release()}, Node ${process.version}, ${git}; load average at the start ${load}`
  );
}
