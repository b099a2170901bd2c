/** Programs that `longhaul doctor` starts: confined as a run would confine them. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProcesses, type Processes } from "../../processes/processes.ts";
import { report } from "../output.ts";
import { openSandbox, type Confinement, type OpenSandbox } from "../sandbox.ts";

/**
 * `state`: a folder that stands for a run's state. Nothing of it all is left. Throws an `EnvironmentError` when programs would have
 * to be confined and cannot be.
 */
export async function withConfined<T>(
  confinement: Confinement,
  work: (processes: Processes, state: string) => Promise<T>,
): Promise<T> {
  const processes = openProcesses();
  const state = await realpath(await mkdtemp(join(tmpdir(), "longhaul-doctor-")));
  let sandbox: OpenSandbox | null = null;
  try {
    sandbox = openSandbox(processes.groups, confinement, state, report);
    return await work({ ...processes, groups: sandbox.groups }, state);
  } finally {
    await processes.stop();
    sandbox?.close();
    await rm(state, { recursive: true, force: true, maxRetries: 5 });
  }
}
