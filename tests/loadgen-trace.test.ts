/** `bypassbench load --trace` against real servers, and what `bypassbench trace` makes for it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { command } from '../loadgen/command.ts';
import { loadResultFormat, pausesFormat } from '../results/formats/index.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);
const HEAD = '# bypassbench trace 1\n';

const redis = new LoadedRedis();

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(redis.folder, name);
  await writeFile(file, content);
  return file;
}

async function load(port: number, file: string, ...args: string[]) {
  const out = `${file}.out`;
  const target = ['--target', `127.0.0.1:${port}`, '--trace', file, '--out', out];
  const { stdout } = await run(bypassbench, ['load', ...target, ...args]);
  return { out, stdout, result: loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8')) };
}

it('sends what the trace has, in its order and at its times, and nothing else', async () => {
  const seen: { command: string; atNs: number }[] = [];
  const recording = net.createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (data) => {
        const text = data.toString('latin1');
        for (const [, name, key, bytes] of text.matchAll(
          /\*\d\r\n\$3\r\n(\w+)\r\n\$\d+\r\n(.*)\r\n(?:\$(\d+)\r\n.*\r\n)?/g,
        )) {
          seen.push({ command: [name, key, bytes ?? '-'].join(' '), atNs: Number(process.hrtime.bigint()) });
          socket.write(name === 'GET' ? '$-1\r\n' : name === 'SET' ? '+OK\r\n' : ':1\r\n');
        }
      });
  });
  await once(recording.listen(0, '127.0.0.1'), 'listening');
  const lines = [
    '5 set a%20key 10',
    '5.1 get a%20key 10',
    '5.1 del k -',
    '5.4 set %ff%0 3'.replace('%0', '%00'),
    '6 get x -',
  ];
  const file = await fileOf('order.trace', `${HEAD}${lines.join('\n')}\n`);
  const { port } = recording.address() as net.AddressInfo;
  const { result, out } = await load(port, file, '--trace-speed', '2', '--pipeline', '10', '--warmup-s', '0');
  recording.close();
  const commands = ['SET a key 10', 'GET a key -', 'DEL k -', 'SET \u00ff\0 3', 'GET x -'];
  expect(seen.map((one) => one.command)).toEqual(commands);
  const { window } = pausesFormat.read(await readFile(join(out, 'pauses.json'), 'utf8'));
  // At twice the speed; by the machine's clock nothing comes early. Two readings of it may lie 20 us apart.
  for (const [i, dueMs] of [0, 50, 50, 200, 500].entries())
    expect(seen[i].atNs - window!.start_ns).toBeGreaterThan(dueMs * 1e6 - 20_000);
  expect(result).toMatchObject({ loop: 'open', arrivals: null, rates: { window_s: expect.closeTo(0.5, 3) } });
  expect(result.trace).toEqual({ file: 'order.trace', speed: 2, requests: 5, span_s: 1 });
  expect(result.operations.map(({ operation, requests, misses }) => [operation, requests, misses])).toEqual([
    ['get', 2, 2],
    ['set', 1 + 1, 0],
    ['del', 1, 0],
  ]);
});

it('is replayed by several threads, compressed, after filling what it gets', async () => {
  const lines = Array.from({ length: 600 }, (_, i) => {
    const operation = i % 3 === 0 ? 'set' : 'get';
    return `${(i / 1000).toFixed(3)} ${operation} user:${i % 50} ${(i % 50) * 40}`;
  });
  const text = `${HEAD}${lines.join('\n')}\n`;
  for (const [name, content] of [
    ['x.gz', gzipSync(text)],
    ['x.zst', zstdCompressSync(text)],
  ] as const) {
    const threads = ['--threads', '2', '--connections', '2', '--pipeline', '300', '--warmup-s', '0.1'];
    const { result } = await load(redis.port, await fileOf(name, content), ...threads, '--populate');
    const [get, set] = result.operations;
    // Those of the first 100 ms are of the warm-up.
    expect(get.requests + set.requests).toBe(500);
    expect(get.hits + set.hits).toBe(500);
    expect(result.threads?.length).toBe(2);
  }
});

it('is made of a trace of Twitter, and looked over', async () => {
  const rows = ['10,a,5,100,1,set,60', '10,b,1,0,1,get,0', '12,a,5,100,1,gets,0'];
  const file = await fileOf('cluster.csv', `${rows.join('\n')}\n`);
  const out = join(redis.folder, 'cluster.trace.gz');
  const converted = await run(bypassbench, ['trace', 'twitter', file, '--out', out]);
  expect(converted.stdout).toBe('3 requests: set 1, get 1, gets 1\n');
  const { stdout } = await run(bypassbench, ['trace', 'check', out]);
  expect(stdout).toContain('3 requests in 2 s, 2 a second on average');
  expect(stdout).toContain('the longest key has 5 bytes, the longest value 100');
  const wrong = run(bypassbench, ['trace', 'check', await fileOf('wrong.trace', `${HEAD}1 get k\n`)]);
  await expect(wrong).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/wrong\.trace:2: the line lacks/),
  });
});

it('is refused before anything starts, where it contradicts itself or other flags', async () => {
  const good = await fileOf('good.trace', `${HEAD}0 get k -\n1 get k -\n`);
  const cut = await fileOf('cut.gz', gzipSync(`${HEAD}${'0 get k -\n'.repeat(999)}`).subarray(0, 40));
  const refused = (...words: string[]) => refusal(command(), '--target', '127.0.0.1:6379', ...words);
  expect(await refused('--trace', good, '--rate', '5')).toContain('--rate with --trace: the trace says that');
  expect(await refused('--trace', good, '--keys', '5')).toContain('--keys with --trace');
  expect(await refused('--trace', good, '--requests', '5')).toContain('--requests with --trace');
  expect(await refused('--trace', good)).toContain(
    'lasts 1 s at --trace-speed 1: warm-up and window, 1 s, must be shorter',
  );
  expect(await refused('--trace-speed', '2')).toContain('give --trace too');
  expect(await refused('--trace', join(redis.folder, 'none'))).toContain('none cannot be read: ENOENT');
  expect(await refused('--trace', cut)).toContain('cut.gz cannot be read: unexpected end of file');
});
