import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FileNotWritten, HALF_WRITTEN, replaceFile } from './replace-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'replace-file-test-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('a file is replaced, and nothing is left beside it', async () => {
  const path = join(dir, 'manifest.json');
  await replaceFile(path, 'first');
  await replaceFile(path, Buffer.from('second'));
  expect(readFileSync(path, 'utf8')).toBe('second');
  expect(readdirSync(dir)).toEqual(['manifest.json']);
});

test('one that cannot be written stays as it was, and the error names it', async () => {
  const path = join(dir, 'folder');
  mkdirSync(path);
  await expect(replaceFile(path, 'text')).rejects.toMatchObject({
    code: 'FILE_NOT_WRITTEN',
    message: expect.stringContaining(`${path} cannot be written (EISDIR`),
  });
  expect(readdirSync(dir).filter((name) => HALF_WRITTEN.test(name))).toEqual([]);
});

test.each([
  ['ENOSPC', 'free space on its disk, or name another folder'],
  ['EROFS', 'make its folder writable, or name another one'],
])('%s has a remedy', (code, remedy) => {
  expect(new FileNotWritten('/run/manifest.json', Object.assign(new Error('no'), { code })).message).toBe(
    `/run/manifest.json cannot be written (no): ${remedy}`,
  );
});
