/**
 * Finds out whether `sandbox-exec` confines programs here, by attacks that succeed without it: nobody of us has a Mac, so the machine
 * itself has to show it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxLimits } from "../domain/limits.ts";
import { sandboxExec, type SandboxExecOptions } from "./sandbox-exec.ts";
import { bareOrder, type Probed, type Sandbox } from "./sandbox.ts";

/** Each says its own name where it succeeds. `$1`: a folder outside of what may be seen; `$2`: a process of ours; `$3`: a folder to be read. */
const attackScript = `
cat "$1/secret" >/dev/null 2>&1 && echo "read a file"
ls "$1" >/dev/null 2>&1 && echo "listed a folder"
ln "$1/secret" hard 2>/dev/null && cat hard >/dev/null 2>&1 && echo "read a file by a hard link"
ln -s "$1/secret" link && cat link >/dev/null 2>&1 && echo "read a file by a link"
(echo changed >"$1/target") 2>/dev/null && echo "changed a file"
(echo changed >"$1/new") 2>/dev/null && echo "made a file"
kill -0 "$2" 2>/dev/null && echo "reached a process"
said=$( (exec 5<>/dev/tcp/127.0.0.1/9) 2>&1) && echo "reached loopback" || case $said in *refused*) echo "reached loopback" ;; esac
cat "$3/hidden/secret" >/dev/null 2>&1 && echo "read a hidden file"
(echo changed >"$3/seen") 2>/dev/null && echo "changed what is only read"
cat "$3/seen" >/dev/null || exit 1
echo tried >tried && cat tried`;

export function openSandboxExec(options: SandboxExecOptions): Probed {
  if (process.platform !== "darwin") return missing("sandbox-exec is for macOS");
  if (!existsSync(options.program)) return missing(`there is no ${options.program}`);
  const sandbox = sandboxExec(options);
  const tried = tryAttacks(sandbox, options.folder);
  if (!tried.ran) return missing(`${options.program} cannot confine a program here: ${tried.why}`);
  if (tried.succeeded.length === 0) return { ok: true, sandbox };
  return missing(`in ${options.program} a program ${tried.succeeded.join(", ")}`);
}

export type Tried = { ran: true; succeeded: string[] } | { ran: false; why: string };

/** `folder`: for what is attacked. */
export function tryAttacks(sandbox: Sandbox, folder: string): Tried {
  const place = realpathSync(mkdtempSync(join(folder, "probe-")));
  const [outside, workspace, readable] = [join(place, "outside"), join(place, "workspace"), join(place, "readable")];
  for (const each of [outside, workspace, join(readable, "hidden")]) mkdirSync(each, { recursive: true });
  for (const name of ["outside/secret", "outside/target", "readable/seen", "readable/hidden/secret"])
    writeFileSync(join(place, name), name);
  const argv = ["/bin/bash", "-c", attackScript, "bash", outside, String(process.pid), readable] as const;
  const confined = sandbox.confine({
    ...bareOrder([...argv], workspace, "/var/empty", trialLimits),
    readable: [readable],
    hidden: [join(readable, "hidden")],
  });
  try {
    const [program, ...args] = confined.argv;
    const { stdout, stderr, error } = spawnSync(program, args, {
      cwd: confined.directory,
      env: confined.environment,
      encoding: "utf8",
      timeout: sandboxLimits.probeMs,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines = (stdout ?? "").trim().split("\n");
    if (lines.pop() !== "tried") return { ran: false, why: error?.message ?? (stderr.trim() || "it said nothing") };
    return { ran: true, succeeded: lines };
  } finally {
    void confined.release();
    rmSync(place, { recursive: true, force: true });
  }
}

const trialLimits = { cpuSeconds: 60, fileBytes: 1_000_000, processes: 256, memoryBytes: null };

const missing = (what: string): Probed => ({
  ok: false,
  missing: what,
  mend: "There is no other sandbox for macOS yet.",
});
