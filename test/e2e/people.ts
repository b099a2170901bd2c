/** People who work on the project beside a run, on a remote of it. */
import { execFileSync } from "node:child_process";
import type { World } from "./world.ts";

/** The project's remote, `origin`. */
export function withRemote(world: World): void {
  execFileSync("git", ["clone", "-q", "--bare", world.repository, world.path("remote.git")]);
  world.git("remote", "add", "origin", "../remote.git");
}

/** Somebody pushes a change of one file to main, out of a clone of their own. Answers the commit. */
export function push(world: World, path: string, text: string): string {
  const folder = world.path("colleague");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=Bo", "-c", "user.email=bo@example.org", ...args], {
      encoding: "utf8",
    }).trim();
  execFileSync("sh", ["-c", `[ -d ${folder} ] || git clone -q ${world.path("remote.git")} ${folder}`]);
  git("pull", "-q", "origin", "main");
  world.write(`colleague/${path}`, text);
  git("add", "--all");
  git("commit", "-q", "-m", `Change ${path}`);
  git("push", "-q", "origin", "HEAD:main");
  return git("rev-parse", "HEAD");
}
