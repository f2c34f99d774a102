import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'runs/**', '.checkouts/**'],
    // These end what hangs; how fast something must be is for tests to say.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests start servers and measure time on a machine that may have two cores only.
    maxWorkers: 2,
    // File descriptors, worker threads and signals are per process.
    pool: 'forks',
  },
});
