/** A run of two checkouts of this project: server and load generator of each are its own. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { system, TestRun, tinyWorkload } from './experiments-campaign.ts';

const bypassbench = path.join(import.meta.dirname, '..', 'bin', 'bypassbench');

/** A clone whose command notes what it is asked for and has this checkout's do it. */
async function createOther(): Promise<{ folder: string; calls: string; commit: string }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'other-checkout-'));
  const calls = path.join(folder, 'calls');
  mkdirSync(path.join(folder, 'bin'));
  const command = path.join(folder, 'bin', 'bypassbench');
  writeFileSync(command, `#!/bin/sh\necho "$1" >>'${calls}'\nexec '${bypassbench}' "$@"\n`);
  chmodSync(command, 0o755);
  const git = (...args: string[]) => execa('git', args, { cwd: folder });
  await git('init', '--quiet');
  await git('add', 'bin');
  await git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '--message', 'other');
  return { folder, calls, commit: (await git('rev-parse', 'HEAD')).stdout };
}

test('two checkouts are two systems of one run', async () => {
  const other = await createOther();
  const start = ['bypassbench', 'serve', '--frontend', 'libos', '--bind', '{host}', '--port', '0'];
  const ready = { by: 'json_line' };
  const run = new TestRun({
    workload: { ...tinyWorkload, operations: ['get'] },
    systems: [system('this', start, { ready }), system('other', start, { ready, checkout: other.folder })],
  });
  try {
    mkdirSync(run.temp);
    const { stderr } = await run.start();
    expect(
      run
        .trials()
        .map(({ subject, status }) => [subject, status])
        .sort(),
      stderr,
    ).toEqual([
      ['other', 'ok'],
      ['this', 'ok'],
    ]);
    // The first two calls were whether it starts at all, and which options its load generator has.
    const calls = readFileSync(other.calls, 'utf8').trim().split('\n');
    expect(calls).toEqual(['serve', 'load', 'serve', 'load']);
    const manifest = run.manifest();
    expect(manifest.systems.map(({ name, checkout }) => [name, checkout])).toEqual([
      ['this', null],
      ['other', { commit: other.commit, dirty: true }],
    ]);
    expect(manifest.config).toMatchObject({ systems: [{}, { checkout: other.commit }] });
    expect(JSON.stringify(manifest)).not.toContain(other.folder);
  } finally {
    for (const folder of [run.folder, other.folder]) rmSync(folder, { recursive: true, force: true });
  }
});
