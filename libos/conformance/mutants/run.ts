/**
 * `npm run test:mutants [-- NAME ... -t PATTERN]`: runs the conformance suite, or its tests whose names match, on every
 * wrong backend of the table, or on those named, and prints by which test each was caught. Exits with 1 unless all
 * were.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Base } from './mutant.ts';
import { mutants } from './table.ts';

interface Case {
  name: string;
  base: Base;
  rule: string;
}

interface JsonReport {
  success: boolean;
  numPassedTests: number;
  testResults: { message: string; assertionResults: { status: string; fullName: string }[] }[];
}

interface Outcome extends Case {
  /** The test that failed; null where none did. */
  caughtBy: string | null;
  passed: number;
  seconds: number;
}

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-mutants-'));

function run({ name, base, rule }: Case): Promise<Outcome> {
  const report = join(folder, `${name}-${base}.json`);
  const args = ['--config', 'vitest.mutants.config.ts', '--reporter', 'json', '--outputFile', report];
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args, ...filter],
    {
      cwd: root,
      env: { ...process.env, MUTANT: name, MUTANT_BASE: base },
      stdio: 'ignore',
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      const { success, numPassedTests, testResults }: JsonReport = JSON.parse(readFileSync(report, 'utf8'));
      const failed = testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .find(({ status }) => status === 'failed');
      // A test run may also break off, as by an exception outside of a test.
      const brokeOff = testResults.map(({ message }) => message).find(Boolean) ?? 'the run broke off';
      resolve({
        name,
        base,
        rule,
        caughtBy: success ? null : (failed?.fullName ?? brokeOff),
        passed: numPassedTests,
        seconds: (performance.now() - begun) / 1000,
      });
    });
  });
}

const separator = process.argv.indexOf('-t');
const names = process.argv.slice(2, separator < 0 ? undefined : separator);
/** As vitest's -t: only tests whose names match. */
const filter = separator < 0 ? [] : process.argv.slice(separator);
const unknown = names.filter((name) => !(name in mutants));
if (unknown.length > 0) {
  process.stderr.write(
    `test:mutants: there is no mutant ${unknown.join(', ')}; there is ${Object.keys(mutants).join(', ')}\n`,
  );
  process.exit(2);
}
const cases = Object.entries(mutants)
  .filter(([name]) => names.length === 0 || names.includes(name))
  .flatMap(([name, { bases, rule }]) => bases.map((base): Case => ({ name, base, rule })));
const outcomes: Outcome[] = [];
const left = [...cases];

async function work(): Promise<void> {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const outcome = await run(next);
    outcomes.push(outcome);
    const { name, base, caughtBy, passed, seconds } = outcome;
    const verdict = caughtBy === null ? `NOT CAUGHT by ${passed} tests` : `caught by: ${caughtBy}`;
    process.stdout.write(
      `${outcomes.length}/${cases.length} ${name}, ${base} (${seconds.toFixed(0)} s): ${verdict}\n`,
    );
  }
}

await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work));
rmSync(folder, { recursive: true });
const missed = outcomes.filter(({ caughtBy }) => caughtBy === null);
process.stdout.write(
  `\n${outcomes.length - missed.length} of ${outcomes.length} wrong backends were caught\n`,
);
for (const { name, base, rule } of missed) process.stdout.write(`not caught: ${name} on ${base}: ${rule}\n`);
process.exitCode = missed.length > 0 ? 1 : 0;
