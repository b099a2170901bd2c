/** Owns the reading of objects from the trunk's store, through one `git cat-file` that stays. */
import { gitLimits } from "../domain/limits.ts";
import { GitError } from "./git-process.ts";
import type { Came, GitService } from "./git-service.ts";
import type { ObjectKind } from "./objects.ts";

export class ObjectReader {
  readonly #service: GitService;

  /** `service`: of `cat-file --batch-command`. */
  constructor(service: GitService) {
    this.#service = service;
  }

  /** The content of an object that must be there. */
  async read(oid: string, kind: ObjectKind): Promise<Buffer> {
    const found = await this.#ask<{ header: string; body: Buffer | null }>(`contents ${oid}\n`, (came) => {
      const header = came.line();
      if (header === undefined) return undefined;
      const size = / (\d+)$/.exec(header)?.[1];
      if (size === undefined) return came.done({ header, body: null });
      // A line end follows the content.
      const body = came.bytes(Number(size) + 1);
      return body && came.done({ header, body: body.subarray(0, Number(size)) });
    });
    if (found.body === null || !found.header.startsWith(`${oid} ${kind} `))
      throw new Error(`the trunk's store has no ${kind} ${oid}: ${found.header}`);
    return found.body;
  }

  /** A blob; null: it is larger than `bytesMax`. */
  async readUpTo(oid: string, bytesMax: number): Promise<Buffer | null> {
    const header = await this.#ask(`info ${oid}\n`, (came) => {
      const line = came.line();
      return line === undefined ? undefined : came.done(line);
    });
    const size = Number(/ blob (\d+)$/.exec(header)?.[1]);
    if (Number.isNaN(size)) throw new Error(`the trunk's store has no blob ${oid}: ${header}`);
    return size > Math.min(bytesMax, gitLimits.outputBytesMax) ? null : this.read(oid, "blob");
  }

  /** Once more, should git have been gone before it was asked: reading changes nothing. */
  async #ask<T>(request: string, take: (came: Came) => { value: T } | undefined): Promise<T> {
    try {
      return await this.#service.ask(request, take);
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      return this.#service.ask(request, take);
    }
  }
}
