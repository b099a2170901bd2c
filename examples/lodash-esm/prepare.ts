/** Makes the repository that the run migrates: `prepare.ts FOLDER`. The published lodash package in one commit. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

/** The folder of the original package, which stays what the migrated one is compared with. */
export const originalLodash = (): string => dirname(createRequire(import.meta.url).resolve("lodash/package.json"));

/** Same bytes, author and date, so the same commit every time. Returns the commit. */
export function prepare(folder: string): string {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new Error(`${target} is not empty: give a new folder`);
  mkdirSync(target, { recursive: true });
  cpSync(originalLodash(), target, {
    recursive: true,
    filter: (path) => !path.endsWith(join("lodash", "node_modules")),
  });
  git(target, "init", "--quiet", "--initial-branch=main", "--template=");
  git(target, "add", "--all", "--force");
  git(target, "commit", "--quiet", "--message", "lodash as published: CommonJS");
  return git(target, "rev-parse", "HEAD").trim();
}

function git(cwd: string, ...args: string[]): string {
  const settings = [
    "user.name=Longhaul example",
    "user.email=example@longhaul.invalid",
    "commit.gpgsign=false",
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.fileMode=false",
  ];
  const date = "2025-01-01T00:00:00Z";
  return execFileSync("git", [...settings.flatMap((setting) => ["-c", setting]), ...args], {
    cwd,
    encoding: "utf8",
    // A user's own settings must not change the commit; a surrounding repository must not take it.
    env: {
      ...process.env,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_INDEX_FILE: undefined,
    },
  });
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error("usage: prepare.ts FOLDER");
    process.exit(2);
  }
  try {
    console.log(`${resolve(folder)} ${prepare(folder)}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
