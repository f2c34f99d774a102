/** YAML as people write it, with mistakes: lines that are changed, and whatever may stand in them. */
import fc from 'fast-check';
import { type Edit, edited, edits } from './text-edits.ts';

export interface LineEdit {
  line: number;
  how: 'remove' | 'twice' | 'deeper' | 'shallower' | 'value' | 'key' | 'swap' | 'insert';
  text: string;
}

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

/** Of one file. Plain JSON. */
export interface Mistakes {
  lines: LineEdit[];
  edits: Edit[];
}

export const mistakes = {
  lines: fc.array(lineEdit, { maxLength: 3 }),
  edits: edits(values, 2),
};

export function withMistakes(text: string, { lines, edits: all }: Mistakes): string {
  return edited(lines.reduce(withLine, text), all);
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
