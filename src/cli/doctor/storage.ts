/** `longhaul doctor`: where the runs are kept. Makes nothing, and changes nothing of what is there. */
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl } from "../../config.ts";
import type { EnvironmentError } from "../../domain/environment-error.ts";
import { absent, good, lacking, starred, type Finding } from "../../domain/finding.ts";
import { doctorLimits } from "../../domain/limits.ts";
import { storeAge, type StoreAge } from "../../store/migrations.ts";
import { openPostgres } from "../../store/postgres.ts";
import { openSqlite } from "../../store/sqlite.ts";
import { storeFault } from "../project.ts";

export type Storage =
  /** `age` null: there is no file yet. */
  | { kind: "file"; path: string; age: StoreAge | null }
  /** `url` may hold a password. */
  | { kind: "server"; url: string; age: StoreAge }
  | { kind: "fault"; place: string; fault: EnvironmentError }
  /** Without a repository there is no place for a file. */
  | { kind: "nowhere" };

export async function lookAtStorage(topLevel: string | null): Promise<Storage> {
  if (databaseUrl !== null) {
    const place = `DATABASE_URL, ${serverOf(databaseUrl)}`;
    try {
      return { kind: "server", url: databaseUrl, age: await ageOf(openPostgres(databaseUrl, doctorLimits.databaseMs)) };
    } catch (cause) {
      return { kind: "fault", place, fault: storeFault(cause, place) };
    }
  }
  if (topLevel === null) return { kind: "nowhere" };
  const path = join(topLevel, ".longhaul", "longhaul.db");
  try {
    if (await isThere(path)) return { kind: "file", path, age: await ageOf(openSqlite(path, Date)) };
    const folder = join(topLevel, ".longhaul");
    await access((await isThere(folder)) ? folder : topLevel, constants.W_OK);
    return { kind: "file", path, age: null };
  } catch (cause) {
    return { kind: "fault", place: path, fault: storeFault(cause, path) };
  }
}

async function ageOf(database: Parameters<typeof storeAge>[0]): Promise<StoreAge> {
  try {
    return await storeAge(database);
  } finally {
    await database.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

/** Who keeps it and where, without whoever logs in and with what. */
export function serverOf(url: string): string {
  if (!URL.canParse(url)) return "which is no address";
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** As it stands in an address, and as it is meant. */
export function passwordsIn(url: string): string[] {
  if (!URL.canParse(url)) return [url];
  const { password, searchParams } = new URL(url);
  const own = [password, searchParams.get("password") ?? ""].filter((each) => each !== "");
  return [
    ...new Set([url, ...own, ...own.flatMap((each) => (/%[0-9a-f]{2}/i.test(each) ? [decodeURIComponent(each)] : []))]),
  ];
}

export function storageFindings(storage: Storage): Finding[] {
  const at = { group: "storage", name: "runs" } as const;
  switch (storage.kind) {
    case "file":
      return [good(at, `${storage.path}${storage.age === null ? ", made with the first run" : ageWords[storage.age]}`)];
    case "server":
      return [good(at, `${serverOf(storage.url)}${ageWords[storage.age]}`)];
    case "nowhere":
      return [absent(at, "not looked at: they are kept in the repository")];
    case "fault": {
      const { place, fault } = storage;
      // Drivers quote what they were given.
      const problem = databaseUrl === null ? fault.problem : starred(fault.problem, passwordsIn(databaseUrl));
      return [lacking(at, `${place}: ${problem}`, fault.mend)];
    }
  }
}

const ageWords: { [A in StoreAge]: string } = {
  empty: ", empty: its tables are made with the first run",
  older: ", of an older version: it is brought up to date with the next run",
  current: "",
};
