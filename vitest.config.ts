/**
 * `npm test`: three kinds of tests. Pure ones share workers, each of which runs many files; so do those that only look at
 * what other processes do, such as the commands, or ask a command in this one that leaves nothing behind, such as a load.
 * What opens devices, serves on threads, changes this process or its network, or keeps a core busy has a worker of its own
 * for each file, since file descriptors, threads, signals and DPDK's environment are per process. What asserts times is
 * `npm run test:timing`, what takes minutes `npm run test:long`.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { keepCompiledCode } from './tests/compile-cache.ts';
import { randomisedEnvironment } from './tests/randomised-budget.ts';
import { v8Flags } from './tests/v8-flags.ts';

keepCompiledCode();

/** Each has a worker of its own. */
const ownProcess = [
  'experiments/machine/process.test.ts',
  'libos/conformance/**/*.test.ts',
  'libos/{backends,datapath,pauses,promises}.test.ts',
  'libos/distance/{probe,survey}.test.ts',
  'libos/dpdk/{conformance,device}.test.ts',
  'libos/kernel/**/*.test.ts',
  'libos/memory/anonymous.test.ts',
  'libos/{rdma,uring}/conformance.test.ts',
  'libos/xdp/{conformance,device}.test.ts',
  'libos/stamps/**/*.test.ts',
  'loadgen/floor/pair.test.ts',
  'tests/{dpdk-interfaces,dpdk-processes,libos-tap,libos-tap-recorded}.test.ts',
  'tests/{rdma-killed-clients,rdma-processes}.test.ts',
  'tests/{experiments-all,experiments-wire,floor-distance-reader,redis-kill,stages}.test.ts',
  'tests/{kvserver-seam,kvserver-tap,redis-port-blocks,redis-port-clients}.test.ts',
  'tests/timing/disturbance.test.ts',
];
/** They start processes, and leave this one as it was. */
const otherProcesses = [
  'experiments/machine/**/*.test.ts',
  'loadgen/floor/**/*.test.ts',
  'results/page/**/*.test.ts',
  'results/write-report.test.ts',
  'scripts/**/*.test.ts',
  'tests/**/*.test.ts',
];
/** The template of a backend has its test as its author would have it, for Node's own runner. */
const elsewhere = [
  ...['node_modules/**', 'runs/**', '.checkouts/**', 'examples/**'],
  ...['**/*.timing.test.ts', '**/*.long.test.ts'],
];

// Compiled code is kept between starts, as by bin/bypassbench: of workers, and of the programs that tests start.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node');

const shared = {
  // These end what hangs. How fast something must be is for timing tests to say.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  pool: 'forks' as const,
  execArgv: v8Flags,
  env: randomisedEnvironment({ all_ms: 20_000 }),
  setupFiles: ['tests/randomised.ts'],
};
/** On a machine that does other work, too: what fails is tried once more, and that is printed. */
const withRetry = { ...shared, retry: 1, setupFiles: [...shared.setupFiles, 'tests/retries.ts'] };

export default defineConfig({
  test: {
    // On a machine that may have two cores only: much of a test is waiting, so that a third worker has what two leave.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...shared,
          name: 'pure',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, ...otherProcesses, ...ownProcess],
          isolate: false,
        },
      },
      {
        test: {
          ...withRetry,
          name: 'other processes',
          include: otherProcesses,
          exclude: [...elsewhere, ...ownProcess],
          isolate: false,
        },
      },
      {
        test: {
          ...withRetry,
          name: 'own process',
          include: ownProcess,
          exclude: elsewhere,
        },
      },
    ],
  },
});
