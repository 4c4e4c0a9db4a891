import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Unit and contract tests lie beside the code; what drives the whole product lies under test/. */
export default defineConfig({
  test: {
    // as many files at a time as there are processors: left to itself, vitest leaves one of two idle
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['lib/src/**/*.test.ts', 'server/src/**/*.test.ts'],
          setupFiles: ['test/seed-properties.ts'],
          isolate: false,
          // what is waited for comes late where several files share the machine
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'architecture',
          include: ['test/architecture.test.ts'],
          // it reads every file there is, which takes long where others do too
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'product',
          include: ['test/*/**/*.test.ts'],
          isolate: false,
          // what is waited for comes late where several files share the machine
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
