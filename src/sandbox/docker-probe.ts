/** Finds out whether containers work here, and what of them, by running commands in one. Removes what dead engines left. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { sandboxLimits } from "../domain/limits.ts";
import type { Environment } from "../engine/ports.ts";
import { programIn } from "./bubblewrap-probe.ts";
import { clientEnvironment, type OperatorEnvironment } from "./docker-words.ts";
import { dockerSandbox, label, namePrefix, remove, type Containers } from "./docker.ts";
import { bareOrder, type Lack, type Probed } from "./sandbox.ts";

export type DockerOptions = {
  /** The operator's. */
  environment: OperatorEnvironment;
  /** null: none is named. */
  image: string | null;
  /** Ours alone, for as long as the sandbox is used. */
  folder: string;
};

/** `docker` before `podman`. */
export function openDocker({ environment, image, folder }: DockerOptions): Probed {
  if (process.platform !== "linux")
    return missing("containers are used on Linux alone", "Elsewhere they see neither our sockets nor our Node.");
  if (image === null)
    return missing(
      "the configuration names no image for containers",
      'Name one that has a shell and the tools of your project: sandboxImage: "…".',
    );
  const path = environment["PATH"] ?? "";
  const programs = ["docker", "podman"].flatMap((name) => programIn(path, name) ?? []);
  const [first, ...others] = programs;
  if (first === undefined) return missing("there is no program docker or podman in PATH", "Install Docker or Podman.");
  const probed = openWith(first, { environment, image, folder });
  if (probed.ok) return probed;
  return others.map((program) => openWith(program, { environment, image, folder })).find(({ ok }) => ok) ?? probed;
}

function openWith(program: string, { environment, image, folder }: DockerOptions & { image: string }): Probed {
  const env = clientEnvironment(environment);
  const inspected = run(program, ["image", "inspect", "--format", "{{json .Config.Env}}", image], env);
  if (inspected.code !== 0)
    return missing(
      `${program} does not have the image ${image}: ${inspected.why}`,
      `It is never pulled unasked: ${program} pull ${image}.`,
    );
  removeStale(program, env);
  const unasked = ["HOSTNAME", "TERM", "container", ...namesOf(inspected.out)];
  const containers: Containers = { program, image, folder, environment, ceilings: ceilings(), unasked };
  const tried = tryOut(containers);
  if (tried.ok) return { ok: true, sandbox: dockerSandbox(containers, tried.lacks) };
  return missing(
    `${program} cannot confine a program here: ${tried.why}`,
    `Look into it with: ${program} run --rm ${image} true.`,
  );
}

/** What it writes has to arrive here, as the operator's own, and its exit code; what is not named must not be seen. */
const trialScript = `cat "$1" 2>/dev/null && exit 1
echo written >written || exit 1
unshare --user true 2>/dev/null && echo namespaces
(: >>/proc/self/oom_score_adj) 2>/dev/null && echo oomScore
exit 7`;

function tryOut(containers: Containers): { ok: true; lacks: Lack[] } | { ok: false; why: string } {
  const place = mkdtempSync(join(containers.folder, "probe-"));
  writeFileSync(join(place, "secret"), "secret");
  const workspace = join(place, "workspace");
  mkdirSync(workspace);
  const argv = ["/bin/sh", "-c", trialScript, "sh", join(place, "secret")] as const;
  const limits = { cpuSeconds: 60, fileBytes: 1_000_000, processes: 64, memoryBytes: 2 ** 28 };
  const confined = dockerSandbox(containers, []).confine(bareOrder([...argv], workspace, "/home/probe", limits));
  try {
    const [program, ...args] = confined.argv;
    const tried = run(program, args, confined.environment);
    if (!confined.began()) return { ok: false, why: tried.why };
    if (tried.code !== 7) return { ok: false, why: `a program ended with 7, and what arrived is ${tried.code}` };
    const written = join(workspace, "written");
    if (!existsSync(written) || readFileSync(written, "utf8") !== "written\n")
      return { ok: false, why: "what it writes does not arrive here" };
    if (statSync(written).uid !== process.getuid?.()) return { ok: false, why: "what it writes is another user's" };
    const said = tried.out.split("\n");
    return { ok: true, lacks: measured.filter((each) => said.includes(each)) };
  } finally {
    void confined.release();
    rmSync(place, { recursive: true, force: true });
  }
}

const measured: readonly Lack[] = ["namespaces", "oomScore"];

const variables = z.array(z.string()).nullable();
const namesOf = (json: string): string[] =>
  (variables.parse(JSON.parse(json)) ?? []).map((each) => each.split("=", 1)[0] ?? "");

/** What this process may have; a container that asks for more does not start. */
function ceilings(): Containers["ceilings"] {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = (name: string): number =>
    Number(new RegExp(`^${name} +\\S+ +(\\d+)`, "m").exec(limits)?.[1] ?? Infinity);
  return {
    files: Math.min(hard("Max open files"), sandboxLimits.containerFilesMax),
    processes: Math.min(hard("Max processes"), sandboxLimits.containerUserProcessesMax),
  };
}

function removeStale(program: string, env: Environment): void {
  const { out } = run(program, ["ps", "--all", "--filter", `label=${label}`, "--format", "{{.Names}}"], env);
  const stale = out.split("\n").filter((name) => {
    const [, pid] = name.startsWith(namePrefix) ? (/^(\d+)-/.exec(name.slice(namePrefix.length)) ?? []) : [];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  if (stale.length > 0) void remove(program, stale.slice(0, sandboxLimits.staleGroupsMax), env);
}

function run(
  program: string,
  args: readonly string[],
  env: Environment,
): { code: number | null; out: string; why: string } {
  const ran = spawnSync(program, args, {
    env,
    encoding: "utf8",
    timeout: sandboxLimits.probeMs,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const why = ran.error?.message ?? (ran.stderr.trim().split("\n").at(-1) || `exit code ${ran.status}`);
  return { code: ran.status, out: ran.stdout ?? "", why };
}

const missing = (what: string, mend: string): Probed => ({ ok: false, missing: what, mend });
