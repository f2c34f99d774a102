/** An artifact of a run: unpacked elsewhere it makes the same report, and has no name of its machine. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { measured } from '../test-report.ts';
import { manifest, run, system, writeRun } from '../test-synthetic-run.ts';
import { writeReport } from '../write-report.ts';
import { anonymous, anonymousJson, anonymousPath, labNamesOf } from './anonymous.ts';
import { bundleOf } from './bundle.ts';
import { tarGz } from './tar.ts';
import { REPEAT_SCRIPT } from './texts.ts';

/** The files of an archive by their paths, as POSIX describes it. */
function unpacked(archive: Buffer): Map<string, { content: Buffer; mode: number }> {
  const tar = gunzipSync(archive);
  const files = new Map<string, { content: Buffer; mode: number }>();
  for (let at = 0; tar[at] !== 0; ) {
    const text = (from: number, length: number): string =>
      tar
        .subarray(at + from, at + from + length)
        .toString()
        .replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    const header = Buffer.from(tar.subarray(at, at + 512)).fill(' ', 148, 156);
    expect(header.reduce((sum, byte) => sum + byte, 0)).toBe(Number.parseInt(text(148, 8), 8));
    const path = [text(345, 155), text(0, 100)].filter(Boolean).join('/');
    const content = tar.subarray(at + 512, at + 512 + size);
    files.set(path, { content, mode: Number.parseInt(text(100, 8), 8) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

test('unpacked elsewhere, it makes the same report from data without paths', async () => {
  const start = ['/home/ann/redis', 'x'];
  const again = system('redis-again', { repeats: 'redis' });
  const config = {
    experiment: 'redis-figure',
    repeat: 'redis',
    systems: [
      { name: 'redis', start },
      { name: 'redis-again', start },
    ],
  };
  const dir = await writeRun(
    run({
      manifest: manifest({
        config,
        systems: [...manifest().systems, again],
        command: ['bypassbench', 'run', '/home/ann/paper/figure.yaml'],
      }),
      measured,
      trial: ({ name }, trial) =>
        name === 'kv-sockets' && trial === 1
          ? {
              status: 'failed',
              reason: '/home/ann/redis/redis-server ended',
              log_tail: ['see /home/ann/x.log'],
            }
          : {},
    }),
  );
  await writeFile(
    join(dir, 'trials', 'note.log'),
    'cannot open /home/ann/data/dump.rdb, but /usr/lib/libc.so\n',
  );
  await mkdir(join(dir, 'calibration', 'kernel'), { recursive: true });
  await writeFile(join(dir, 'calibration', 'kernel', 'note.log'), 'of the generator');
  await writeFile(join(dir, 'beside.txt'), 'not of the run');
  const archive = await bundleOf(dir, 'figure');
  const files = unpacked(archive);
  const texts = [...files].filter(([path]) => !/\.(png|gz|hdr)$/.test(path));
  for (const [, { content }] of texts) expect(content.toString()).not.toContain('/home/');
  expect(files.get('figure/run/trials/note.log')?.content.toString()).toBe(
    'cannot open PATH/dump.rdb, but /usr/lib/libc.so\n',
  );
  expect(files.has('figure/run/calibration/kernel/note.log')).toBe(true);
  expect([...files.keys()].filter((path) => path.includes('beside'))).toEqual([]);
  expect(parse(files.get('figure/experiment.yaml')!.content.toString())).toEqual({
    ...config,
    systems: [{ name: 'redis', start: ['PATH/redis', 'x'] }],
  });
  expect(files.get('figure/repeat.sh')?.mode).toBe(0o755);
  const readme = files.get('figure/README.md')!.content.toString();
  expect(readme).toContain('- GET, p50 over that of Redis');
  expect(readme).toContain('The run once more, in about 13 s');
  for (const name of readme.matchAll(/^\| `([\w./]+)` \|/gm)) {
    expect([...files.keys()].some((path) => path.startsWith(`figure/${name[1]}`))).toBe(true);
  }

  const elsewhere = await mkdtemp(join(tmpdir(), 'bypassbench-artifact-'));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  for (const [path, { content }] of files) {
    await mkdir(dirname(join(elsewhere, path)), { recursive: true });
    await writeFile(join(elsewhere, path), content);
  }
  const made = await writeReport(join(elsewhere, 'figure', 'run'), { reference: true });
  for (const file of made.files) {
    const bytes = await readFile(join(elsewhere, 'figure', 'run', file));
    expect(bytes.equals(files.get(`figure/run/${file}`)!.content)).toBe(true);
  }
});

test('its script compares a run of which a point is invalid, and ends as that run did', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bypassbench-artifact-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'repeat.sh'), REPEAT_SCRIPT);
  const repeat = (endOfRun: number) => {
    const command = `#!/bin/sh\necho "$1"\n[ "$1" = compare ] || exit ${endOfRun}\n`;
    writeFileSync(join(dir, 'command'), command, { mode: 0o755 });
    const { status, stdout } = spawnSync('sh', [join(dir, 'repeat.sh')], {
      env: { ...process.env, BYPASSBENCH: join(dir, 'command') },
      encoding: 'utf8',
    });
    return [status, stdout.trim().split('\n').join(' ')];
  };
  expect([0, 1, 130].map(repeat)).toEqual([
    [0, 'run compare'],
    [1, 'run compare'],
    [130, 'run'],
  ]);
});

const names = [
  { name: 'ann', instead: 'USER' },
  { name: 'redis', instead: 'HOST' },
];

test.each([
  ['/home/ann/a/redis-server --dir=/tmp/b/c', 'PATH/redis-server --dir=PATH/c'],
  ['unix:/tmp/x/sock and file:///home/ann/x', 'unix:PATH/sock and file://PATH/x'],
  ['https://example.org/a/b and a/b/c and ./a/b and /dev/shm/x', null],
  ['ann@redis, annual redis-server', 'USER@HOST, annual redis-server'],
])('%s', (text, wanted) => {
  expect(anonymous(text, names)).toBe(wanted ?? text);
});

test('in JSON the name of a system stays, also where the host is called so', () => {
  expect(JSON.parse(anonymousJson('{"redis":"redis","log":"redis: by ann"}', names))).toEqual({
    redis: 'redis',
    log: 'HOST: by USER',
  });
});

test('hosts of a lab and their addresses get other names, the same ones in every file', () => {
  const networks = { lan: { address: '10.10.1.1/24', libos_address: '10.10.1.101/24', interface: 'ens1' } };
  const config = { hosts: { 'ann-node0': { networks }, server: {} }, place: { server: 'server' } };
  const lab = labNamesOf(manifest({ config }));
  const json = {
    config,
    hosts: [{ name: 'ann-node0', clock: 'tsc' }],
    systems: [{ name: 'server', place: { server: 'ann-node0', generators: ['server'] } }],
    steal_s: { 'ann-node0:2': 0, '3': 1 },
    server_command: ['kv', '--bind', '10.10.1.1', '10.10.1.15', '127.0.0.1'],
    reason: 'host server was lost; ann-node0 too. The server said 10.10.1.101:6379.',
    generators: { missing_hosts: ['ann-node0'], hosts: [{ host: 'server', began_us: 1 }] },
  };
  expect(JSON.parse(anonymousJson(JSON.stringify(json), [], lab))).toEqual({
    config: {
      hosts: {
        host1: {
          networks: { lan: { address: '192.0.2.1/24', libos_address: '192.0.2.2/24', interface: 'ens1' } },
        },
        host2: {},
      },
      place: { server: 'host2' },
    },
    hosts: [{ name: 'host1', clock: 'tsc' }],
    systems: [{ name: 'server', place: { server: 'host1', generators: ['host2'] } }],
    steal_s: { 'host1:2': 0, '3': 1 },
    server_command: ['kv', '--bind', '192.0.2.1', '10.10.1.15', '127.0.0.1'],
    reason: 'host host2 was lost; host1 too. The server said 192.0.2.2:6379.',
    generators: { missing_hosts: ['host1'], hosts: [{ host: 'host2', began_us: 1 }] },
  });
  const file = 'trials/001-server-t1/get-c1/hosts/server/result.json';
  expect(anonymousPath(file, lab)).toBe('trials/001-server-t1/get-c1/hosts/host2/result.json');
  expect(anonymous('to ann-node0 at 10.10.1.1.', [], lab)).toBe('to host1 at 192.0.2.1.');
});

test('long paths are archived, and too long ones are not cut', () => {
  const path = `${'a'.repeat(90)}/${'b'.repeat(90)}`;
  expect([...unpacked(tarGz([{ path, content: Buffer.from('x') }], 0)).keys()]).toEqual([path]);
  expect(() => tarGz([{ path: 'a'.repeat(101), content: Buffer.alloc(0) }], 0)).toThrow('too long');
});
