/** Holds docs/segments.md to the parser: each example can be read, and each word that begins a line is explained. */
import { describe, expect, it } from 'vitest';
import { FIRST_WORDS, parseScript } from '../libos/inet/tcp/test-script-parser.ts';
import { read } from './source-tree.ts';

const text = read('docs/segments.md');

/** The last cell of each row of the tables. */
const examples = text
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => /`([^`]+)` \|$/.exec(line)?.[1] ?? `no example: ${line}`);

/** A script around an example, which may be a line of the heading. */
function scriptAround(example: string): string {
  const heading = /^(rule|source|options):/.exec(example)?.[1];
  const lines = ['rule: a', 'source: b', 'listen'];
  if (heading === 'options') lines.splice(2, 0, example);
  else if (heading !== undefined) lines[heading === 'rule' ? 0 : 1] = example;
  else lines.push(example);
  if (example.startsWith('repeat')) lines.push('accept', 'end');
  return lines.join('\n');
}

describe('docs/segments.md', () => {
  it.each(examples)('has an example that can be read: %s', (example) => {
    expect(() => parseScript(scriptAround(example))).not.toThrow();
  });

  it('has a whole script that ships', () => {
    const [, script] = /```\n(rule: [\s\S]*?)```/.exec(text)!;
    expect(script).toBe(read('libos/inet/tcp/scripts/send/probe.segments'));
  });

  it('explains each word that begins a line', () => {
    const words = text.replace(/```[\s\S]*?```/g, '');
    const explained = [...words.matchAll(/`([^`]+)`/g)].map(([, code]) => code.split(' ')[0]);
    expect(FIRST_WORDS.filter((word) => !explained.includes(word))).toEqual([]);
  });
});
