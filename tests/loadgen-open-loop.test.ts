/**
 * The open loop against real server processes: its schedule, and what it tells of a server that stalls.
 * Whether it keeps to its rate is in timing/generator.timing.test.ts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat, pausesFormat } from '../results/formats/index.ts';
import { answer } from './answer.ts';
import { startCounting } from './counted-requests.ts';
import { RespConnection } from './kvserver-processes.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const monotonicNs = (): number => Number(process.hrtime.bigint());

// One that sleeps while nothing is asked: it is there for all tests.
const server = new LoadedRedis();

beforeAll(async () => {
  await answer(command(), ...target(server.port), '--populate', '--requests', '1', '--warmup-s', '0');
});

const target = (port: number) => ['--target', `127.0.0.1:${port}`, '--keys', '100'];

/** Where nothing hangs on it: a load that spins takes a core from other tests. */
const asleep = ['--idle', 'sleep'];

/** What `bypassbench load` against `port` writes and says. */
async function load(port: number, ...args: string[]) {
  const out = server.nextOut();
  const { stdout, exitCode } = await answer(command(), ...target(port), '--out', out, ...args);
  const result: LoadResult = loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8'));
  return { out, stdout, exitCode, result, get: result.operations[0] };
}

/**
 * A server in this process that answers each request of a connection with a miss, when `delay` says so and
 * after the one before.
 */
async function slowServer(delay: (connection: number, requests: readonly number[]) => Promise<unknown>) {
  const requests: number[] = [];
  const listener = net.createServer((socket) => {
    const connection = requests.push(0) - 1;
    let answered = Promise.resolve();
    socket
      .on('error', () => {})
      .on('data', (data) => {
        for (const _ of data.toString('latin1').matchAll(/GET/g)) {
          requests[connection]++;
          answered = answered
            .then(() => delay(connection, requests))
            .then(() => void socket.write('$-1\r\n'));
        }
      });
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { port: (listener.address() as net.AddressInfo).port, requests, close: () => listener.close() };
}

describe('bypassbench load --rate', () => {
  it.each([
    ['constant', []],
    ['poisson', asleep],
  ])('sends what is due in its window with %s arrivals', async (arrivals, waiting) => {
    const { out, result, get } = await load(
      server.port,
      ...['--rate', '2000', '--arrivals', arrivals, '--connections', '2', '--pipeline', '256'],
      ...['--warmup-s', '0.1', '--duration-s', '0.6', ...waiting],
    );
    expect(result).toMatchObject({ loop: 'open', rate_ops: 2000, arrivals, unanswered: 0 });
    // One rehearsal at least.
    expect(result.rehearsals_s).toBeGreaterThan(0.3);
    // 0.6 s at 2,000 per second; a Poisson count strays from it by 35 in two windows of three.
    expect(Math.abs(get.requests - 1200)).toBeLessThanOrEqual(arrivals === 'constant' ? 1 : 5 * 35);
    expect(get.hits).toBe(get.requests);
    expect(result.elapsed_s).toBeGreaterThanOrEqual(0.6);
    expect(result.schedule_lag_us!.p99).toBeLessThanOrEqual(result.schedule_lag_us!.max);
    const histogram = decodeFromCompressedBase64((await readFile(join(out, 'get.hdr'), 'utf8')).trim());
    expect(histogram.totalCount).toBe(get.hits);
    expect(histogram.getValueAtPercentile(50)).toBe(get.latency_ns!.p50);
    expect(get.service_time_ns!.p50).toBeLessThanOrEqual(get.latency_ns!.p50);
  });

  it('has one schedule for a seed, however slow the server is', async () => {
    const arrivals = 'onoff:on_ms=5,off_ms=15,times=exponential';
    const offered: number[] = [];
    for (const delayMs of [0, 3]) {
      const slow = await slowServer(() => sleep(delayMs));
      const { result, get } = await load(
        slow.port,
        ...['--rate', '1000', '--arrivals', arrivals, '--pipeline', '1000', '--reply-timeout-s', '20'],
        ...['--warmup-s', '0.02', '--duration-s', '0.2', ...asleep],
      );
      slow.close();
      expect(result.arrivals).toEqual({ kind: 'onoff', on_ms: 5, off_ms: 15, times: 'exponential' });
      expect(get.misses / 0.2).toBeCloseTo(result.rates!.offered_ops!, 6);
      offered.push(result.rates!.offered_ops!);
    }
    expect(offered[0]).toBeGreaterThan(0);
    expect(offered[1]).toBe(offered[0]);
  });

  it('measures as many requests as asked for, asleep while nothing is due', async () => {
    const { result, get } = await load(
      server.port,
      ...[
        '--rate',
        '100',
        '--arrivals',
        'constant',
        '--idle',
        'sleep',
        '--warmup-s',
        '0',
        '--requests',
        '30',
      ],
    );
    expect(get.requests).toBe(30);
    expect(result.rehearsals_s).toBe(0);
    expect(result.elapsed_s).toBeGreaterThanOrEqual(0.29);
  });

  it('shows a pause of the server in the response time of all that were due, not in their service time', async () => {
    const pauseMs = 400;
    const pausing = await startCounting(server.port, (count) => (count === 500 ? sleep(pauseMs) : undefined));
    const { get, result, stdout } = await load(
      pausing.port,
      ...['--rate', '1000', '--arrivals', 'constant', '--warmup-s', '0', '--duration-s', '2', ...asleep],
    );
    pausing.close();
    // Without a warm-up the measured window begins with the first.
    expect(get.requests).toBeGreaterThanOrEqual(1999);
    // 400 of 2,000 requests wait up to 400 ms, evenly: a tenth of all more than 200 ms.
    expect(get.latency_ns!.p90).toBeGreaterThan(150e6);
    expect(get.latency_ns!.max).toBeGreaterThan(pauseMs * 0.95e6);
    // One connection with a window of one was waiting for one reply all the time, and for the others only when they
    // were sent, afterwards.
    expect(get.service_time_ns!.p90).toBeLessThan(get.latency_ns!.p90);
    expect(get.service_time_ns!.max).toBeGreaterThan(pauseMs * 0.95e6);
    expect(result.schedule_lag_us!.max).toBeGreaterThan(pauseMs * 900);
    // A tenth of all waited for 200 ms, and for room, which the generator is not to blame for.
    expect(result.own_lag_us!.p90).toBeLessThan(pauseMs * 250);
    expect(stdout).toMatch(
      /response time, us: min .*\n {2}service time, us: min .*\nsent after the intended time/,
    );
  });

  it('that is stopped itself is late by itself', async () => {
    let stop = (): void => {};
    const counting = await startCounting(server.port, (count) => {
      // Long before the end of the schedule, unless this process stands still for more than a second.
      if (count === 200) stop();
      return undefined;
    });
    const out = server.nextOut();
    const child = spawn(bypassbench, [
      ...['load', ...target(counting.port), '--out', out, '--rate', '1000', '--arrivals', 'constant'],
      ...['--pipeline', '1000', '--warmup-s', '0', '--duration-s', '2', ...asleep],
    ]);
    const ended = once(child, 'exit');
    const stopped = new Promise<{ fromNs: number; toNs: number }>((resolve) => {
      stop = async () => {
        child.kill('SIGSTOP');
        const fromNs = monotonicNs();
        await sleep(400);
        const toNs = monotonicNs();
        child.kill('SIGCONT');
        resolve({ fromNs, toNs });
      };
    });
    const { fromNs, toNs } = await stopped;
    expect(await ended).toEqual([0, null]);
    counting.close();
    const result = loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8'));
    const { window } = pausesFormat.read(await readFile(join(out, 'pauses.json'), 'utf8'));
    const dueNs = Math.min(toNs, window!.start_ns + 2e9) - fromNs;
    expect(dueNs).toBeGreaterThan(50e6);
    // One a millisecond, the first of which waited until the end.
    expect(result.sent_late!).toBeGreaterThan(dueNs / 1e6 - 3);
    expect(result.own_lag_us!.max).toBeGreaterThan(((toNs - fromNs) / 1e3 - 2000) * 0.99);
  });

  it('goes round the connections', async () => {
    const slow = await slowServer(() => sleep(100));
    const even = await load(
      slow.port,
      ...['--rate', '100', '--arrivals', 'constant', '--connections', '4', '--pipeline', '100'],
      ...['--warmup-s', '0', '--requests', '40', ...asleep],
    );
    expect(even.get).toMatchObject({ requests: 40, misses: 40, latency_ns: null, service_time_ns: null });
    expect(slow.requests).toEqual([10, 10, 10, 10]);
    slow.close();
  });

  it('goes past a connection whose window is full', async () => {
    const slow = await slowServer(async (connection, requests) => {
      while (connection === 0 && requests[1] + requests[2] < 40) await sleep(1);
    });
    await load(
      slow.port,
      ...['--rate', '100', '--arrivals', 'constant', '--connections', '3'],
      ...['--warmup-s', '0', '--requests', '41', ...asleep],
    );
    // Twenty each, unless a window of theirs was full as well when it was its turn.
    const [first, ...others] = slow.requests;
    expect(first).toBe(1);
    expect(others[0] + others[1]).toBe(40);
    expect(Math.min(...others)).toBeGreaterThan(0);
    slow.close();
  });

  it('gives up what has no reply after the window, and counts it', async () => {
    const slow = await slowServer(() => sleep(50));
    const { result, get, stdout, exitCode } = await load(
      slow.port,
      ...['--rate', '200', '--arrivals', 'constant', '--warmup-s', '0', '--duration-s', '0.3'],
      ...['--reply-timeout-s', '0.5', ...asleep],
    );
    // 60 were due; 0.8 s are enough for 16 at most. A timer of Node's may come a millisecond early.
    expect(get.requests).toBeGreaterThan(0);
    expect(get.requests).toBeLessThanOrEqual(Math.max(0.8, result.elapsed_s) / 0.049);
    expect(get.requests + result.unanswered!).toBe(60);
    expect(stdout).toContain(`never answered: ${result.unanswered}, given up after `);
    // Each had waited until half a second behind the window.
    expect(get.at_least_ns).toBeGreaterThan(0.5e9);
    // All are given up at once. The oldest of them was due right behind those that had a reply, which came every 5 ms.
    const oldestNs = get.at_least_ns! + (59 - get.requests) * 5e6;
    expect(get.latency_ns!.max / oldestNs).toBeCloseTo(1, 2);
    expect(exitCode).toBe(2);
    slow.close();
  });

  it('beyond capacity: counts what the server gives in the window, as the server does', async () => {
    const observer = await RespConnection.open(server.port);
    const readings: { atNs: [before: number, after: number]; calls: number }[] = [];
    const read = async (): Promise<void> => {
      const before = Number(process.hrtime.bigint());
      const info = (await observer.command('INFO', 'commandstats')).text!;
      const calls = Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
      readings.push({ atNs: [before, Number(process.hrtime.bigint())], calls });
    };
    let isOver = false;
    // One before the window, and one behind it, there are in any case.
    await read();
    const times = ['--warmup-s', '0.2', '--duration-s', '0.2', '--reply-timeout-s', '1'];
    const measuring = load(server.port, '--rate', '400000', ...times).finally(() => {
      isOver = true;
    });
    measuring.catch(() => {});
    while (!isOver) {
      await read();
      await sleep(2);
    }
    await read();
    observer.close();
    const { out, result, get, stdout } = await measuring;
    const { window } = pausesFormat.read(await readFile(join(out, 'pauses.json'), 'utf8'));
    const { window_s, offered_ops, achieved_ops } = result.rates!;
    const [startNs, endNs] = [window!.start_ns, window!.start_ns + window_s * 1e9];
    const callsBefore = (ns: number): number => readings.findLast(({ atNs }) => atNs[1] <= ns)!.calls;
    const callsAfter = (ns: number): number => readings.find(({ atNs }) => atNs[0] >= ns)!.calls;
    // One request is on its way at either end.
    expect(achieved_ops * window_s).toBeLessThanOrEqual(callsAfter(endNs) - callsBefore(startNs) + 1);
    expect(achieved_ops * window_s).toBeGreaterThanOrEqual(callsBefore(endNs) - callsAfter(startNs) - 1);
    expect(get.throughput_ops).toBe(achieved_ops);
    expect(offered_ops! / 400_000).toBeCloseTo(1, 1);
    expect(achieved_ops).toBeLessThan(offered_ops! / 2);
    expect(result.own_lag_us!.p99).toBeLessThan(result.schedule_lag_us!.p99 / 4);
    expect(get.requests + get.unanswered).toBeGreaterThan(50_000);
    expect(stdout).toMatch(/^offered \d+\/s, achieved \d+\/s, completed \d+\/s$/m);
  });

  it.each([
    [['--arrivals', 'constant'], 'give --rate too, or leave both out'],
    [
      ['--rate', '0.5', '--duration-s', '1'],
      '--rate: 0.5 requests a second are 0.5 in a window of 1 s, on average',
    ],
    [['--rate', '0'], 'It must be a number from 0.001 to 1,000,000,000'],
    [['--rate', '10', '--arrivals', 'uniform'], "'uniform' is no pattern of arrivals"],
    [
      ['--rate', '1000000', '--arrivals', 'onoff:on_ms=1,off_ms=10000,times=fixed'],
      '--arrivals: 1000000 requests a second are 1.00e+10 within a burst, more than 6,666,666: give a lower rate',
    ],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), ...target(server.port), ...words)).toContain(message);
  });

  it('says so, and writes no result, when no reply comes to a request of its window', async () => {
    const slow = await slowServer(() => sleep(400));
    const name = `127.0.0.1:${slow.port}`;
    const dir = server.nextOut();
    const failure = async (...args: string[]) => {
      const times = ['--warmup-s', '0.1', '--duration-s', '0.1'];
      const said = await refusal(command(), ...times, '--out', dir, ...args);
      expect(await readdir(dir)).toEqual([]);
      return said;
    };
    const rated = await failure('--target', name, '--rate', '100', '--reply-timeout-s', '0.2');
    expect(rated).toMatch(
      new RegExp(
        `^bypassbench: ${name} (gave no reply to any of the \\d+ requests of the measured window of 0\\.\\d+ s: ` +
          'give a longer --duration-s, a lower --rate, or|has not answered for 0\\.2 s: see the server)',
      ),
    );
    slow.close();
    const rare = ['--rate', '20', '--arrivals', 'onoff:on_ms=1,off_ms=100000,times=fixed'];
    expect(await failure(...target(server.port), ...rare)).toBe(
      `bypassbench: no request to 127.0.0.1:${server.port} was due in the measured window of 0.1 s: ` +
        'give a higher --rate or a longer --duration-s\n',
    );
  });
});
