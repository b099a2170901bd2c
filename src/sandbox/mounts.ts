/**
 * What a sandbox sees, as a list of mounts; and that list in bubblewrap's words. Pure. Invariant: a folder is mounted before what lies
 * below it, so nothing covers what was given on purpose, and nothing private shows through from above.
 */
import { assertNever } from "../domain/assert.ts";
import type { SandboxOrder } from "./sandbox.ts";
import type { SystemFile } from "./system-files.ts";

export type SeenOrder = Pick<SandboxOrder, "writable" | "placed" | "readable" | "hidden" | "caches" | "scratch"> & {
  system: readonly SystemFile[];
  home: string;
};

export type MountsOrder = SeenOrder & {
  tmpBytes: number;
  /** bubblewrap can bound a tmpfs. */
  canSize: boolean;
};

/** `fresh`: an empty folder that is gone with the program. `optional`: left out where there is no `from`. */
export type Mount =
  | { kind: "link"; path: string; to: string }
  | { kind: "fresh"; path: string }
  | { kind: "read" | "write"; path: string; from: string; optional: boolean };

/** `rank`: of those at one place, the last one is seen. */
type Ranked = { mount: Mount; rank: number };

/** In the order in which they are made. */
export function mountsOf({ system, home, scratch, caches, readable, hidden, writable, placed }: SeenOrder): Mount[] {
  const own = (path: string, name: string): Mount =>
    scratch === null ? fresh(path) : bind("write", path, `${scratch}/${name}`);
  const ranked: Ranked[] = [
    ...system.map((file) => ({ rank: 0, mount: file.kind === "link" ? file : bind("read", file.path, file.from) })),
    { rank: 0, mount: fresh("/run") },
    { rank: 1, mount: own("/tmp", "tmp") },
    ...outermost(readable, [...hidden, home, "/tmp", "/run"]).map((path) => ({ rank: 2, mount: seen(path) })),
    ...hidden.map((path) => ({ rank: 3, mount: fresh(path) })),
    { rank: 4, mount: own(home, "home") },
    ...caches.map(({ path, mode }, index) => ({
      rank: 5,
      mount: mode === "read-only" ? seen(path) : own(path, `cache-${index}`),
    })),
    ...writable.map((path) => ({ rank: 6, mount: bind("write", path, path) })),
    ...placed.map(({ at, file }) => ({ rank: 7, mount: bind("write", at, file) })),
  ];
  return ranked
    .toSorted((a, b) => depth(a.mount.path) - depth(b.mount.path) || a.rank - b.rank)
    .map(({ mount }) => mount);
}

export const mountWords = (order: MountsOrder): string[] => mountsOf(order).flatMap((each) => wordsOf(each, order));

function wordsOf(mount: Mount, { tmpBytes, canSize }: MountsOrder): string[] {
  switch (mount.kind) {
    case "link":
      return ["--symlink", mount.to, mount.path];
    case "fresh":
      return [...(canSize ? ["--size", String(tmpBytes)] : []), "--tmpfs", mount.path];
    case "read":
      return [mount.optional ? "--ro-bind-try" : "--ro-bind", mount.from, mount.path];
    case "write":
      return ["--bind", mount.from, mount.path];
    default:
      return assertNever(mount, "mount");
  }
}

/** Each mount costs time. What lies in another is left out, unless something else is seen between the two. */
export function outermost(paths: readonly string[], covers: readonly string[]): string[] {
  const shown = (path: string) =>
    paths.some(
      (outer) =>
        outer !== path && holds(outer, path) && !covers.some((cover) => holds(outer, cover) && holds(cover, path)),
    );
  return [...new Set(paths)].filter((path) => !shown(path));
}

/** `outer` is `inner` or holds it. */
export const holds = (outer: string, inner: string): boolean =>
  outer === inner || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);

/** The folders of `scratch` that have to be there. `exists`: of the host. */
export const scratchFolders = (
  { caches }: Pick<SandboxOrder, "caches">,
  exists: (path: string) => boolean,
): string[] => [
  "tmp",
  "home",
  ...caches.flatMap(({ mode, path }, index) => (mode === "private" && !exists(path) ? [`cache-${index}`] : [])),
];

/** What has to be copied into `scratch` first, unless it is there. */
export const cacheCopies = (
  { caches, scratch }: Pick<SandboxOrder, "caches" | "scratch">,
  exists: (path: string) => boolean,
): { from: string; to: string }[] =>
  scratch === null
    ? []
    : caches.flatMap(({ mode, path }, index) =>
        mode === "private" && exists(path) ? [{ from: path, to: `${scratch}/cache-${index}` }] : [],
      );

const fresh = (path: string): Mount => ({ kind: "fresh", path });
const bind = (kind: "read" | "write", path: string, from: string): Mount => ({ kind, path, from, optional: false });
const seen = (path: string): Mount => ({ kind: "read", path, from: path, optional: true });

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;
