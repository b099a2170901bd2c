/**
 * What a sandbox sees, as a list of mounts for bubblewrap. Pure. Invariant: a folder is mounted before what lies below it,
 * so nothing covers what was given on purpose, and nothing private shows through from above.
 */
import type { SandboxOrder } from "./sandbox.ts";
import type { SystemFile } from "./system-files.ts";

export type MountsOrder = Pick<SandboxOrder, "writable" | "placed" | "readable" | "hidden" | "caches" | "scratch"> & {
  system: readonly SystemFile[];
  home: string;
  tmpBytes: number;
  /** bubblewrap can bound a tmpfs. */
  canSize: boolean;
};

/** `rank`: of those at one place, the last one is seen. */
type Mount = { path: string; rank: number; words: readonly string[] };

export function mountWords(order: MountsOrder): string[] {
  const { system, home, scratch, caches, readable, hidden, writable, placed } = order;
  const fresh = (path: string) => [...(order.canSize ? ["--size", String(order.tmpBytes)] : []), "--tmpfs", path];
  const own = (path: string, name: string) => (scratch === null ? fresh(path) : ["--bind", `${scratch}/${name}`, path]);
  const mounts: Mount[] = [
    ...system.map((file) =>
      mount(file.path, 0, file.kind === "link" ? ["--symlink", file.to] : ["--ro-bind", file.from]),
    ),
    { path: "/run", rank: 0, words: fresh("/run") },
    { path: "/tmp", rank: 1, words: own("/tmp", "tmp") },
    ...outermost(readable, [...hidden, home, "/tmp", "/run"]).map((path) => mount(path, 2, ["--ro-bind-try", path])),
    ...hidden.map((path) => ({ path, rank: 3, words: fresh(path) })),
    { path: home, rank: 4, words: own(home, "home") },
    ...caches.map(({ path, mode }, index) =>
      mode === "read-only"
        ? mount(path, 5, ["--ro-bind-try", path])
        : { path, rank: 5, words: own(path, `cache-${index}`) },
    ),
    ...writable.map((path) => mount(path, 6, ["--bind", path])),
    ...placed.map(({ at, file }) => mount(at, 7, ["--bind", file])),
  ];
  return mounts.toSorted((a, b) => depth(a.path) - depth(b.path) || a.rank - b.rank).flatMap(({ words }) => [...words]);
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

const mount = (path: string, rank: number, words: readonly string[]): Mount => ({
  path,
  rank,
  words: [...words, path],
});

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;
