/** What set-up compiles is known by its content. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['scripts', 'libos/native', 'libos/examples/posix', 'loadgen/floor/native'];

it('a copy of the checkout, elsewhere and with other times, builds nothing anew', () => {
  const copy = mkdtempSync(join(tmpdir(), 'bypassbench-copy-'));
  try {
    for (const folder of folders) cpSync(join(root, folder), join(copy, folder), { recursive: true });
    const program = join(copy, 'scripts', 'build-native.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  } finally {
    rmSync(copy, { recursive: true });
  }
});
