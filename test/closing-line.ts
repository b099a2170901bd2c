/**
 * Ends a test run with one plain line, `N passed, N failed, N skipped`, for people and for machines, and fails the run
 * when anything was skipped: a skipped test is a check that nobody runs. Only when the caller narrows the run to some
 * names (`-t`) are the others expected to be skipped.
 */
import type { Reporter, SerializedError, TestModule, TestRunEndReason, TestSuite, Vitest } from "vitest/node";

export type Counts = { passed: number; failed: number; skipped: number };

/** The smallest part of vitest's own report that counting needs. */
export type Outcome = { tests: ("passed" | "failed" | "skipped" | "pending")[]; emptySuitesSkipped: number };

/** A test that never got its turn (an interrupted run) is skipped too; an error outside any test is a failure. */
export function count(outcome: Outcome, errorsOutsideTests: number): Counts {
  const tests = (...states: string[]): number => outcome.tests.filter((state) => states.includes(state)).length;
  return {
    passed: tests("passed"),
    failed: tests("failed") + errorsOutsideTests,
    skipped: tests("skipped", "pending") + outcome.emptySuitesSkipped,
  };
}

export function closingLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

export default class ClosingLine implements Reporter {
  private narrowed = false;
  private counts: Counts | null = null;

  onInit(vitest: Vitest): void {
    this.narrowed = vitest.config.testNamePattern !== undefined;
    // Last, whatever the other reporters and the teardown of the run still print. A run that did not begin has none.
    process.once("exit", () => {
      if (this.counts !== null) process.stdout.write(`${closingLine(this.counts)}\n`);
    });
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const counts = countModules(modules, unhandledErrors.length);
    this.counts = counts;
    if (counts.skipped > 0 && !this.narrowed) {
      console.error(`\nSkipped tests fail the run:\n${skippedNames(modules).join("\n")}\n`);
      process.exitCode = 1;
    }
    if (counts.failed > 0 || reason === "interrupted") process.exitCode = 1;
  }
}

function countModules(modules: readonly TestModule[], unhandledErrors: number): Counts {
  const tests: Outcome["tests"] = [];
  let emptySuitesSkipped = 0;
  // A suite's own error (its hooks, or its file does not load) fails the run without failing any test.
  let errors = unhandledErrors;
  for (const module of modules) {
    errors += module.errors().length;
    for (const test of module.children.allTests()) tests.push(test.result().state);
    for (const suite of module.children.allSuites()) {
      errors += suite.errors().length;
      if (isEmptyAndSkipped(suite)) emptySuitesSkipped++;
    }
  }
  return count({ tests, emptySuitesSkipped }, errors);
}

function skippedNames(modules: readonly TestModule[]): string[] {
  const names: string[] = [];
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "skipped" || state === "pending") names.push(`  ${module.relativeModuleId} > ${test.fullName}`);
    }
    for (const suite of module.children.allSuites()) {
      if (isEmptyAndSkipped(suite)) names.push(`  ${module.relativeModuleId} > ${suite.fullName} (no tests)`);
    }
  }
  return names;
}

function isEmptyAndSkipped(suite: TestSuite): boolean {
  return suite.state() === "skipped" && suite.children.size === 0;
}
