import { expect, test } from "vitest";
import { absent, doubtful, good, lacking, type Finding } from "../domain/finding.ts";
import { cellWidth } from "./cells.ts";
import { renderCheckup } from "./checkup.ts";

const findings: Finding[] = [
  good({ group: "tool chain", name: "git" }, "2.47.3"),
  good({ group: "configuration", name: "planner" }, "claude-code: Claude Code, with its own login"),
  lacking({ group: "configuration", name: "worker" }, "codex-acp is not in PATH", "Install Codex: npm install it."),
  absent({ group: "models", name: "anthropic" }, "no key (ANTHROPIC_API_KEY)"),
  absent({ group: "coding agents", name: "codex" }, "not installed", "npm install --global codex-acp"),
  doubtful({ group: "trials", name: "spare" }, "it ended; last it wrote:\nfirst\nsecond", "Start it by hand."),
];

test("one line each, by group, with the mend of what somebody needs on a line of its own", () => {
  expect(renderCheckup(findings, { untried: true }, { color: false, width: 80 })).toMatchInlineSnapshot(`
    "tool chain
      ✓ git        2.47.3

    configuration
      ✓ planner    claude-code: Claude Code, with its own login
      ✗ worker     codex-acp is not in PATH
                   → Install Codex: npm install it.

    models
      – anthropic  no key (ANTHROPIC_API_KEY)

    coding agents
      – codex      not installed → npm install --global codex-acp

    trials
      ! spare      it ended; last it wrote:
                   first
                   second
                   → Start it by hand.

    No run can start here: 1 thing is missing or wrong (✗).
    longhaul doctor --agents starts the coding agents, to see whether they work; it
    asks no model."
  `);
});

test("without a fault a run can start, and nothing points to trials that have been made", () => {
  const screen = renderCheckup(findings.slice(0, 2), { untried: false }, { color: false, width: 80 });
  expect(screen).toContain("A run can start");
  expect(screen).not.toContain("--agents");
});

test.each([40, 60, 80, 120])("on %i columns nothing is wider, and no word is lost", (width) => {
  const screen = renderCheckup(findings, { untried: true }, { color: false, width });
  for (const line of screen.split("\n")) expect(cellWidth(line)).toBeLessThanOrEqual(width);
  const words = screen.replace(/\s+/g, "");
  for (const { found, mend } of findings) expect(words).toContain(`${found}${mend ? "→" : ""}`.replace(/\s+/g, ""));
});

test("with colours every line says the same, and no state is told by colour alone", () => {
  const options = { untried: true } as const;
  const plain = renderCheckup(findings, options, { color: false, width: 80 });
  const coloured = renderCheckup(findings, options, { color: true, width: 80 });
  expect(plain).not.toContain("\u001b");
  // oxlint-disable-next-line no-control-regex -- colours are what is taken out
  expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(plain);
});

test("an agent's words cannot steer the terminal", () => {
  const hostile = [doubtful({ group: "trials", name: "\u001b]0;x\u0007a" }, "\u001b[2Jgone\u202e", "\u001b[31mred")];
  const screen = renderCheckup(hostile, { untried: false }, { color: false, width: 80 });
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(screen).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});
