/** Runs a conformance suite on one mutant, in a process of its own, and reads which tests it failed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Base } from './mutant.ts';

export interface MutantCase {
  name: string;
  base: Base;
}

export interface SuiteOutcome {
  /** Names of the tests that failed, or why the run broke off; none: it passed. */
  failed: string[];
  passed: number;
  seconds: number;
}

export interface SuiteRun {
  /** Arguments for vitest. */
  args?: readonly string[];
  /** The file of another suite than today's. */
  suite?: string;
}

interface JsonReport {
  success: boolean;
  numPassedTests: number;
  testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
}

export const root = join(import.meta.dirname, '../../..');

export async function runSuite(
  { name, base }: MutantCase,
  { args = [], suite }: SuiteRun = {},
): Promise<SuiteOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-mutants-'));
  const report = join(folder, 'report.json');
  const fixed = ['--config', 'vitest.mutants.config.ts', '--reporter', 'json', '--outputFile', report];
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...fixed, ...args],
    {
      cwd: root,
      env: { ...process.env, MUTANT: name, MUTANT_BASE: base, ...(suite && { MUTANT_SUITE: suite }) },
      stdio: 'ignore',
    },
  );
  await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const outcome = readReport(report);
  rmSync(folder, { recursive: true });
  return { ...outcome, seconds: (performance.now() - begun) / 1000 };
}

/** A run may also break off, as by an exception outside of a test, or by a signal: then there may be no report. */
function readReport(file: string): Omit<SuiteOutcome, 'seconds'> {
  let report: JsonReport;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { failed: ['the run broke off'], passed: 0 };
  }
  const { success, numPassedTests, testResults } = report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
  const brokeOff = testResults.map(({ message }) => message).find(Boolean) ?? 'the run broke off';
  return { failed: success || failed.length > 0 ? failed : [brokeOff], passed: numPassedTests };
}
