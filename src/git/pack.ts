/**
 * Owns the writing of packs: many objects as two files, the pack and its index, both as git defines them
 * (gitformat-pack). Pure. No deltas: maintenance makes those.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { crc32, deflate, deflateSync, type ZlibOptions } from "node:zlib";
import { gitLimits } from "../domain/limits.ts";
import type { ObjectKind } from "./objects.ts";

/** An object as it stands in a pack: `packed` is its header and its content, compressed. */
export type PackedObject = { readonly oid: string; readonly packed: Buffer };

const deflateAside = promisify<Buffer, ZlibOptions, Buffer>(deflate);
const kinds = { commit: 1, tree: 2, blob: 3 } as const;

export function packObject(kind: ObjectKind, oid: string, body: Buffer): PackedObject {
  const deflated = deflateSync(body, { level: 1 });
  return { oid, packed: Buffer.concat([objectHeader(kind, body.length), deflated]) };
}

/** The same for a blob, beside other work when it is large. */
export async function packBlob(oid: string, body: Buffer): Promise<PackedObject> {
  if (body.length <= gitLimits.readAtOnceBytesMax) return packObject("blob", oid, body);
  const deflated = await deflateAside(body, { level: 1 });
  return { oid, packed: Buffer.concat([objectHeader("blob", body.length), deflated]) };
}

/** Kind and size; the lowest four bits of the size first, then seven at a time. */
function objectHeader(kind: ObjectKind, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (kinds[kind] << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest & 127;
  }
  return Buffer.from([...bytes, byte]);
}

/** `name`: what the files are called after, `pack-<name>.pack` and `.idx`. */
export type Pack = { name: string; pack: Buffer; index: Buffer };

/** Each object once, at least one. */
export function makePack(objects: readonly PackedObject[]): Pack {
  const algorithm = objects[0]?.oid.length === 64 ? "sha256" : "sha1";
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  const checksum = (parts: Buffer[]) => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const content = [header, ...objects.map(({ packed }) => packed)];
  const sum = checksum(content);
  const index = makeIndex(objects, sum);
  return {
    name: sum.toString("hex"),
    pack: Buffer.concat([...content, sum]),
    index: Buffer.concat([index, checksum([index])]),
  };
}

/** Version 2: fan-out, names, checksums, offsets, each in the order of the names. */
function makeIndex(objects: readonly PackedObject[], packSum: Buffer): Buffer {
  let offset = 12;
  const placed = objects.map(({ oid, packed }) => {
    const one = { oid, crc: crc32(packed), offset };
    offset += packed.length;
    return one;
  });
  // A larger offset would need a table of its own; groups are bounded far below.
  if (offset >= 2 ** 31) throw new Error(`a pack of ${offset} bytes is too big`);
  placed.sort((one, other) => (one.oid < other.oid ? -1 : 1));
  const counts = Buffer.alloc(8 + 256 * 4);
  counts.writeUInt32BE(0xff744f63, 0);
  counts.writeUInt32BE(2, 4);
  for (let byte = 0, at = 0; byte < 256; byte++) {
    while (at < placed.length && parseInt(placed[at]?.oid.slice(0, 2) ?? "", 16) <= byte) at++;
    counts.writeUInt32BE(at, 8 + byte * 4);
  }
  const numbers = Buffer.alloc(placed.length * 8);
  for (const [n, { crc, offset: at }] of placed.entries()) {
    numbers.writeUInt32BE(crc, n * 4);
    numbers.writeUInt32BE(at, (placed.length + n) * 4);
  }
  return Buffer.concat([counts, ...placed.map(({ oid }) => Buffer.from(oid, "hex")), numbers, packSum]);
}
