/**
 * Owns which arguments `git` may be given. Invariant: only options on these lists pass, spelled out in full, so that no
 * option that writes a file, reads one outside of the workspace or runs a program does, also not abbreviated; and no
 * argument is taken for an option by git that was not looked at here as one.
 */
import { isAbsolute } from "node:path";
import { toolLimits } from "../../domain/limits.ts";
import { refuse, type Refusal } from "./answer.ts";

type Allowed = {
  /** What it is run with before anything that was asked for. */
  fixed: readonly string[];
  /** Long options; with a value as `--name=value` or, as the next argument, by `values`. */
  long: ReadonlySet<string>;
  short: RegExp;
};

const words = (text: string): string[] => text.trim().split(/\s+/);

const commits = words(
  "all branches tags remotes since until after before author committer grep all-match invert-grep regexp-ignore-case " +
    "extended-regexp fixed-strings perl-regexp no-merges merges min-parents max-parents first-parent reverse max-count skip not " +
    "ancestry-path topo-order date-order author-date-order simplify-merges full-history sparse no-walk left-right cherry-pick " +
    "cherry-mark left-only right-only boundary",
);
const shown = words(
  "oneline format pretty abbrev-commit no-abbrev-commit abbrev date relative-date graph decorate no-decorate decorate-refs " +
    "source notes no-notes parents children name-only name-status stat numstat shortstat dirstat summary patch no-patch " +
    "patch-with-stat raw unified function-context word-diff minimal patience histogram diff-algorithm indent-heuristic " +
    "find-renames find-copies find-copies-harder no-renames break-rewrites diff-filter full-index " +
    "ignore-all-space ignore-space-change ignore-space-at-eol ignore-cr-at-eol ignore-blank-lines inter-hunk-context " +
    "pickaxe-all pickaxe-regex text check compact-summary relative no-prefix follow cc no-diff-merges",
);

/** -5, -n5, -p, -U10, -M90%, -Sword, -L10,20:file; several letters without a value in one (-pw). */
const revisionShort = /^-(?:\d+|n\d*|[pusbwitrmcazEFPR]+|U\d+|[MCB]\d*%?|[SG].*|L.*|X.*)$/s;
const diffing = ["--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty"];

const subcommands: { [name: string]: Allowed } = {
  log: { fixed: diffing, long: new Set([...commits, ...shown]), short: revisionShort },
  show: { fixed: diffing, long: new Set([...commits, ...shown]), short: revisionShort },
  diff: {
    fixed: diffing,
    long: new Set([...shown, "cached", "staged", "merge-base", "exit-code", "quiet"]),
    short: /^-(?:[psbwRazt]+|U\d+|[MCB]\d*%?|[SG].*)$/s,
  },
  blame: {
    fixed: ["--no-textconv"],
    long: new Set(
      words("line-porcelain porcelain show-name show-number show-email date since abbrev root first-parent reverse"),
    ),
    short: /^-(?:[lstfnewpcb]+|L.*|[MC]\d*)$/s,
  },
  status: {
    fixed: ["--ignore-submodules=dirty"],
    long: new Set(
      words("short branch porcelain long untracked-files ignored renames no-renames ahead-behind no-ahead-behind"),
    ),
    short: /^-(?:[sbz]+|u(?:no|normal|all)?)$/,
  },
  "ls-files": {
    fixed: [],
    long: new Set(
      words(
        "cached deleted modified others ignored stage unmerged directory exclude-standard full-name error-unmatch eol abbrev",
      ),
    ),
    short: /^-[cdmoisuztv]+$/,
  },
  grep: {
    fixed: ["--no-textconv", "--no-color"],
    long: new Set(
      words(
        "cached untracked no-exclude-standard exclude-standard text ignore-case word-regexp invert-match full-name " +
          "extended-regexp basic-regexp perl-regexp fixed-strings line-number column files-with-matches name-only " +
          "files-without-match count all-match and or not break heading show-function function-context context " +
          "after-context before-context max-depth max-count only-matching quiet",
      ),
    ),
    short: /^-(?:[aiIwvhHEGPFnlLcpWozqr]+|[ABCm]\d+|e.*|\d+)$/s,
  },
  shortlog: { fixed: [], long: new Set(commits), short: /^-(?:[nsec]+|w\d.*)$/ },
};

export const gitSubcommands = Object.keys(subcommands).join(", ");

/** What git is run with, or why not. */
export function gitArguments(args: readonly string[]): { ok: true; value: string[] } | Refusal {
  const [name = "", ...rest] = args;
  const allowed = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (!allowed) {
    const option = name.startsWith("-") ? "; options of git itself are not" : "";
    return refuse(
      `args[0]: ${quoted(name)} is not allowed${option}. Read-only subcommands are: ${gitSubcommands}. Run anything else as a command in a shell.`,
    );
  }
  if (args.length > toolLimits.gitArgumentsMax)
    return refuse(`args: more than ${toolLimits.gitArgumentsMax} arguments`);
  for (const [index, argument] of rest.entries()) {
    const fault = faultOf(argument, name, allowed);
    if (fault) return refuse(`args[${index + 1}]: ${quoted(argument)} ${fault}`);
  }
  // Without a revision it would read from its standard input.
  const revision = name === "shortlog" && rest.every((each) => each.startsWith("-")) ? ["HEAD"] : [];
  return { ok: true, value: [name, ...allowed.fixed, ...revision, ...rest] };
}

function faultOf(argument: string, name: string, { long, short }: Allowed): string | null {
  if (argument.includes("\0")) return "contains a NUL";
  // Behind a "--" as well: git takes "--" as the value of an option in front of it, and goes on with options.
  if (argument.startsWith("-") && argument !== "-" && argument !== "--") {
    if (!argument.startsWith("--")) {
      if (short.test(argument)) return null;
      return `is not among the short options that git ${name} is run with here. ${longOnes(long)} A path that begins with "-" is written "./-x".`;
    }
    const option = argument.slice(2).split("=", 1)[0]!;
    return long.has(option) ? null : `is not allowed. ${longOnes(long)}`;
  }
  // Of files outside of the repository git refuses all but this: it compares any two of them.
  if (name === "diff" && (isAbsolute(argument) || argument.split("/").includes("..")))
    return 'may lie outside of the workspace; name files relative to it, such as "src/main.ts"';
  return null;
}

const longOnes = (long: ReadonlySet<string>) =>
  `Allowed, spelled out in full: ${[...long].map((each) => `--${each}`).join(" ")}.`;

const quoted = (text: string): string => JSON.stringify(text.slice(0, 100));
