/** What of a run goes to which branches of a remote, and which of them it follows. Pure. */

export type PublishConfig = {
  /** A remote of the user's repository by its name, or where it is: a URL without a password, or a folder. */
  remote: string;
  /** Branches there; `{run}` stands for the run's id. */
  trunk: string;
  green: string;
  /** The branch that people push to, whose commits are to come onto the trunk; null: none. */
  follow: string | null;
};

export const publishDefaults = { trunk: "longhaul/{run}", green: "longhaul/{run}-green" };

/** Why this cannot be a branch's name; null: it can. */
export function branchFault(name: string): string | null {
  const plain = /^[\p{L}\p{N}_][\p{L}\p{N}_./+-]*$/u.test(name.replaceAll("{run}", "run"));
  const fits = plain && !/\.\.|\/\/|\/\.|\.$|\/$|\.lock(?:\/|$)/.test(name);
  return fits ? null : `${JSON.stringify(name)} is not a name for a branch`;
}

/** Why this cannot be a remote; null: it can. */
export function remoteFault(remote: string): string | null {
  if (remote.startsWith("-") || /[\s\p{Cc}]/u.test(remote)) return "a remote is a name, a URL or a folder";
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/@[]*:(?!\d*\/).*@/i.test(remote))
    return "the URL holds a password, which would be stored with the run: name a remote of the repository, or use a credential helper";
  if (/^[a-z0-9+-]+::/i.test(remote)) return "a URL of this kind runs a program: it is not followed";
  return null;
}

/** A text of git's without what may stand in a URL besides the place: names, passwords, tokens. */
export function withoutCredentials(text: string): string {
  return (
    text
      .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/gi, "$1")
      // A password that should have been escaped; what looks like a port is none.
      .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s:[]*:(?!\d*\/)[^\s'"]*@/gi, "$1")
      .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?#'"]*)[?#][^\s'"]*/gi, "$1")
  );
}

/** What the remote has at a branch, as far as a push is concerned. `ours`: what stands there has come from this trunk. */
export type Standing = { branch: string; wanted: string; there: string | null; ours: boolean };
export type PushPlan = {
  /** `lease`: what has to be there still; null: nothing. */
  push: { branch: string; wanted: string; lease: string | null }[];
  faults: string[];
};

/** Only what is ours, or not there yet, is moved. */
export function planPush(standings: readonly Standing[]): PushPlan {
  const plan: PushPlan = { push: [], faults: [] };
  for (const { branch, wanted, there, ours } of standings) {
    if (there === wanted) continue;
    if (there === null || ours) plan.push.push({ branch, wanted, lease: there });
    else
      plan.faults.push(
        `the branch ${branch} has commits there that are not from this run (${there.slice(0, 12)}): it is left alone; move it away, or name another under publish`,
      );
  }
  return plan;
}
