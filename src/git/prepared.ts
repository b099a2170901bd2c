/**
 * Owns what `prepare` commands made of a commit, as a layer that others stand on: what they added beside its files. Made on top of an
 * earlier one it has only what became different. Invariant: a layer is there while anybody, or a later one, stands on it.
 */
export class Prepared {
  readonly #name: string;
  readonly #below: Prepared | null;
  /** What git is to leave alone, and by the rules of the work tree does not; some of it may be gone. Topmost paths, latin1. */
  readonly notIgnored: readonly string[];
  /** As many layers, this one included. */
  readonly depth: number;
  /** Whoever makes it holds it. */
  #holds = 1;

  constructor(name: string, notIgnored: readonly string[], below: Prepared | null) {
    this.#name = name;
    this.#below = below;
    this.depth = 1 + (below?.depth ?? 0);
    this.notIgnored = [...new Set([...(below?.notIgnored ?? []), ...notIgnored])];
    below?.hold();
  }

  /** The topmost first. */
  get layers(): string[] {
    return [this.#name, ...(this.#below?.layers ?? [])];
  }

  hold(): void {
    this.#holds++;
  }

  /** Takes one hold back; answers the layers that nobody needs any more. */
  release(): string[] {
    this.#holds--;
    return this.#holds > 0 ? [] : [this.#name, ...(this.#below?.release() ?? [])];
  }
}
