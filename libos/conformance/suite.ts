/**
 * What every backend must do: each call, each error, the ownership rules. The cases know no runner: `bypassbench
 * conform` runs them on any backend (command.ts), and vitest on those of this project (test-suite.ts).
 */
import type { ConformanceCase } from './case.ts';
import { closingCases } from './cases/closing.ts';
import { completionCases } from './cases/completions.ts';
import { connectionCases } from './cases/connections.ts';
import { dataCases } from './cases/data.ts';
import { datagramCases } from './cases/datagrams.ts';
import { limitCases } from './cases/limits.ts';
import { pushCases } from './cases/pushes.ts';
import { socketOptionCases } from './cases/socket-options.ts';

export const conformanceCases: readonly ConformanceCase[] = [
  ...connectionCases,
  ...dataCases,
  ...datagramCases,
  ...closingCases,
  ...pushCases,
  ...limitCases,
  ...socketOptionCases,
  ...completionCases,
];
