/** What `longhaul doctor` found of one thing that a run may need, and whether a run could start with all that was found. */

export const findingGroups = [
  "tool chain",
  "repository",
  "storage",
  "machine",
  "configuration",
  "models",
  "coding agents",
  "trials",
] as const;
export type FindingGroup = (typeof findingGroups)[number];

export type Finding = {
  group: FindingGroup;
  /** What was looked at: `git`, `worker`, `anthropic`. Unique within its group. */
  name: string;
  /** In words; a line end separates lines that belong together. */
  found: string;
} & (
  | { state: "good"; mend: null }
  /** Not there, and nothing of the configuration needs it. */
  | { state: "absent"; mend: string | null }
  /** A run could start, and would not go as it should. */
  | { state: "doubtful"; mend: string | null }
  /** No run can start. */
  | { state: "lacking"; mend: string }
);

type Place = { group: FindingGroup; name: string };

export const good = (at: Place, found: string): Finding => ({ ...at, state: "good", found, mend: null });
export const absent = (at: Place, found: string, mend: string | null = null): Finding => ({
  ...at,
  state: "absent",
  found,
  mend,
});
export const doubtful = (at: Place, found: string, mend: string | null = null): Finding => ({
  ...at,
  state: "doubtful",
  found,
  mend,
});
export const lacking = (at: Place, found: string, mend: string): Finding => ({ ...at, state: "lacking", found, mend });

export const canStart = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== "lacking");

/** With stars in place of each secret, wherever it stands. */
export function withoutSecrets<T extends Finding>(finding: T, secrets: readonly string[]): T {
  return { ...finding, found: starred(finding.found, secrets), mend: finding.mend && starred(finding.mend, secrets) };
}

export function starred(text: string, secrets: readonly string[]): string {
  // The longest first: one secret may be the beginning of another.
  return secrets.toSorted((a, b) => b.length - a.length).reduce((left, secret) => left.replaceAll(secret, "***"), text);
}
