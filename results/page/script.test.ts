import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { codeKeptIn } from './script.ts';

test('the script that is kept is taken as long as what it was made of is there, unchanged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-script-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cache', 'kept.json');
  const code = await codeKeptIn(file);
  const { sources } = JSON.parse(readFileSync(file, 'utf8'));
  for (const source of [
    'page/live/live.ts',
    'charts/chart.ts',
    'vega/build/vega.module.js',
    'vega/LICENSE',
  ]) {
    expect(sources.filter(([name]: [string]) => name.endsWith(source))).toHaveLength(1);
  }
  const keep = (of: [string, string][]) => writeFileSync(file, JSON.stringify({ sources: of, code: 'kept' }));
  keep(sources);
  expect(await codeKeptIn(file)).toBe('kept');
  const [name, hash] = sources.at(-1);
  keep([...sources.slice(0, -1), [name, hash.replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))]]);
  expect(await codeKeptIn(file)).toBe(code);
});
