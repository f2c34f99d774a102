/**
 * `npm run fuzz`: plays random cases of the targets (targets.ts) for as long as one likes. Where one fails, it is made
 * smaller and left in a file, which --replay plays again. Exit code 1 when a case has failed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Command, Option } from 'commander';
import { readFound } from './corpus.ts';
import { BEGUN, CASE_AT, CASE_BYTES, type SearchData, type SearchResult, SHARED_BYTES } from './search.ts';
import type { Found } from './target.ts';
import { loadTarget, type TargetName, targetNames } from './targets.ts';

const MINUTE_MS = 60_000;
const TICK_MS = 1000;
/** Where the line cannot be written over. */
const LINE_MS = 60_000;
/** Far longer than any case takes, however busy the machine. */
const HANG_MS = 120_000;

interface Flags {
  target: 'all' | TargetName;
  minutes: number;
  seed: number;
  out: string;
  replay?: string;
}

const program = new Command('npm run fuzz --')
  .description('Plays random cases until one fails or the time is over.')
  .addOption(new Option('--target <name>', 'what is tested').choices(['all', ...targetNames]).default('all'))
  .option('--minutes <n>', 'how long, of all targets together', positive, 1)
  .option('--seed <n>', 'of the cases', whole, Math.floor(Math.random() * 2 ** 31))
  .option('--out <folder>', 'where a case that fails is left', 'runs/fuzz')
  .option('--replay <file>', 'plays the case of a file once more, and tells what happens');
const described = await Promise.all(
  targetNames.map(async (name) => `  ${name.padEnd(12)}${(await loadTarget(name)).holds}`),
);
program.addHelpText('after', `\nTargets, and what holds of each case:\n${described.join('\n')}`);
program.parse();
const flags = program.opts<Flags>();

if (flags.replay !== undefined) await replay(flags.replay);
else {
  const names = flags.target === 'all' ? targetNames : [flags.target];
  for (const name of names) {
    const found = await searchTarget(name, (flags.minutes * MINUTE_MS) / names.length);
    if (found === null) continue;
    process.exitCode = 1;
    report(found);
    break;
  }
}

async function replay(file: string): Promise<void> {
  const { target, found, case: testCase } = readFound(file);
  console.log(`${target}: ${found}`);
  await (await loadTarget(target)).play(testCase, (line) => console.log(line));
  console.log('does not fail any more');
}

/** The case that failed, or null. */
async function searchTarget(target: TargetName, ms: number): Promise<Found | null> {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const words = new Int32Array(shared, 0, 2);
  const startMs = Date.now();
  const data: SearchData = { target, seed: flags.seed, untilMs: startMs + ms, shared };
  const worker = new Worker(new URL('./search.ts', import.meta.url), { workerData: data });
  let begun = 0;
  let begunAtMs = startMs;
  let saidAtMs = 0;
  const say = (): void => {
    const minutes = ((Date.now() - startMs) / MINUTE_MS).toFixed(1);
    const of = (ms / MINUTE_MS).toFixed(1);
    const line = `${target}: ${words[BEGUN]} cases in ${minutes} of ${of} minutes, seed ${flags.seed}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
    else console.error(line);
    saidAtMs = Date.now();
  };
  return new Promise((resolve, reject) => {
    const ticks = setInterval(() => {
      if (Date.now() - saidAtMs >= (process.stderr.isTTY ? TICK_MS : LINE_MS)) say();
      const now = Atomics.load(words, BEGUN);
      if (now !== begun) {
        begun = now;
        begunAtMs = Date.now();
      } else if (Date.now() - begunAtMs > HANG_MS) {
        const text = Buffer.from(shared, CASE_AT, words[CASE_BYTES]).toString();
        end({ target, found: `does not end within ${HANG_MS / 1000} s`, case: JSON.parse(text) });
      }
    }, TICK_MS);
    const end = (found: Found | null): void => {
      clearInterval(ticks);
      say();
      if (process.stderr.isTTY) process.stderr.write('\n');
      void worker.terminate();
      resolve(found);
    };
    worker.once('message', ({ failure }: SearchResult) => {
      if (failure === null) end(null);
      else {
        const how = `seed ${failure.seed}, made smaller ${failure.shrinks} times`;
        end({ target, found: `${failure.found} (${how})`, case: failure.case });
      }
    });
    worker.once('error', reject);
  });
}

function report(found: Found): void {
  mkdirSync(flags.out, { recursive: true });
  const path = join(flags.out, `${found.target}-${Date.now()}.json`);
  writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`);
  const file = relative(process.cwd(), path);
  console.log(`${found.target}: ${found.found}`);
  console.log(`the case is in ${file}; again: npm run fuzz -- --replay ${file}`);
  console.log(`mended, it belongs into tests/fuzz/corpus/${found.target}, with what it found`);
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < Infinity)) program.error(`'${text}' is no number of minutes above 0`);
  return number;
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) program.error(`'${text}' is no whole number from 0 on`);
  return number;
}
