/** `npm run test:long`: each randomised test for 15 s instead of its share of twenty seconds, and what takes minutes. */
import { defineConfig } from 'vitest/config';
import { keepCompiledCode } from './tests/compile-cache.ts';
import { filesWithProperties, randomisedEnvironment } from './tests/randomised-budget.ts';
import { v8Flags } from './tests/v8-flags.ts';

keepCompiledCode();

export default defineConfig({
  test: {
    include: [...filesWithProperties(), '**/*.long.test.ts'],
    exclude: ['node_modules/**', 'runs/**', '.checkouts/**'],
    testTimeout: 1_800_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    pool: 'forks',
    execArgv: v8Flags,
    env: randomisedEnvironment({ each_ms: 15_000 }),
    setupFiles: ['tests/randomised.ts'],
  },
});
