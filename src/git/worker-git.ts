/** Owns the private `.git` that a worker gets: one that works, and borrows the trunk's objects. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readShallow, type TrunkRepository } from "./trunk-repository.ts";

export const patternsFile = "info/sparse-checkout";

/** `patterns`: of the sparse checkout, in cone mode; null or left out: all is checked out. */
type Shape = { bare: boolean; sha256: boolean; patterns?: Buffer | null };

/** A git folder that borrows the trunk's objects, written as files: no process, no template. */
export async function writeGitFolder(
  trunk: TrunkRepository,
  folder: string,
  files: { [name: string]: string | Buffer },
  { bare, sha256, patterns = null }: Shape,
): Promise<void> {
  await mkdir(join(folder, "objects", "info"), { recursive: true });
  await mkdir(join(folder, "refs", "heads"), { recursive: true });
  await mkdir(join(folder, "info"));
  await writeFile(join(folder, "objects", "info", "alternates"), `${join(trunk.gitDir, "objects")}\n`);
  const config = [
    "[core]",
    `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
    `\tbare = ${bare}`,
    "\tfilemode = true",
    ...(patterns === null ? [] : ["\tsparseCheckout = true", "\tsparseCheckoutCone = true"]),
    // One entry for a folder of which nothing is there: an index as small as what is checked out.
    ...(patterns === null ? [] : ["[index]", "\tsparse = true"]),
    "[gc]",
    "\tauto = 0",
    ...(sha256 ? ["[extensions]", "\tobjectformat = sha256"] : []),
    "[user]",
    `\tname = ${quote(trunk.identity.name)}`,
    `\temail = ${quote(trunk.identity.email)}`,
  ];
  const shallow = await readShallow(trunk.gitDir);
  const all: { [name: string]: string | Buffer } = {
    ...files,
    config: `${config.join("\n")}\n`,
    ...(patterns === null ? {} : { [patternsFile]: patterns }),
    ...(shallow === null ? {} : { shallow }),
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
}

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, " ")}"`;
