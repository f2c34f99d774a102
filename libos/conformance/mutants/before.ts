/**
 * `node libos/conformance/mutants/before.ts`: what the conformance suite was before the mutants were made, the suite
 * of commit fdf886f, on each of them as they are today, over one base. Prints which passed it, as a table. Needs the
 * repository's history.
 *
 * Tests of that suite that the base fails as it is are left out: what close does with pushes was another thing then.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NONE } from './mutant.ts';
import { root, runSuite } from './suite-run.ts';
import { mutants } from './table.ts';

const COMMIT = 'fdf886f';
const FILES = ['suite', 'connections', 'data', 'completions', 'outcome', 'world'];
/** Beside today's, for whose places its imports are. */
const folder = join(root, 'libos/conformance-before');
const suite = join(folder, 'today.ts');
/** That suite asks for worlds by the size of their pools alone. */
const ADAPTER = `// @ts-nocheck
import { conformanceSuite as before } from ${JSON.stringify('./suite.ts')};
export function conformanceSuite(name, backend) {
  const create = (poolLimitBytes) => backend.create({ poolLimitBytes, idle: 'poll', connectTimeoutMs: 10_000 });
  before(name, { ...backend, create });
}
`;

mkdirSync(folder);
try {
  for (const file of FILES) {
    const text = execFileSync('git', ['show', `${COMMIT}:libos/conformance/${file}.ts`], { cwd: root });
    writeFileSync(join(folder, `${file}.ts`), text);
  }
  writeFileSync(suite, ADAPTER);
  const failedBy = async (name: string, base = mutants[name].bases[0]) =>
    (await runSuite({ name, base }, { suite, args: ['--bail', '0'] })).failed;
  const asItIs = new Map<string, Set<string>>();
  const rows: string[] = [];
  let passed = 0;
  for (const [name, { bases, rule }] of Object.entries(mutants)) {
    const [base] = bases;
    const nameless = (test: string) => test.replace(/^.*? on \w+ /, '');
    if (!asItIs.has(base)) asItIs.set(base, new Set((await failedBy(NONE, base)).map(nameless)));
    const caughtBy = (await failedBy(name)).map(nameless).find((test) => !asItIs.get(base)?.has(test));
    if (caughtBy === undefined) passed++;
    rows.push(
      `| \`${name}\` | ${rule} | ${base} | ${caughtBy === undefined ? 'passed' : `failed: ${caughtBy}`} |`,
    );
    process.stderr.write(`${rows.length}/${Object.keys(mutants).length} ${name}\n`);
  }
  const left = [...asItIs].map(([base, tests]) => `${base}: ${[...tests].join(', ') || 'none'}`).join('; ');
  process.stdout.write(`${rows.join('\n')}\n\n${passed} of ${rows.length} passed. Left out, ${left}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
