/** Owns whether another session fits on the machine. Pure. */
import { acpLimits } from "./limits.ts";

/** What may still be taken, or what one session is going to take. */
export type Room = { diskBytes: number; memoryBytes: number };
export type Shortage = { of: "disk" | "memory"; neededBytes: number; freeBytes: number };

/** Of free memory, what programs may take: some stays free whoever starts. May be below 0. */
export const memoryFor = (freeBytes: number): number => freeBytes - acpLimits.freeBytesMin;

/** One look at the machine: who is admitted takes its part of what is left for the next. */
export class Admission {
  #left: Room;
  #running: number;
  #shortage: Shortage | null = null;

  /** `left`: what nobody has, and nobody was promised. */
  constructor(left: Room, running: number) {
    this.#left = left;
    this.#running = running;
  }

  /** Why somebody was turned away; null: nobody was. */
  get shortage(): Shortage | null {
    return this.#shortage;
  }

  /** A session that is alone is always admitted: nothing would ever make room for it, and its failure says what is wrong. */
  admit(needs: Room): boolean {
    const short = this.#running > 0 ? shortageOf(this.#left, needs) : null;
    if (short) {
      this.#shortage ??= short;
      return false;
    }
    this.#left = {
      diskBytes: this.#left.diskBytes - needs.diskBytes,
      memoryBytes: this.#left.memoryBytes - needs.memoryBytes,
    };
    this.#running++;
    return true;
  }
}

function shortageOf(left: Room, needs: Room): Shortage | null {
  if (left.diskBytes < needs.diskBytes) return { of: "disk", neededBytes: needs.diskBytes, freeBytes: left.diskBytes };
  // Of an agent that nobody knows the memory of, none is asked.
  if (needs.memoryBytes > 0 && left.memoryBytes < needs.memoryBytes)
    return { of: "memory", neededBytes: needs.memoryBytes, freeBytes: left.memoryBytes };
  return null;
}

export function describeShortage({ of, neededBytes, freeBytes }: Shortage): string {
  const megabytes = (bytes: number) => `${Math.max(0, Math.floor(bytes / 1_048_576))} MB`;
  const room = of === "disk" ? "on the disk" : "of memory";
  return `another session needs ${megabytes(neededBytes)} ${room}, and ${megabytes(freeBytes)} may still be taken`;
}
