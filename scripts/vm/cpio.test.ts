import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cpioArchive } from './cpio.ts';

const folder = mkdtempSync(join(tmpdir(), 'bypassbench-cpio-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('cpioArchive', () => {
  it("is unpacked by Debian's cpio to the same files", () => {
    const archive = cpioArchive([
      { path: 'init', content: Buffer.from('#!/bin/sh\n'), executable: true },
      { path: 'a/b/c', content: Buffer.from('x') },
      { path: 'a/b/empty', content: new Uint8Array() },
    ]);
    const { status, stderr } = spawnSync('cpio', ['-idm'], { cwd: folder, input: archive, encoding: 'utf8' });
    expect({ status, stderr: stderr.replace(/^\d+ blocks?\n/, '') }).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'init'), 'utf8')).toBe('#!/bin/sh\n');
    expect(statSync(join(folder, 'init')).mode & 0o111).toBe(0o111);
    expect(statSync(join(folder, 'a/b/c')).mode & 0o111).toBe(0);
    expect(readFileSync(join(folder, 'a/b/c'), 'utf8')).toBe('x');
    expect(readFileSync(join(folder, 'a/b/empty'))).toHaveLength(0);
  });
});
