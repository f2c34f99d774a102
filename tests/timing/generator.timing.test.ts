/** Whether the load generator's numbers are those of the clock: delays, pauses, rates, its own busy time. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { BusyTime, nowNs } from '../../libos/index.ts';
import {
  type Calibration,
  calibrationFormat,
  type LoadResult,
  loadResultFormat,
  pausesFormat,
} from '../../results/formats/index.ts';
import { RespConnection, startKvServer } from '../kvserver-processes.ts';
import { type EndWith, timed } from './timed.ts';

const bypassbench = join(import.meta.dirname, '..', '..', 'bin', 'bypassbench');
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bypassbench-generator-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function calibrate(): Promise<Calibration> {
  await run(bypassbench, ['calibrate', '--duration-s', '0.4', '--out', folder]);
  return calibrationFormat.read(await readFile(join(folder, 'calibration.json'), 'utf8'));
}

describe('bypassbench calibrate', () => {
  timed('--schedule: the speed, how late at half of it, and what was left out of that', async () => {
    const schedule = ['calibrate', '--schedule', '--backend', 'rdma', '--duration-s', '0.2'];
    const { stdout: text } = await run(bypassbench, schedule);
    const numbers = (pattern: RegExp) => (pattern.exec(text) ?? []).slice(1).map(Number);
    const [closed, open] = numbers(/50 connections: closed loop (\d+) requests\/s, open loop (\d+) requests/);
    expect(closed).toBeGreaterThan(1000);
    const row = (kind: string) => numbers(new RegExp(` ${kind}${' +([\\d.]+)'.repeat(5)}`));
    for (const kind of ['constant', 'poisson']) {
      const [rate, sending, mean, p50, p99] = row(kind);
      expect(Math.abs(rate - open / 2)).toBeLessThanOrEqual(1);
      // No request takes longer than at full speed.
      expect(sending).toBeLessThan(1e6 / open + 0.01);
      expect(mean).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50);
      const [leftOut, all] = numbers(new RegExp(`${kind}: left out (\\d+) of (\\d+) requests`));
      expect(Math.abs(all - 0.2 * rate)).toBeLessThan(6 * Math.sqrt(0.2 * rate));
      expect(leftOut).toBeLessThan(all);
    }
    // Pollaczek and Khinchin.
    const [rate, sending] = row('poisson');
    const busy = (rate * sending) / 1e6;
    const [queued] = numbers(/ M\/D\/1 +([\d.]+)/);
    expect(Math.abs(queued - (busy * sending) / (2 * (1 - busy)))).toBeLessThan(0.03);
  });

  timed('shows 50 us as 50 us, to a fifth', async () => {
    const { delays } = await calibrate();
    const { injected_us, measured_us } = delays.find(({ asked_us }) => asked_us === 50)!;
    expect(injected_us).toBeLessThan(55);
    expect(Math.abs(measured_us - 50)).toBeLessThan(10);
  });

  timed(
    'shows pauses to the open loop as arithmetic says, and leaves most out of the closed one',
    async () => {
      const { pauses: seen } = await calibrate();
      const [closed, open] = (['closed', 'open'] as const).map(
        (loop) => seen.find((one) => one.loop === loop)!,
      );
      for (const { pauses, max_us } of [closed, open]) {
        expect(pauses).toBeGreaterThanOrEqual(1);
        expect(max_us.seen).toBeGreaterThan(4500);
      }
      expect(open.delayed.seen).toBeGreaterThan(0.85 * open.delayed.expected);
      expect(open.p999_us.seen).toBeGreaterThan(0.85 * 4600);
      expect(closed.delayed.seen).toBeGreaterThanOrEqual(closed.pauses);
      // All but one request of each pause.
      const shares = [closed, open].map(({ delayed, requests }) => delayed.seen / requests);
      expect(shares[0]).toBeLessThan(0.2 * shares[1]);
    },
  );
});

describe('bypassbench load --rate', () => {
  let runs = 0;
  /** Starts a server, fills it and measures. */
  async function load(endWith: EndWith, ...args: string[]): Promise<{ out: string; result: LoadResult }> {
    const server = await startKvServer('libos', ['--idle', 'poll']);
    endWith(() => server.stop());
    return loadAgainst(server.port, ...args);
  }

  async function loadAgainst(port: number, ...args: string[]): Promise<{ out: string; result: LoadResult }> {
    const out = join(folder, `run-${runs++}`);
    const target = ['--target', `127.0.0.1:${port}`, '--keys', '100', '--populate'];
    await run(bypassbench, ['load', ...target, '--out', out, ...args]);
    return {
      out,
      result: loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8')),
    };
  }

  for (const arrivals of ['constant', 'poisson']) {
    timed(`holds the rate with ${arrivals} arrivals`, async (endWith) => {
      const { result } = await load(
        endWith,
        ...['--rate', '2000', '--arrivals', arrivals, '--connections', '2', '--pipeline', '256'],
        ...['--warmup-s', '0.3', '--duration-s', '1.5'],
      );
      expect(Math.abs(result.operations[0].throughput_ops - 2000)).toBeLessThan(2000 * 0.2);
      expect(result.schedule_lag_us!.p50).toBeLessThan(20);
    });
  }

  // It did, by itself, for some five milliseconds.
  timed('does not stand still when its window opens', async (endWith) => {
    const { out } = await load(
      endWith,
      ...['--rate', '5000', '--arrivals', 'constant', '--pipeline', '256', '--warmup-s', '0.4'],
      ...['--duration-s', '1.5'],
    );
    const { window, slow_requests } = pausesFormat.read(await readFile(join(out, 'pauses.json'), 'utf8'));
    expect(slow_requests!.requests.length).toBeGreaterThan(0);
    const atOnce = slow_requests!.requests.filter(([intended_ns]) => intended_ns < window!.start_ns + 4e6);
    expect(atOnce.length).toBeLessThan(5);
  });

  timed(
    'shows a pause of the server in the response time of all, and in the service time of one',
    async (endWith) => {
      const server = await startKvServer('libos', ['--idle', 'poll']);
      endWith(() => server.stop());
      const measuring = loadAgainst(
        server.port,
        ...['--rate', '1000', '--arrivals', 'constant', '--warmup-s', '0.1', '--duration-s', '2'],
      );
      const client = await RespConnection.open(server.port);
      endWith(() => client.close());
      const gets = async (): Promise<number> =>
        Number(
          /cmdstat_get:calls=(\d+)/.exec((await client.command('INFO', 'commandstats')).text!)?.[1] ?? 0,
        );
      // Behind its rehearsals, of 320 requests each for at most four warm-ups, and its warm-up.
      while ((await gets()) < 1000) await sleep(5);
      server.process.kill('SIGSTOP');
      await sleep(400);
      server.process.kill('SIGCONT');
      const { operations } = (await measuring).result;
      expect(operations[0].latency_ns!.p90).toBeGreaterThan(150e6);
      expect(operations[0].service_time_ns!.p99).toBeLessThan(5e6);
      expect(operations[0].service_time_ns!.max).toBeGreaterThan(390e6);
    },
  );
});

timed(
  'busy time: turns that take turns are all seen, those that cost nothing and those that cost everything',
  () => {
    const spin = (): void => {
      for (const untilNs = nowNs() + 10_000; nowNs() < untilNs; );
    };
    const busy = new BusyTime(null);
    busy.begin();
    for (let turn = 1; turn <= 20_000; turn++) {
      const sinceNs = nowNs();
      spin();
      busy.turnEnded(turn % 2 === 0 ? nowNs() : sinceNs);
    }
    expect(busy.share()).toBeGreaterThan(0.4);
    expect(busy.share()).toBeLessThan(0.6);
  },
);
