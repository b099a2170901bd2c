/** Owns the private `.git` that a worker gets: one that works, and borrows the trunk's objects. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readShallow, type TrunkRepository } from "./trunk-repository.ts";

/** A git folder that borrows the trunk's objects, written as files: no process, no template. */
export async function writeGitFolder(
  trunk: TrunkRepository,
  folder: string,
  files: { [name: string]: string },
  options: { bare: boolean; sha256: boolean },
): Promise<void> {
  await mkdir(join(folder, "objects", "info"), { recursive: true });
  await mkdir(join(folder, "refs", "heads"), { recursive: true });
  await mkdir(join(folder, "info"));
  await writeFile(join(folder, "objects", "info", "alternates"), `${join(trunk.gitDir, "objects")}\n`);
  const { bare, sha256 } = options;
  const config = [
    "[core]",
    `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
    `\tbare = ${bare}`,
    "\tfilemode = true",
    "[gc]",
    "\tauto = 0",
    ...(sha256 ? ["[extensions]", "\tobjectformat = sha256"] : []),
    "[user]",
    `\tname = ${quote(trunk.identity.name)}`,
    `\temail = ${quote(trunk.identity.email)}`,
  ];
  const shallow = await readShallow(trunk.gitDir);
  const all: { [name: string]: string } = {
    ...files,
    config: `${config.join("\n")}\n`,
    ...(shallow === null ? {} : { shallow }),
  };
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text);
}

const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, " ")}"`;
