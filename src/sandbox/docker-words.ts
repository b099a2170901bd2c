/**
 * What is said to `docker run` for one program. Pure. Values of the environment stand in nobody's command line but for those that
 * the client needs for itself.
 */
import { assertNever } from "../domain/assert.ts";
import type { Environment } from "../engine/ports.ts";
import { inside } from "./inside.ts";
import { mountsOf, type Mount } from "./mounts.ts";
import type { SandboxOrder } from "./sandbox.ts";

export type ContainerOrder = {
  order: SandboxOrder;
  name: string;
  label: string;
  image: string;
  user: { uid: number; gid: number };
  /** Of the client: what the system lets it have at most. */
  ceilings: Ceilings;
  /** The host's folder that is seen as `inside.folder`, to be written. */
  own: string;
  /** Seen read-only at places of ours. */
  openings: readonly { from: string; at: string }[];
  home: string;
  environment: Environment;
  /** Names that image and client set by themselves. */
  unasked: readonly string[];
  tmpBytes: number;
  argv: readonly string[];
};

/** Number of open files, and of processes of one user: neither may be above what the client has. */
export type Ceilings = { files: number; processes: number };

/** The client finds its own files and programs by them, and gets those of the operator. */
const ofClient = [
  "PATH",
  "HOME",
  "XDG_RUNTIME_DIR",
  "DOCKER_HOST",
  "DOCKER_CONFIG",
  "DOCKER_CONTEXT",
  "CONTAINERS_CONF",
];

export type OperatorEnvironment = Readonly<{ [name: string]: string | undefined }>;

export const clientEnvironment = (operators: OperatorEnvironment): { [name: string]: string } =>
  Object.fromEntries(
    ofClient.flatMap((name) => {
      const value = operators[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** `docker` itself is not among them. Throws when a path cannot be said. */
export function containerWords(container: ContainerOrder): string[] {
  const { order, name, label, image, user, ceilings, own, openings, home, environment, unasked, argv } = container;
  const { limits } = order;
  const mounts = mountsOf({ ...order, system: [], home });
  const names = Object.keys(environment).filter((each) => each !== "HOME");
  return [
    "run",
    "--rm",
    "--init",
    "--interactive",
    "--sig-proxy=false",
    "--pull=never",
    "--log-driver=none",
    "--no-healthcheck",
    `--name=${name}`,
    `--label=${label}`,
    "--network=none",
    "--hostname=sandbox",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    `--user=${user.uid}:${user.gid}`,
    `--pids-limit=${limits.processes}`,
    ...(limits.memoryBytes === null ? [] : [`--memory=${limits.memoryBytes}`]),
    "--ulimit=core=0:0",
    `--ulimit=cpu=${limits.cpuSeconds}:${limits.cpuSeconds}`,
    `--ulimit=fsize=${limits.fileBytes}:${limits.fileBytes}`,
    `--ulimit=nofile=${ceilings.files}:${ceilings.files}`,
    `--ulimit=nproc=${ceilings.processes}:${ceilings.processes}`,
    ...lastOfEach(mounts).flatMap((mount) => wordsOf(mount, container.tmpBytes)),
    ...bind(own, inside.folder, false),
    ...openings.flatMap(({ from, at }) => bind(from, at, true)),
    `--workdir=${order.directory}`,
    ...names.map((each) => (ofClient.includes(each) ? `--env=${each}=${environment[each]}` : `--env=${each}`)),
    `--env=HOME=${home}`,
    "--entrypoint=/bin/sh",
    image,
    "-c",
    innerScript(unasked.filter((each) => environment[each] === undefined)),
    "longhaul",
    ...argv,
  ];
}

export const begun = "begun";

const innerScript = (unasked: readonly string[]): string =>
  `unset _ ${unasked.filter((each) => /^\w+$/.test(each)).join(" ")}; : >${inside.folder}/${begun} || exit 126; exec "$@"`;

/** Docker wants each place once. */
const lastOfEach = (mounts: readonly Mount[]): Mount[] => [
  ...new Map(mounts.map((each) => [each.path, each])).values(),
];

function wordsOf(mount: Mount, tmpBytes: number): string[] {
  switch (mount.kind) {
    case "link":
      return [];
    case "fresh":
      sayable(mount.path);
      return [`--tmpfs=${mount.path}:rw,exec,nosuid,nodev,mode=1777,size=${tmpBytes}`];
    case "read":
    case "write":
      return bind(mount.from, mount.path, mount.kind === "read");
    default:
      return assertNever(mount, "mount");
  }
}

const bind = (from: string, at: string, readOnly: boolean): string[] => {
  for (const path of [from, at]) sayable(path);
  return [`--mount=type=bind,source=${from},target=${at}${readOnly ? ",readonly" : ""}`];
};

function sayable(path: string): void {
  if (/[,:"\n]/.test(path))
    throw new Error(`a container cannot be given "${path}": no comma, colon or quote in its name`);
}
