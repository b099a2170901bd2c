/** The published lodash, from CommonJS to ES modules, by programs: no model, no network, no money. */
import { join } from "node:path";

const program = (name: string, ...args: string[]): string[] => [
  process.execPath,
  join(import.meta.dirname, name),
  ...args,
];
const quoted = (argv: string[]): string => argv.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(" ");

export default {
  agents: {
    planner: { command: program("planner.ts") },
    plain: { command: program("worker.ts", "plain") },
    repair: { command: program("worker.ts", "repair") },
    package: { command: program("worker.ts", "package") },
    judge: { command: program("judge.ts") },
  },
  roles: { planner: "planner", worker: "plain", judge: "judge" },
  acceptance: [
    { name: "forms", command: quoted(program("acceptance/forms.ts")), timeoutMs: 120_000 },
    { name: "loads", command: quoted(program("acceptance/load.ts")), timeoutMs: 120_000 },
    { name: "behaves", command: quoted(program("acceptance/same.ts")), timeoutMs: 300_000 },
  ],
  checks: [
    {
      name: "parses",
      command: quoted([
        process.execPath,
        "--no-warnings",
        "--experimental-vm-modules",
        join(import.meta.dirname, "acceptance/parse.ts"),
      ]),
      timeoutMs: 60_000,
    },
  ],
  parallel: { workers: 8, planners: 4 },
  // What these programs are made of; the packages that they use are those of this checkout, which they see anyway.
  readable: [import.meta.dirname],
  limits: {
    cyclesMax: 6,
    // Every task writes into one record: with many workers a landing may lose to others more often than usual.
    landingTriesMax: 200,
    evidenceBytesMax: 65_536,
  },
};
