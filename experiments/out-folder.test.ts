import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultOutFolder, prepareOutFolder } from './out-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'out-folder-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fill(manifestSchema: string): void {
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ schema: manifestSchema }));
  mkdirSync(path.join(folder, 'trials', '001-redis-t1'), { recursive: true });
  writeFileSync(path.join(folder, 'report.html'), '');
  writeFileSync(path.join(folder, 'notes.txt'), 'mine');
}

test('is named after the experiment and the time', () => {
  expect(defaultOutFolder('redis-figure', new Date('2026-02-03T04:05:06.789Z'))).toBe(
    'runs/redis-figure-20260203T040506Z',
  );
});

test('is made, with the folders above it', async () => {
  await prepareOutFolder(path.join(folder, 'a', 'b'));
  await prepareOutFolder(path.join(folder, 'a', 'b'));
  expect(readdirSync(path.join(folder, 'a', 'b'))).toEqual([]);
});

test('of an earlier run loses the files of that run and keeps others', async () => {
  fill('bypassbench.manifest/1');
  await prepareOutFolder(folder);
  expect(readdirSync(folder)).toEqual(['notes.txt']);
});

test('with other files is refused and left as it is', async () => {
  fill('somebody.else/1');
  await expect(prepareOutFolder(folder)).rejects.toMatchObject({
    code: 'OUT_NOT_A_RUN',
    message: expect.stringContaining('name a new or empty folder'),
  });
  expect(readdirSync(folder)).toHaveLength(4);
});

test('cannot be a file', async () => {
  fill('bypassbench.manifest/1');
  await expect(prepareOutFolder(path.join(folder, 'notes.txt'))).rejects.toMatchObject({
    code: 'OUT_NOT_A_RUN',
  });
});
