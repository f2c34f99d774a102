/** The server on our own network stack, with the clients people use on Linux's: over a tap device. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, TapNetwork } from './tap-network.ts';

const MEBIBYTE = 1024 ** 2;
const run = promisify(execFile);

describe.runIf(mayMakeTap()).each([
  ['a clean wire', {}],
  ['loss and reordering', { impair: 'loss=0.005,reorder=0.02,seed=11' }],
])('the server over %s', (_wire, options) => {
  let network: TapNetwork;
  let server: ServerProcess;

  beforeAll(async () => {
    network = new TapNetwork();
    const flags = Object.entries(network.backendOptions(options)).flatMap(([name, value]) => [
      '-o',
      `${name}=${value}`,
    ]);
    server = await startKvServer('libos', ['--backend', 'dpdk', '--idle', 'sleep', ...flags]);
    network.connectLinux();
  });

  afterAll(async () => {
    try {
      if (server) expect((await server.stop()).code).toBe(0);
    } finally {
      await network?.close();
    }
  });

  const at = () => ['-h', LIBOS_ADDRESS, '-p', String(server.port)];

  it('gives ioredis every reply right, with many commands on their way on several connections', async () => {
    const clients = Array.from({ length: 8 }, () => new Redis(server.port, LIBOS_ADDRESS));
    await Promise.all(
      clients.map(async (redis, client) => {
        const expected: unknown[] = [];
        const pipeline = redis.pipeline();
        for (let i = 0; i < 300; i++) {
          const value = `${client}:${i}:`.repeat(1 + ((5 * i) % 500));
          pipeline
            .set(`key:${client}:${i % 50}`, value)
            .get(`key:${client}:${i % 50}`)
            .incr(`counter:${client}`);
          expected.push([null, 'OK'], [null, value], [null, i + 1]);
        }
        expect(await pipeline.exec()).toEqual(expected);
      }),
    );
    const large = Buffer.alloc(8 * MEBIBYTE);
    for (let i = 0; i < large.length; i += 4) large.writeInt32LE(Math.imul(i, 0x9e3779b1), i);
    expect(await clients[0].set('large', large)).toBe('OK');
    expect(large.equals((await clients[1].getBuffer('large'))!)).toBe(true);
    for (const redis of clients) redis.disconnect();
  });

  it('serves redis-cli', async () => {
    const cli = async (...args: string[]) => (await run('redis-cli', [...at(), ...args])).stdout.trim();
    expect(await cli('SET', 'cli', 'value', 'EX', '100')).toBe('OK');
    expect(await cli('GET', 'cli')).toBe('value');
    expect(await cli('--no-raw', '-3', 'CONFIG', 'GET', 'save')).toBe('1# "save" => ""');
    expect(await cli('nonsense')).toMatch(/^ERR unknown command 'nonsense'/);
  });

  it('runs the whole of redis-benchmark', async () => {
    const benchmark = async (...args: string[]) => {
      const { stdout, stderr } = await run('redis-benchmark', [...at(), '--csv', ...args]);
      expect(stderr).toBe('');
      return stdout.trim().split('\n').slice(1);
    };
    expect(await benchmark('-n', '500', '-c', '50', '-r', '1000')).toHaveLength(20);
    expect(await benchmark('-n', '3000', '-P', '16', '-d', '1000', '-t', 'set,get')).toHaveLength(2);
  });
});
