/** For tests of sparse workspaces: a repository of a few folders, and what is done with its workspaces. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import type { Workspace } from "../engine/ports.ts";
import { makeGitWorld, userGit, type GitWorld } from "./git-world.testsuite.ts";
import { landed, landNow, lines, named, runA, submission } from "./trunk-steps.testsuite.ts";

export const files = {
  "top.txt": "top\n",
  "app/main.ts": "main\n",
  "app/ui/button.ts": "button\n",
  "app/ui/deep/icon.ts": "icon\n",
  "app/net/http.ts": "http\n",
  "lib/.gitignore": "out/\n*.o\n",
  "lib/list.ts": lines(),
  "lib/kept.o": "tracked\n",
  "lib/sub/map.ts": "map\n",
  "docs/guide.md": "guide\n",
};

/** What a workspace for `app/ui` holds. */
export const ui = ["app/main.ts", "app/ui/button.ts", "app/ui/deep/icon.ts", "top.txt"];

export const git = (workspace: Workspace, ...args: string[]) => userGit(workspace.path, ...args);

/** Every file but those of the worker's git. */
export async function held({ path }: Workspace): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
  return paths.filter((name, n) => entries[n]?.isDirectory() === false && !name.startsWith(".git/")).toSorted();
}

/** One for each test of the file. */
export function sparseWorld() {
  // Many processes on a busy machine.
  vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
  let world: GitWorld;
  let opened: number;
  beforeEach(async () => {
    opened = 0;
    world = await makeGitWorld(files, { sparse: true });
    // Tracked, though it is ignored.
    await userGit(world.repository, "add", "-f", "lib/kept.o");
    await userGit(world.repository, "commit", "-q", "-m", "kept");
    world.base = (await world.trunk.resolveBase()).base;
    await world.trunk.begin(runA, world.base);
  });
  afterEach(() => world.close());
  const land = (workspace: Workspace) => landNow(world.trunk, runA, workspace, submission(opened));
  return {
    get world() {
      return world;
    },
    open: async (scope: string[] = ["app/ui"], kept: string | null = null) =>
      world.trunk.openWorkspace(runA, named(++opened), await world.trunk.tip(runA), { kept, scope }),
    land,
    landedFiles: async (workspace: Workspace) => landed(await land(workspace)).files.toSorted(),
  };
}
