/**
 * Experiments as people write them, with mistakes: whatever is changed in one that ships, it is taken or refused by an
 * error that names the place.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { readExperiment } from '../../experiments/config/config.ts';
import { shippedExperiments } from '../../experiments/config/experiments.ts';
import { ExperimentError } from '../../experiments/errors.ts';
import type { Target } from './target.ts';
import { type Edit, edited, edits } from './text-edits.ts';

interface LineEdit {
  line: number;
  how: 'remove' | 'twice' | 'deeper' | 'shallower' | 'value' | 'key' | 'swap' | 'insert';
  text: string;
}

interface ConfigCase {
  experiment: string;
  lines: LineEdit[];
  edits: Edit[];
  quick: boolean;
}

const shipped = shippedExperiments();
/** What is written where something else should be. */
const values = [
  ...['', '~', 'null', 'true', 'no', '0', '-1', '1.5', '1e9', '1e400', '.nan', '.inf', '0x10', '0o7', '007'],
  ...[
    '[]',
    '{}',
    '[1, 2]',
    '{a: 1}',
    '[[]]',
    '{get: 1}',
    '"',
    "'",
    '"\\u0000"',
    '|',
    '>-',
    '- x',
    'a: b: c',
    '{',
    ']',
  ],
  ...[
    '&a',
    '*a',
    '&a [*a]',
    '&b {b: *b}',
    '<<: *a',
    '!!binary x',
    '!!int x',
    '!tag y',
    '? x',
    '%YAML 1.3',
    '---',
    '...',
  ],
  ...[
    '2026-01-01',
    '12:30:45',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '{port}',
    '{nothing}',
    '{',
    '}}',
  ],
  ...[
    'redis',
    'kv-dpdk',
    'get',
    'set',
    'uniform',
    'zipf',
    'kernel',
    'veth',
    'x'.repeat(300),
    '\u{1f600}',
    '\t',
    '#',
  ],
];
const lineEdit: fc.Arbitrary<LineEdit> = fc.record({
  line: fc.nat(),
  how: fc.constantFrom('remove', 'twice', 'deeper', 'shallower', 'value', 'value', 'key', 'swap', 'insert'),
  text: fc.constantFrom(...values),
});

export const configs: Target<ConfigCase> = {
  holds: "experiments' YAML with mistakes: taken, or refused by an error that names the place",
  cases: fc.record({
    experiment: fc.constantFrom(...shipped.keys()),
    lines: fc.array(lineEdit, { maxLength: 3 }),
    edits: edits(values, 2),
    quick: fc.boolean(),
  }),
  play,
};

async function play({ experiment, lines, edits: all, quick }: ConfigCase): Promise<void> {
  const original = readFileSync(shipped.get(experiment) ?? experiment, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-fuzz-'));
  const file = join(folder, 'x.yaml');
  try {
    writeFileSync(file, edited(lines.reduce(withLine, original), all));
    await readExperiment(file, { quick, set: [], only: null });
  } catch (error) {
    requireUseful(error as Error, file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function requireUseful(error: Error, file: string): void {
  if (!(error instanceof ExperimentError)) throw error;
  const { code, message } = error;
  if (code !== 'CONFIG_INVALID') throw new Error(`${code}: ${message}`);
  const [first] = message.split('\n').slice(message.includes('\n') ? 1 : 0);
  const names = message.includes(basename(file)) || message.includes('--quick');
  if (!names) throw new Error(`names neither file nor place: ${message}`);
  if (/\bundefined\b|\[object |at .*\.ts:\d/.test(first.replace(/'[^']*'/g, ''))) {
    throw new Error(`is not for its reader: ${message}`);
  }
}

function withLine(text: string, { line, how, text: said }: LineEdit): string {
  const lines = text.split('\n');
  const at = line % lines.length;
  const here = lines[at];
  const [, indent = '', key = ''] = /^(\s*(?:- )?)([^:]*)/.exec(here) ?? [];
  const changed: Record<LineEdit['how'], string[]> = {
    remove: [],
    twice: [here, here],
    deeper: [`  ${here}`],
    shallower: [here.replace(/^ {2}/, '')],
    value: [`${indent}${key}: ${said}`],
    key: [here.replace(/[^\s:-]+(?=:)/, said)],
    swap: at + 1 < lines.length ? [lines[at + 1], here] : [here],
    insert: [here, `${indent}${said}`],
  };
  lines.splice(at, how === 'swap' ? 2 : 1, ...changed[how]);
  return lines.join('\n');
}
