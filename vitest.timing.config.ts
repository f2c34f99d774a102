/** `npm run test:timing`: what asserts times, one file after the other, so that tests do not disturb each other. */
import { defineConfig } from 'vitest/config';
import { v8Flags } from './tests/v8-flags.ts';

export default defineConfig({
  test: {
    include: ['tests/timing/**/*.timing.test.ts'],
    pool: 'forks',
    execArgv: v8Flags,
    maxWorkers: 1,
    fileParallelism: false,
    hookTimeout: 120_000,
    // Each line where it is printed: which attempt was repeated, and what cannot be told.
    disableConsoleIntercept: true,
    reporters: ['verbose'],
  },
});
