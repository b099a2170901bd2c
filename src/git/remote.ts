/**
 * Owns what passes between the trunk's repository and a remote. Invariants: only the branches that the configuration
 * names are moved there, only from where this trunk has put them, and only if they are there still; what comes from
 * there is checked and touches one ref of ours; nothing that is told holds a password.
 */
import type { Commit, RunId } from "../domain/ids.ts";
import { gitLimits } from "../domain/limits.ts";
import {
  planPush,
  withoutCredentials,
  type PublishConfig,
  type PushPlan,
  type Standing,
} from "../domain/publish-config.ts";
import { cutEnd } from "../domain/text.ts";
import type { Exchange, Remote } from "../engine/remote-port.ts";
import { showLine } from "./entry-rules.ts";
import { GitError, type Git, type GitCall, type GitResult, type OperatorSettings } from "./git-process.ts";
import { locateRemote, readOperatorSettings, trustFolder } from "./operator-settings.ts";
import { asCommit, followedRef, type TrunkRepository } from "./trunk-repository.ts";
import type { UserRepository } from "./user-repository.ts";

/** A way to the remote, with what it takes to go there. `there`: how git is started in a folder; null: as ever. */
type Way = { url: string; settings: OperatorSettings; there: string | null };
type Pushed = Exchange["pushed"];

export class GitRemote implements Remote {
  readonly #trunk: TrunkRepository;
  readonly #user: UserRepository;
  readonly #config: PublishConfig;

  constructor(trunk: TrunkRepository, user: UserRepository, config: PublishConfig) {
    this.#trunk = trunk;
    this.#user = user;
    this.#config = config;
  }

  async exchange(run: RunId, green: Commit | null): Promise<Exchange> {
    const wanted = new Map([[named(this.#config.trunk, run), await this.#trunk.tip(run)]]);
    if (green !== null) wanted.set(named(this.#config.green, run), green);
    const faults = new Set<string>();
    const pushed = await orFault(faults, [], () => this.#push(run, wanted, faults));
    const { follow } = this.#config;
    const followed = follow === null ? null : await orFault(faults, null, () => this.#fetch(run, follow));
    return { pushed, faults: [...faults], followed };
  }

  async #push(run: RunId, wanted: ReadonlyMap<string, Commit>, faults: Set<string>): Promise<Pushed> {
    const way = await this.#way("push");
    const there = await listBranches(this.#trunk.git, way, this.#trunk.at(run), [...wanted.keys()]);
    const standings: Standing[] = [];
    for (const [branch, commit] of wanted) {
      const at = there.get(branch) ?? null;
      standings.push({ branch, wanted: commit, there: at, ours: at !== null && (await this.#trunk.isOurs(run, at)) });
    }
    const plan = planPush(standings);
    for (const fault of plan.faults) faults.add(fault);
    return plan.push.length === 0 ? [] : this.#pushPlanned(run, way, plan, faults);
  }

  async #pushPlanned(run: RunId, way: Way, { push }: PushPlan, faults: Set<string>): Promise<Pushed> {
    const leases = push.map(({ branch, lease }) => `--force-with-lease=refs/heads/${branch}:${lease ?? ""}`);
    const specs = push.map(({ branch, wanted }) => `${wanted}:refs/heads/${branch}`);
    const how = ["push", "--porcelain", "--no-verify", "--no-recurse-submodules", ...leases];
    const answer = await reach(
      this.#trunk.git,
      way,
      [...how, "--", way.url, ...specs],
      this.#trunk.at(run, { exits: [0, 1] }),
    );
    const refusals = new Map(answer.stdout.toString("utf8").split("\n").flatMap(readPushed));
    const remote = answer.stderr.split("\n").filter((line) => line.startsWith("remote:"));
    return push.flatMap(({ branch, wanted }) => {
      const refusal = refusals.get(`refs/heads/${branch}`);
      if (refusal === null) return [{ branch, commit: asCommit(wanted) }];
      const said = [refusal ?? "git did not say why", ...remote].join(" ");
      faults.add(`the branch ${branch} was not taken: ${words(said)}`);
      return [];
    });
  }

  #way(to: "push" | "fetch"): Promise<Way> {
    return wayTo(this.#trunk.git, this.#user, this.#config.remote, to);
  }

  async #fetch(run: RunId, follow: string): Promise<Commit> {
    const way = await this.#way("fetch");
    const ref = followedRef(run);
    const how = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
    const call = this.#trunk.at(run);
    const args = ["fetch", ...how, "--", way.url, `+refs/heads/${follow}:${ref}`];
    await this.#trunk.objects(run).wholeOrNothing(() => reach(this.#trunk.git, way, args, call));
    const found = await this.#trunk.git.run(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`], {
      ...call,
      exits: [0, 1],
    });
    // git passes over what would make the trunk shallow, and counts that as done.
    if (found.exitCode === 1) throw new RemoteFault(`the branch ${follow} there is shallow: it cannot be followed`);
    return asCommit(found.stdout.toString().trim());
  }
}

/** For `longhaul doctor`: can it be reached, and is the branch there that is to be followed? `missing`: that branch. */
export async function lookAtRemote(
  git: Git,
  user: UserRepository,
  { remote, follow }: PublishConfig,
): Promise<{ faults: string[]; missing: string | null }> {
  const faults = new Set<string>();
  const look = async (to: "push" | "fetch") =>
    listBranches(git, await wayTo(git, user, remote, to), {}, [follow ?? "HEAD"]);
  await orFault(faults, null, () => look("push"));
  const found = follow === null ? null : await orFault(faults, null, () => look("fetch"));
  return { faults: [...faults], missing: follow !== null && found?.size === 0 ? follow : null };
}

/** Where these branches are there. */
async function listBranches(
  git: Git,
  way: Way,
  call: GitCall,
  branches: readonly string[],
): Promise<Map<string, string>> {
  const refs = branches.map((branch) => `refs/heads/${branch}`);
  const { stdout } = await reach(git, way, ["ls-remote", "--refs", "--", way.url, ...refs], call);
  const lines = stdout.toString("utf8").split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [commit = "", ref = ""] = line.split("\t");
      return [ref.replace(/^refs\/heads\//, ""), asCommit(commit)];
    }),
  );
}

async function wayTo(git: Git, user: UserRepository, remote: string, to: "push" | "fetch"): Promise<Way> {
  const url = await locateRemote(git, user, remote, to);
  if (url === null) throw new RemoteFault(`the repository has no remote of the name ${remote}`);
  return { url, settings: await readOperatorSettings(git, user), there: await trustFolder(git, user, url) };
}

async function reach(
  git: Git,
  { settings, there }: Way,
  [command = "", ...args]: string[],
  call: GitCall,
): Promise<GitResult> {
  const end = command === "push" ? "receive-pack" : "upload-pack";
  const how = there === null ? [] : [`--${end}=${there} ${end}`];
  try {
    return await git.reach([command, ...how, ...args], { ...call, timeoutMs: gitLimits.remoteMs }, settings);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new RemoteFault(words(error.message), { cause: error });
  }
}

/** What keeps the remote from doing its part. */
class RemoteFault extends Error {}

async function orFault<T>(faults: Set<string>, otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RemoteFault)) throw error;
    faults.add(error.message);
    return otherwise;
  }
}

/** What git or the remote said, on one line. */
function words(text: string): string {
  const line = withoutCredentials(text).replace(/\s+/g, " ").trim();
  return showLine(cutEnd(line, gitLimits.remoteFaultBytesMax));
}

const named = (branch: string, run: RunId) => branch.replaceAll("{run}", run);

/** A line of `push --porcelain`: which branch, and why not; null: it was moved. */
function readPushed(line: string): [string, string | null][] {
  const [flag = "", refs = "", ...summary] = line.split("\t");
  const branch = /^[^:]*:(.+)$/.exec(refs)?.[1];
  if (flag.length !== 1 || branch === undefined) return [];
  return [[branch, flag === "!" ? summary.join(" ") : null]];
}
