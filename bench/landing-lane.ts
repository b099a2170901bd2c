/**
 * The lane, from the trunk's side: groups of what is waiting, as the engine's lane makes them, without its database.
 * Bare: changes as if they were taken in already. With intake: from workspaces that a worker has written into.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pLimit from "p-limit";
import type { Commit, RunId, SessionId, TaskId } from "../src/domain/ids.ts";
import { laneLimits, limitDefaults } from "../src/domain/limits.ts";
import { ConflictLeases } from "../src/engine/conflict-leases.ts";
import type { LandAnswer, Landing } from "../src/engine/ports.ts";
import { GitChange } from "../src/git/change.ts";
import type { Checkouts } from "../src/git/checkouts.ts";
import { Git } from "../src/git/git-process.ts";
import { takeIn } from "../src/git/intake.ts";
import { stageGroup } from "../src/git/landing.ts";
import { Mounts } from "../src/git/mounts.ts";
import { nameObject } from "../src/git/objects.ts";
import { OverlayCheckouts } from "../src/git/overlay-checkouts.ts";
import { packBlob } from "../src/git/pack.ts";
import { Places } from "../src/git/places.ts";
import { PooledCheckouts } from "../src/git/pooled-checkouts.ts";
import { writtenByGit } from "../src/git/fresh-folders.ts";
import { TrunkRepository } from "../src/git/trunk-repository.ts";
import { findRepository } from "../src/git/user-repository.ts";
import { GitWorkspace } from "../src/git/workspace.ts";
import type { LandingCase, LandingFigures } from "./landing-case.ts";
import { edited, fileOf, git, hotFile, isHot, type Generated } from "./landing-repository.ts";

const run = "bench" as RunId;

type Waiting = { landing: Landing; settle(answer: LandAnswer): void; fail(error: unknown): void };

export class LaneBench {
  readonly figures: LandingFigures = { landed: 0, seconds: 0, tries: [], ms: [] };
  readonly #one: LandingCase;
  readonly #trunk: TrunkRepository;
  readonly #state: string;
  readonly #files: string[];
  readonly #checkouts: Checkouts;
  readonly #oneAtATime = pLimit(1);
  readonly #intakes = pLimit(laneLimits.intakesAtOnce);
  readonly #leases = new ConflictLeases(limitDefaults.conflictLeaseMs);
  #waiting: Waiting[] = [];
  #tip: Commit;
  #ids = 0;

  private constructor(one: LandingCase, trunk: TrunkRepository, state: string, files: string[], tip: Commit) {
    this.#one = one;
    this.#trunk = trunk;
    this.#state = state;
    this.#files = files;
    this.#tip = tip;
    this.#checkouts =
      one.scheme === "overlay"
        ? new OverlayCheckouts(trunk, new Mounts(), join(state, "layers"))
        : new PooledCheckouts(trunk, join(state, "pool"), writtenByGit(process.env));
  }

  static async open(one: LandingCase, folder: string, origin: Generated): Promise<LaneBench> {
    const user = join(folder, "user");
    git(folder, "clone", "--quiet", "--shared", "--no-checkout", origin.path, user);
    const repository = await findRepository(new Git(process.env), user);
    const state = join(folder, "state");
    mkdirSync(state);
    const settings = { identity: { name: "Bench", email: "bench@localhost" }, signOff: false, onStep: () => undefined };
    const trunk = await TrunkRepository.open(new Git(process.env), repository, state, settings);
    const tip = git(user, "rev-parse", "HEAD") as Commit;
    await trunk.ensureCommit(run, tip);
    await trunk.moveBranch(run, null, tip);
    return new LaneBench(one, trunk, state, origin.files, tip);
  }

  async measure(): Promise<LandingFigures> {
    const { landers, landings } = this.#one;
    // The first read the trees once and run code that is not compiled yet; a run does that in its first seconds.
    await this.#landAll(landers);
    this.figures.seconds = this.figures.landed = this.figures.tries.length = this.figures.ms.length = 0;
    await this.#landAll(landings);
    return this.figures;
  }

  /** In rounds: all landers want to land at once. */
  async #landAll(landings: number): Promise<void> {
    const { landers, scheme } = this.#one;
    for (let done = 0; done < landings; done += landers) await (scheme === "bare" ? this.#bareRound() : this.#round());
    if (this.figures.landed % landers !== 0) throw new Error("not every lander has landed");
  }

  async #bareRound(): Promise<void> {
    const first = this.#ids;
    const { landers, overlap } = this.#one;
    const numbers = Array.from({ length: landers }, (_, n) => n);
    await this.#timed(() => Promise.all(numbers.map((n) => this.#landBare(n, isHot(first + n, overlap)))));
  }

  async #landBare(n: number, hot: boolean): Promise<void> {
    const path = hot ? hotFile : fileOf(this.#files, n);
    const began = this.#tip;
    let tries = 0;
    await this.#land(async () => {
      const { trees, reader } = this.#trunk.objects(run);
      const base = ++tries === 1 ? began : this.#tip;
      const entry = await trees.find(await trees.rootOf(base), path);
      const before = await reader.read(entry?.oid ?? "", "blob");
      const body = Buffer.from(edited(before.toString("utf8"), ++this.#ids, hot));
      const oid = nameObject("blob", body, base);
      return new GitChange(base, new Map([[path, { mode: "100644", oid }]]), [await packBlob(oid, body)]);
    });
  }

  /** Every lander has a workspace with a change in it, and all want to land at once. */
  async #round(): Promise<void> {
    const { overlap } = this.#one;
    const workspaces = await this.#workspaces(this.#checkouts);
    const first = this.#ids;
    const works = workspaces.map((workspace, n) => {
      const hot = isHot(first + n, overlap);
      const file = join(workspace.path, hot ? hotFile : fileOf(this.#files, n));
      writeFileSync(file, edited(readFileSync(file, "utf8"), ++this.#ids, hot));
      return { workspace, file, hot };
    });
    await this.#timed(() => Promise.all(works.map((work) => this.#landWorkspace(work))));
    for (const workspace of workspaces) await workspace.remove();
  }

  async #landWorkspace({
    workspace,
    file,
    hot,
  }: {
    workspace: GitWorkspace;
    file: string;
    hot: boolean;
  }): Promise<void> {
    const id = ++this.#ids;
    let tries = 0;
    await this.#land(async () => {
      if (++tries > 1) {
        // What a worker makes of a conflict: the same change on what is there now.
        const { trees, reader } = this.#trunk.objects(run);
        workspace.base = this.#tip;
        workspace.checkedOut = null;
        const entry = await trees.find(await trees.rootOf(this.#tip), hotFile);
        writeFileSync(file, edited((await reader.read(entry?.oid ?? "", "blob")).toString("utf8"), id, hot));
      }
      const intake = await this.#intakes(() => takeIn(this.#trunk, workspace));
      if (!intake.ok) throw new Error(intake.reasons.join("; "));
      return intake.change;
    });
  }

  /** Lands what `make` makes, again as long as it conflicts. */
  async #land(make: () => Promise<GitChange>): Promise<void> {
    const began = performance.now();
    const id = ++this.#ids;
    for (let tries = 1; ; tries++) {
      const landing = {
        change: await make(),
        cycle: 1,
        task: id as TaskId,
        session: id as SessionId,
        message: `Lander ${id}`,
      };
      const answer = await new Promise<LandAnswer>((settle, fail) => {
        this.#waiting.push({ landing, settle, fail });
        void this.#oneAtATime(() => this.#landWaiting());
      });
      if (answer.kind === "conflict") this.#leases.lost(landing.session, answer.files, Date.now());
      else this.#leases.release(landing.session);
      // Others may have waited for it.
      void this.#oneAtATime(() => this.#landWaiting());
      if (answer.kind === "conflict") continue;
      if (answer.kind !== "landed") throw new Error(`a change was answered: ${answer.kind}`);
      this.figures.landed++;
      this.figures.tries.push(tries);
      this.figures.ms.push(performance.now() - began);
      return;
    }
  }

  async #landWaiting(): Promise<void> {
    const group = this.#nextGroup();
    if (group.length === 0) return;
    try {
      const landings = group.map(({ landing }) => landing);
      const answer = await stageGroup(this.#trunk, run, this.#tip, landings);
      if (!(await this.#trunk.moveBranch(run, this.#tip, answer.tip)))
        throw new Error("the branch was moved by somebody else");
      this.#tip = answer.tip;
      for (const [n, { settle }] of group.entries()) {
        const one = answer.answers[n];
        if (one) settle(one);
      }
      await this.#trunk.objects(run).tidy();
    } catch (error) {
      for (const { fail } of group) fail(error);
    }
  }

  /** As the engine's lane orders them. */
  #nextGroup(): Waiting[] {
    const now = Date.now();
    const mayLand = ({ landing }: Waiting) =>
      this.#leases.waitsUntil(landing.session, landing.change.files, now) === null;
    const group = this.#waiting.filter(mayLand).slice(0, laneLimits.landingsPerGroupMax);
    this.#waiting = this.#waiting.filter((one) => !group.includes(one));
    return group;
  }

  async #timed(work: () => Promise<unknown>): Promise<void> {
    const from = performance.now();
    await work();
    this.figures.seconds += (performance.now() - from) / 1000;
  }

  async #workspaces(checkouts: Checkouts): Promise<GitWorkspace[]> {
    const atOnce = pLimit(2);
    const places = new Places(this.#state);
    const open = async (n: number) => {
      const place = places.of(run, `s${n}`);
      const how = { passed: null, cone: null };
      return new GitWorkspace(place, await checkouts.open(place, this.#tip, how), () => undefined);
    };
    return Promise.all(Array.from({ length: this.#one.landers }, (_, n) => atOnce(() => open(n))));
  }
}
