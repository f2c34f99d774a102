/**
 * Run folders that were cut short, lost files or were written to: the report is made, or refused by an error that names
 * the file.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ResultsError } from '../../results/errors.ts';
import { readReport } from '../../results/run-report.ts';
import { manifest, run, system, target, writeRunInto } from '../../results/test-synthetic-run.ts';
import type { Target } from './target.ts';

interface Damage {
  /** Of all files, modulo their number. */
  file: number;
  how: 'missing' | 'cut' | 'empty' | 'bytes' | 'value' | 'no key' | 'copied';
  /** Where: a byte, or one of the values of a file of JSON, modulo their number. */
  at: number;
  /** What stands there then: JSON. */
  value: string;
}

interface RunFolderCase {
  damages: Damage[];
}

const values = [
  ...['null', 'true', '0', '-1', '1.5', '1e300', '-0', '""', '"x"', '[]', '{}', '[null]', '{"a":1}'],
  ...[
    '"../../etc"',
    '"\\u0000"',
    '"2026-01-02"',
    '"__proto__"',
    '9007199254740993',
    '1e-9',
    '"get"',
    '"redis"',
  ],
];

export const runFolders: Target<RunFolderCase> = {
  holds: 'damaged run folders: the report is made, or refused by an error that names the file',
  cases: fc.record({
    damages: fc.array(
      fc.record({
        file: fc.nat(),
        how: fc.constantFrom(
          'missing',
          'cut',
          'empty',
          'bytes',
          'value',
          'value',
          'value',
          'no key',
          'copied',
        ),
        at: fc.nat(),
        value: fc.constantFrom(...values),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  play,
};

/** A small good run, made once. */
let good: Promise<string> | null = null;

async function makeGood(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const whole = manifest();
  const plan = { ...whole.plan, trials: 2, measurements: [target('get'), target('set')] };
  const systems = [system('redis'), system('kv-kernel')];
  const latencies_ns = Array.from({ length: 200 }, (_, i) => 20_000 + 10 * i);
  await writeRunInto(
    folder,
    run({
      manifest: { ...whole, systems, plan },
      measured: () => ({ latencies_ns, stages: { request: 0.5, reply: 0.5 } }),
    }),
  );
  return folder;
}

async function play({ damages }: RunFolderCase): Promise<void> {
  good ??= makeGood();
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-fuzz-'));
  try {
    cpSync(await good, folder, { recursive: true });
    for (const damage of damages) inflict(folder, damage);
    const report = await readReport(folder, { reference: true });
    await report.page();
    await report.charts();
  } catch (error) {
    if (!(error instanceof ResultsError)) throw error;
    const { message } = error;
    if (!message.includes(folder)) throw new Error(`names no file: ${error.code}: ${message}`);
    if (/\[object |at .*\.ts:\d/.test(message)) throw new Error(`is not for its reader: ${message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}

function inflict(folder: string, { file, how, at, value }: Damage): void {
  const files = filesOf(folder);
  if (files.length === 0) return;
  const path = files[file % files.length];
  const bytes = readFileSync(path);
  switch (how) {
    case 'missing':
      rmSync(path);
      return;
    case 'empty':
      truncateSync(path, 0);
      return;
    case 'cut':
      truncateSync(path, at % (bytes.length + 1));
      return;
    case 'bytes':
      if (bytes.length > 0) bytes[at % bytes.length] ^= 1 << (at & 7);
      writeFileSync(path, bytes);
      return;
    case 'copied':
      writeFileSync(path, readFileSync(files[at % files.length]));
      return;
    default:
      if (path.endsWith('.json')) writeFileSync(path, changedJson(bytes.toString(), how, at, value));
  }
}

/** One value somewhere in it is another one, or is not there. */
function changedJson(text: string, how: 'value' | 'no key', at: number, value: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Damaged before.
    return text;
  }
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  walk(json);
  if (places.length === 0) return text;
  const [holder, key] = places[at % places.length];
  if (how === 'value') holder[key] = JSON.parse(value);
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return JSON.stringify(json);
}
