/**
 * `npm run test:mutants [-- NAME ... -t PATTERN]`: runs the conformance suite, or its tests whose names match, on every
 * wrong backend of the table, or on those named, and prints by which test each was caught. Exits with 1 unless all
 * were. A base that fails the suite as it is would catch them all: it is run first.
 */
import { availableParallelism } from 'node:os';
import { hasRing } from '../../uring/test-traits.ts';
import { hasLink } from '../../xdp/test-rights.ts';
import { type Base, NONE } from './mutant.ts';
import { type MutantCase, runSuite, type SuiteOutcome } from './suite-run.ts';
import { mutants } from './table.ts';

type Outcome = MutantCase & SuiteOutcome;

/** The bases that this machine does not have. */
const lacking: Partial<Record<Base, string>> = {
  ...(hasRing() ? {} : { uring: 'the kernel gives no io_uring' }),
  ...(hasLink ? {} : { xdp: 'no pair of devices can be made, as by root' }),
};

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
const wanted = Object.entries(mutants)
  .filter(([name]) => names.length === 0 || names.includes(name))
  .flatMap(([name, { bases }]) => bases.map((base): MutantCase => ({ name, base })));
const bases = [...new Set(wanted.map(({ base }) => base))].filter((base) => !(base in lacking));
const cases = wanted.filter(({ base }) => bases.includes(base));

/** As many at a time as there are cores, but one. */
async function runAll(all: readonly MutantCase[], say: (outcome: Outcome, count: number) => void) {
  const outcomes: Outcome[] = [];
  const left = [...all];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const outcome = { ...next, ...(await runSuite(next, { args: ['--bail', '1', ...filter] })) };
      say(outcome, outcomes.push(outcome));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work));
  return outcomes;
}

for (const [base, why] of Object.entries(lacking)) process.stdout.write(`${base} is left out: ${why}\n`);
const asTheyAre = await runAll(
  bases.map((base) => ({ name: NONE, base })),
  ({ base, failed, passed, seconds }) => {
    const verdict = failed.length === 0 ? `passes ${passed} tests` : `FAILS: ${failed[0]}`;
    process.stdout.write(`${base} as it is (${seconds.toFixed(0)} s): ${verdict}\n`);
  },
);
if (asTheyAre.some(({ failed }) => failed.length > 0)) process.exit(1);

const outcomes = await runAll(cases, ({ name, base, failed, passed, seconds }, count) => {
  const verdict = failed.length === 0 ? `NOT CAUGHT by ${passed} tests` : `caught by: ${failed[0]}`;
  process.stdout.write(`${count}/${cases.length} ${name}, ${base} (${seconds.toFixed(0)} s): ${verdict}\n`);
});
const missed = outcomes.filter(({ failed }) => failed.length === 0);
process.stdout.write(
  `\n${outcomes.length - missed.length} of ${outcomes.length} wrong backends were caught\n`,
);
for (const { name, base } of missed) {
  process.stdout.write(`not caught: ${name} on ${base}: ${mutants[name].rule}\n`);
}
process.exitCode = missed.length > 0 || outcomes.length === 0 ? 1 : 0;
