import type { Reporter, TestModule, TestCase } from 'vitest/node';

function* casesOf(modules: ReadonlyArray<TestModule>): Generator<TestCase> {
  for (const module of modules) yield* module.children.allTests();
}

/** Ends a run with one plain line, `N passed, N failed, N skipped`; a file that could not be loaded counts as failed. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const test of casesOf(modules)) count[test.result().state] += 1;
    const broken = modules.filter(
      (module) => module.state() === 'failed' && module.errors().length > 0,
    ).length;
    const failed = count.failed + count.pending + broken + unhandled.length;
    process.stdout.write(`\n${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  }
}
