/** Owns reading one file of the workspace whole, within its bound, and telling text from what is none. */
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { toolLimits } from "../../domain/limits.ts";
import { found, refuse, type Outcome } from "./answer.ts";
import { openFile, pathFault, type Place } from "./place.ts";

export type ReadFile = { bytes: Buffer; stats: BigIntStats; place: Place };

const megabytes = toolLimits.fileBytesMax / 1_048_576;

export async function readWhole(workspace: string, path: string): Promise<Outcome<ReadFile>> {
  const opened = await openFile(workspace, path);
  if (!opened.ok) return opened;
  const { handle, stats, place } = opened.value;
  try {
    const bytes = stats.size > toolLimits.fileBytesMax ? null : await pour(handle, Number(stats.size));
    if (bytes !== null) return found({ bytes, stats, place });
    const size = bytes === null && stats.size > 0n ? ` (${stats.size} bytes)` : "";
    return refuse(
      `${place.shown} is too big${size}: files up to ${megabytes} MB are opened whole; use search, or a command such as sed -n '1,200p'`,
    );
  } catch (error) {
    return pathFault(error, place.shown);
  } finally {
    await handle.close();
  }
}

/** null: it has grown beyond the bound while it was read. No size is trusted: files of `/proc` say 0. */
async function pour(handle: FileHandle, size: number): Promise<Buffer | null> {
  let buffer = Buffer.allocUnsafe(size + 1);
  for (let total = 0; ;) {
    if (total === buffer.length) {
      if (total > toolLimits.fileBytesMax) return null;
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.min(total, toolLimits.fileBytesMax) + 1)]);
    }
    const { bytesRead } = await handle.read(buffer, total, buffer.length - total, total);
    if (bytesRead === 0) return total > toolLimits.fileBytesMax ? null : buffer.subarray(0, total);
    total += bytesRead;
  }
}

export const isBinary = (bytes: Buffer): boolean => bytes.includes(0);

/** The text exactly, so that writing it again gives the same bytes; null: these are not UTF-8. */
export function exactText(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** A file that is to be changed as a text. */
export async function readExact(workspace: string, path: string): Promise<Outcome<ReadFile & { text: string }>> {
  const read = await readWhole(workspace, path);
  if (!read.ok) return read;
  const { bytes, place } = read.value;
  if (isBinary(bytes))
    return refuse(`${place.shown} is a binary file (it contains NUL bytes); change it with a command`);
  const text = exactText(bytes);
  if (text === null)
    return refuse(`${place.shown} is not valid UTF-8; change it with a command, or it would be damaged`);
  return found({ ...read.value, text });
}
