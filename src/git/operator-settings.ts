/**
 * Owns what of the operator's git a remote is reached with: which remote, and the settings that lead to their
 * credentials. Read from their repository each time, by their own git, so that a change of theirs holds at once.
 * Invariant: nothing but these settings comes along: no hook, no alias, no helper of another kind.
 */
import { isAbsolute, resolve } from "node:path";
import type { Git, OperatorSettings } from "./git-process.ts";
import type { UserRepository } from "./user-repository.ts";

const leadsToCredentials = /^(?:credential|http|ssh)\.|^core\.(?:sshcommand|gitproxy|askpass)$/;

export async function readOperatorSettings(git: Git, { topLevel }: UserRepository): Promise<OperatorSettings> {
  const listed = await git.runAsUser(["-C", topLevel, "config", "--list", "-z"]);
  return listed.stdout
    .toString("utf8")
    .split("\0")
    .flatMap((entry) => {
      const [name = "", ...value] = entry.split("\n");
      // Without a value it is a switch that is on.
      return leadsToCredentials.test(name) ? [[name, value.length === 0 ? "true" : value.join("\n")] as const] : [];
    });
}

/**
 * How git starts its other end in a folder of this machine: one of another user's it opens only where the operator's git
 * does, and no setting of one process reaches that other. None for what is elsewhere.
 */
export async function trustFolder(git: Git, { topLevel }: UserRepository, url: string): Promise<string | null> {
  if (!isAbsolute(url) && !url.startsWith("file://")) return null;
  const how = ["config", "--list", "-z", "--show-scope"];
  const listed = await git.runAsUser(["-C", topLevel, ...how]);
  const entries = listed.stdout.toString("utf8").split("\0");
  // As git does, whatever a repository says of itself.
  const trusted = entries.flatMap((entry, n) =>
    entry.startsWith("safe.directory\n") && ["system", "global"].includes(entries[n - 1] ?? "") ? [entry] : [],
  );
  const settings = trusted.map((entry) => `-c '${entry.replace("\n", "=").replaceAll("'", `'\\''`)}'`);
  return ["git", ...settings].join(" ");
}

/** The URL or folder of a remote, by its name or as it was written; null: the repository has no remote of this name. */
export async function locateRemote(
  git: Git,
  { topLevel }: UserRepository,
  remote: string,
  to: "push" | "fetch",
): Promise<string | null> {
  const isName = !/[/:]/.test(remote);
  const how = isName
    ? ["remote", "get-url", ...(to === "push" ? ["--push"] : []), "--", remote]
    : ["ls-remote", "--get-url", "--", remote];
  const answer = await git.runAsUser(["-C", topLevel, ...how], { exits: isName ? [0, 2, 128] : [0] });
  if (answer.exitCode !== 0) return null;
  const url = answer.stdout.toString("utf8").split("\n")[0] ?? "";
  return url.includes(":") || isAbsolute(url) ? url : resolve(topLevel, url);
}
