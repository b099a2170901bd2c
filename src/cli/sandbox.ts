/** Puts together what confines the programs of a run's sessions. */
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment } from "../config.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { ProcessGroups } from "../engine/ports.ts";
import { chooseSandbox } from "../sandbox/choose.ts";
import { confineGroups } from "../sandbox/confined-groups.ts";
import { usualBounds } from "../sandbox/inside.ts";
import { lackWords } from "../sandbox/sandbox.ts";
import { requireSmallCaches } from "./private-caches.ts";

/** What a configuration says of it. */
export type Confinement = Pick<RunConfig, "sandbox" | "sandboxImage" | "network" | "readable" | "caches">;

export type OpenSandbox = {
  /** For all that sessions run. */
  groups: ProcessGroups;
  /** Its programs see what is mounted by this process: those of a daemon do not. */
  seesMounts: boolean;
  /** Once nothing of them runs any more. */
  close(): void;
};

/** Throws an `EnvironmentError` when programs would have to be confined and cannot be. */
export function openSandbox(
  groups: ProcessGroups,
  config: Confinement,
  stateFolder: string,
  report: (error: unknown) => void,
): OpenSandbox {
  if (config.sandbox === "none") return { groups, seesMounts: true, close: () => {} };
  const folder = socketFolder();
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const sandbox = chooseSandbox(config.sandbox, { environment, image: config.sandboxImage, folder });
    const bounds = usualBounds(totalmem());
    const ownFiles = longhaulFiles();
    const confined = confineGroups(groups, { sandbox, config, bounds, stateFolder, ownFiles, folder, report });
    return { groups: confined, seesMounts: sandbox.kind !== "docker", close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Before anything of a run is written. */
export const requireSandbox = (config: RunConfig): void => void describeSandbox(config);

/** What it holds back here, in words. Throws an `EnvironmentError` when there is none, or not with these caches. */
export function describeSandbox({
  sandbox: choice,
  sandboxImage: image,
  caches,
}: Pick<Confinement, "sandbox" | "sandboxImage" | "caches">): readonly string[] {
  const folder = socketFolder();
  try {
    const { says, lacks } = chooseSandbox(choice, { environment, image, folder });
    if (choice !== "none") requireSmallCaches({ caches });
    return [...says, ...lacks.map((each) => lackWords[each])];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const prefix = "longhaul-sockets-";

/** Names of sockets may have 100 bytes, so they lie where names are short. Removes those of dead engines. */
function socketFolder(): string {
  const top = tmpdir().length <= 40 ? tmpdir() : "/tmp";
  for (const name of readdirSync(top)) {
    const [, pid] = name.startsWith(prefix) ? (/^(\d+)-/.exec(name.slice(prefix.length)) ?? []) : [];
    if (pid !== undefined && !lives(Number(pid))) rmSync(join(top, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(top, `${prefix}${process.pid}-`));
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** This Node and this package, with the packages that it needs: programs of a session call `longhaul`, and tools call others. */
function longhaulFiles(): string[] {
  const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const own = ["package.json", "bin", "src", "dist", "prompts"].map((name) => join(root, name));
  const packages = join(root, "node_modules");
  const around = root.includes("/node_modules/")
    ? [root.slice(0, root.indexOf("/node_modules/") + "/node_modules".length)]
    : [];
  const beside = existsSync(packages) ? [packages, realpathSync(packages)] : [];
  return [process.execPath, realpathSync(process.execPath), ...own, ...around, ...beside];
}
