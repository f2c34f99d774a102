/** `npm run test:mutants` starts this once for each mutant: the conformance suite. */
import { defineConfig } from 'vitest/config';
import { keepCompiledCode } from './tests/compile-cache.ts';
import { v8Flags } from './tests/v8-flags.ts';

keepCompiledCode();

export default defineConfig({
  test: {
    include: ['libos/conformance/mutants/suite.mutant.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    execArgv: v8Flags,
    maxWorkers: 1,
  },
});
