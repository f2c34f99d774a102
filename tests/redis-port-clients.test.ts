/**
 * Redis on the libOS and the unmodified redis-server of the same build are sent the same, right and wrong: bytes and
 * closes must be the same. Then more clients than there may be, clients that do not read, and the programs people use.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encode } from './kvserver-processes.ts';
import { Printing, run } from './programs.ts';
import { pumpUntil } from './raw-socket.ts';
import { answerTo, differencesOf, Side } from './redis-answers.ts';
import { acceptedConnections, openFiles, outcomesOf, pingAll, REFUSAL, storm } from './redis-crowd.ts';
import { requestsInPieces } from './redis-mutations.ts';
import { overEachBackend, type PortServer, REDIS_SERVER, startPort } from './redis-port-servers.ts';
import { exchanges, unauthenticated } from './redis-requests.ts';
import { type RunningServer, startRedis } from './redis-server.ts';
import { whole } from './whole-runs.ts';

const MEBIBYTE = 1024 ** 2;
const SOON = { timeout: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'redis-port-clients-'));
afterAll(() => rmSync(folder, { recursive: true }));
const options = ['--enable-debug-command', 'yes', '--protected-mode', 'no'];

overEachBackend((backend) => {
  let server: PortServer;
  let ours: Side;
  let redis: RunningServer;
  let theirs: Side;

  beforeAll(async () => {
    server = await startPort(backend, options);
    ours = server.side;
    redis = await startRedis([...options, '--dir', folder], REDIS_SERVER);
    theirs = await Side.open(redis.port);
  });

  afterAll(async () => {
    theirs?.close();
    await redis?.stop();
    expect(await server?.close()).toBe(0);
  });

  /** Both servers are configured so while the body runs. */
  async function configured(name: string, value: string, body: () => Promise<void>): Promise<void> {
    const before = (await ours.control.command('CONFIG', 'GET', name)).elements?.[1].text ?? '';
    const configure = async (to: string) => {
      for (const { control } of [ours, theirs]) {
        expect((await control.command('CONFIG', 'SET', name, to)).text).toBe('OK');
      }
    };
    await configure(value);
    try {
      await body();
    } finally {
      await configure(before);
    }
  }

  const onlyControlIsLeft = async () => {
    await expect.poll(() => ours.info('connected_clients'), SOON).toBe('1');
    expect((await ours.control.command('PING')).text).toBe('PONG');
  };

  describe('answers byte by byte as redis-server does, and closes when that does', () => {
    test('to what is right, wrong, too long and cut', async () => {
      expect(await differencesOf(exchanges, [ours, theirs])).toEqual([]);
      expect(await ours.tallies()).toEqual(await theirs.tallies());
      const digests = await Promise.all(
        [ours, theirs].map(({ control }) => control.command('DEBUG', 'DIGEST')),
      );
      expect(digests[0]).toEqual(digests[1]);
      await onlyControlIsLeft();
    });

    test('to who has not given the password', async () => {
      await configured('requirepass', 'secret', async () => {
        expect(await differencesOf(unauthenticated, [ours, theirs])).toEqual([]);
      });
    });

    test('to more than it is configured to take', async () => {
      const long = (bytes: number) => `*2\r\n$4\r\nECHO\r\n$${bytes}\r\n${'x'.repeat(bytes)}\r\nPING\r\n`;
      const bulk = [
        { name: 'as long as it may be', pieces: [long(MEBIBYTE)] },
        { name: 'a byte too long', pieces: [long(MEBIBYTE + 1)] },
      ];
      await configured('proto-max-bulk-len', `${MEBIBYTE}`, async () => {
        expect(await differencesOf(bulk, [ours, theirs])).toEqual([]);
      });
      const queries = [
        { name: 'within the limit', pieces: [long(MEBIBYTE / 2)] },
        { name: 'over the limit', pieces: [`PING\r\n${long(3 * MEBIBYTE)}`] },
      ];
      await configured('client-query-buffer-limit', `${MEBIBYTE}`, async () => {
        expect(await differencesOf(queries, [ours, theirs])).toEqual([]);
      });
    });

    test('with its log on disk before each answer', async () => {
      for (const { control } of [ours, theirs]) await control.command('FLUSHALL');
      await configured('appendfsync', 'always', async () => {
        await configured('appendonly', 'yes', async () => {
          expect(await differencesOf(exchanges, [ours, theirs])).toEqual([]);
        });
      });
    });

    test('to random requests, damaged and cut', async () => {
      await fc.assert(
        fc.asyncProperty(
          requestsInPieces,
          whole(async (pieces) => {
            const [given, wanted] = await Promise.all([answerTo(ours, pieces), answerTo(theirs, pieces)]);
            expect(given).toBe(wanted);
          }),
        ),
      );
    });
  });

  test('what comes during a script of its own, and an end behind it, is answered and closed', async () => {
    const script = `local function ms() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
      local till = ms() + 200 repeat until ms() > till return 'done'`;
    await configured('busy-reply-threshold', '20', async () => {
      const scripting = ours.connect();
      scripting.write(encode(['EVAL', script, '0']));
      await pumpUntil([scripting], 'it is sent', () => !scripting.hasUnsent);
      await expect.poll(async () => (await ours.control.command('PING')).text, SOON).toMatch(/^BUSY/);
      scripting.write('ECHO during\r\n');
      scripting.end();
      await pumpUntil([scripting], 'its close', () => scripting.closed !== null);
      expect(scripting.text).toBe('$4\r\ndone\r\n$6\r\nduring\r\n');
      scripting.close();
    });
    await onlyControlIsLeft();
  });

  test('more clients than there may be are told so and closed, and the others are served', async () => {
    await configured('maxclients', '50', async () => {
      const accepted = await acceptedConnections(ours, 49);
      const files = openFiles(server.process.process.pid as number);
      for (let wave = 0; wave < 3; wave++) {
        expect(await outcomesOf(ours, 200)).toEqual({ [`${REFUSAL}end`]: 200 });
        await pingAll(accepted);
      }
      expect(await ours.info('rejected_connections')).toBe('600');
      expect(await ours.info('connected_clients')).toBe('50');
      expect(openFiles(server.process.process.pid as number)).toBe(files);
      for (const socket of accepted) socket.close();
      await onlyControlIsLeft();
      for (const socket of await acceptedConnections(ours, 49)) socket.close();
    });
    await onlyControlIsLeft();
  });

  // To redis-server, and to this one over the kernel, the test is a client of the same machine.
  test.runIf(backend === 'tap')(
    'in protected mode a client of another machine is told so and closed',
    async () => {
      await configured('protected-mode', 'yes', async () => {
        const told = Object.entries(await outcomesOf(ours, 10));
        expect(told).toEqual([
          [expect.stringMatching(/^-DENIED Redis is running in protected mode.*\r\nend$/), 10],
        ]);
      });
      await onlyControlIsLeft();
    },
  );

  test('clients that go in the middle of a request, by an end or a reset, leave nothing behind', async () => {
    const files = openFiles(server.process.process.pid as number);
    for (let wave = 0; wave < 3; wave++) await storm(ours, 200);
    await onlyControlIsLeft();
    await expect.poll(() => openFiles(server.process.process.pid as number), SOON).toBe(files);
  });

  test('what is published comes to more clients than there are buffers ready', async () => {
    const text = 'abcdefg'.repeat(3000);
    const subscribers = await acceptedConnections(ours, 250);
    for (const socket of subscribers) {
      socket.clear();
      socket.write('SUBSCRIBE news\r\n');
    }
    const subscribed = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n';
    const all = (wanted: string) => () => subscribers.every((socket) => socket.text === wanted);
    await pumpUntil(subscribers, 'all are subscribed', all(subscribed));
    expect((await ours.control.command('PUBLISH', 'news', text)).text).toBe('250');
    await pumpUntil(subscribers, 'all have heard', all(subscribed + encode(['message', 'news', text])));
    for (const socket of subscribers) socket.close();
    await onlyControlIsLeft();
  });

  test('a client that does not read keeps no other waiting, and is closed over its limit', async () => {
    const value = 'abcdefg'.repeat(150_000);
    await ours.control.command('SET', 'long', value);
    const asked = 20;
    const slow = ours.connect();
    slow.reads = false;
    slow.write('GET long\r\n'.repeat(asked));
    await pumpUntil([slow], 'it is sent', () => !slow.hasUnsent);
    const waiting = async () => (await ours.control.command('CLIENT', 'LIST')).text;
    await expect.poll(waiting, SOON).toMatch(/ omem=\d{7}/);
    for (let i = 0; i < 500; i++) expect((await ours.control.command('ECHO', `${i}`)).text).toBe(`${i}`);
    slow.reads = true;
    const bytes = asked * `$${value.length}\r\n${value}\r\n`.length;
    await pumpUntil([slow], 'all that it asked for', () => slow.receivedBytes === bytes);
    expect(slow.text).toBe(`$${value.length}\r\n${value}\r\n`.repeat(asked));

    await configured('client-output-buffer-limit', 'normal 8mb 0 0', async () => {
      slow.reads = false;
      slow.write('GET long\r\n'.repeat(asked));
      await pumpUntil([slow], 'it is sent', () => !slow.hasUnsent);
      await expect.poll(() => ours.info('connected_clients'), SOON).toBe('1');
      slow.reads = true;
      await pumpUntil([slow], 'its close', () => slow.closed !== null);
      expect(slow.receivedBytes).toBeLessThan(2 * bytes);
    });
    slow.close();
    await onlyControlIsLeft();
  });

  describe('serves', () => {
    const at = () => ['-h', ours.address, '-p', `${ours.port}`];
    const cli = (...args: string[]) => run('redis-cli', [...at(), ...args]);

    test('redis-cli', async () => {
      expect(await cli('FLUSHALL')).toBe('OK');
      expect(await cli('SET', 'cli', 'value', 'EX', '100')).toBe('OK');
      expect(await cli('--no-raw', 'TTL', 'cli')).toMatch(/^\(integer\) (100|[89]\d)$/);
      expect(await cli('--no-raw', '-3', 'CONFIG', 'GET', 'save')).toBe('1# "save" => ""');
      expect(await cli('nonsense')).toMatch(/^ERR unknown command 'nonsense'/);
    });

    test('redis-cli --pipe, and what looks through all keys', async () => {
      await cli('FLUSHALL');
      const numbers = Array.from({ length: 5000 }, (_, i) => encode(['SET', `piped:${i}`, `${i}`]));
      const long = encode(['SET', 'long', 'x'.repeat(100_000)]);
      const piped = await run('redis-cli', [...at(), '--pipe'], numbers.join('') + long);
      expect(piped).toMatch(/errors: 0, replies: 5001$/);
      expect(await cli('DBSIZE')).toBe('5001');
      expect(await cli('--bigkeys')).toMatch(/Biggest string found .*"long".* has 100000 bytes/);
      expect((await cli('--scan', '--pattern', 'piped:499?')).split('\n')).toHaveLength(10);
    });

    test('redis-cli that subscribes, and one that watches all commands', async () => {
      const subscriber = new Printing('redis-cli', [...at(), 'SUBSCRIBE', 'news']);
      expect(await subscriber.lines(3)).toEqual(['subscribe', 'news', '1']);
      const monitor = new Printing('redis-cli', [...at(), 'MONITOR']);
      expect(await monitor.lines(1)).toEqual(['OK']);
      expect(await cli('PUBLISH', 'news', 'all of it')).toBe('1');
      expect(await subscriber.lines(3)).toEqual(['message', 'news', 'all of it']);
      expect((await monitor.lines(1))[0]).toMatch(/^[\d.]+ \[0 [\d.]+:\d+\] "PUBLISH" "news" "all of it"$/);
      await subscriber.end();
      await monitor.end();
      await onlyControlIsLeft();
    });

    test('redis-cli --rdb, a replica for a moment', async () => {
      await cli('FLUSHALL');
      await ours.control.command('SET', 'copied', 'x'.repeat(300_000));
      const file = join(folder, `${backend}.rdb`);
      await configured('repl-diskless-sync-delay', '0', async () => {
        expect(await cli('--rdb', file)).toMatch(/Transfer finished with success/);
      });
      expect(await run('redis-check-rdb', [file])).toMatch(/1 keys read/);
      await onlyControlIsLeft();
    });

    test('redis-benchmark', async () => {
      const benchmark = async (...args: string[]) => {
        const printed = await run('redis-benchmark', [...at(), '--csv', ...args]);
        return printed.split('\n').slice(1);
      };
      expect(await benchmark('-n', '300', '-c', '50', '-r', '1000')).toHaveLength(20);
      expect(
        await benchmark('-n', '2000', '-c', '50', '-P', '16', '-d', '1000', '-t', 'set,get'),
      ).toHaveLength(2);
      await onlyControlIsLeft();
    });

    test('ioredis', async () => {
      await cli('FLUSHALL');
      const clients = Array.from({ length: 4 }, () => new Redis(ours.port, ours.address));
      const answers = clients.map(async (redis, index) => {
        const pipeline = redis.pipeline();
        for (let i = 0; i < 300; i++)
          pipeline
            .set(`${index}`, 'x'.repeat(i * 50))
            .strlen(`${index}`)
            .incr('all');
        const replies = (await pipeline.exec()) ?? [];
        expect(replies.filter((_, i) => i % 3 === 1)).toEqual(
          Array.from({ length: 300 }, (_, i) => [null, i * 50]),
        );
      });
      await Promise.all(answers);
      const [first, second, waiting] = clients;
      expect(await first.get('all')).toBe('1200');
      const popped = waiting.blpop('queue', 30);
      await expect.poll(() => ours.info('blocked_clients'), SOON).toBe('1');
      await first.rpush('queue', 'element');
      expect(await popped).toEqual(['queue', 'element']);
      const heard = new Promise((resolve) => second.on('pmessage', (...message) => resolve(message)));
      await second.psubscribe('new*');
      await first.publish('news', 'text');
      expect(await heard).toEqual(['new*', 'news', 'text']);
      for (const client of clients) client.disconnect();
      await onlyControlIsLeft();
    });
  });
});
