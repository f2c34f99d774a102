/**
 * How late Redis on the libOS is for what it is to do at a time, idle and with requests on their way: not more than two
 * milliseconds, and not more than that above the unmodified redis-server of the same build in the same run.
 */
import { describe, expect } from 'vitest';
import { pumpUntil } from '../raw-socket.ts';
import { Side } from '../redis-answers.ts';
import { REDIS_SERVER, startPort } from '../redis-port-servers.ts';
import { startRedis } from '../redis-server.ts';
import { serverCore } from './disturbance.ts';
import { timed } from './timed.ts';

const MAX_LATE_MS = 2;
const SAMPLES = 40;
/** Samples before those: who has just started compiles. */
const WARM_UP = 10;
const PATIENCE_MS = 2000;
/** On their way at a time where the server is busy. */
const REQUESTS = 4;
/** Once in so many milliseconds, by its hz, Redis looks for keys that have expired, and at the time of a pause. */
const CRON_MS = 2;
/** It counts whole milliseconds, and a time is over in the next: also that of who waits for a key. */
const CLOCK_MS = 1;
const SET_HZ = `CONFIG SET hz ${1000 / CRON_MS}\r\n`;

/** What is asked for at a time, on a connection of its own. */
interface Deadline {
  /** Sent before. */
  prepares: string;
  asks(ms: number): string;
  answer: RegExp;
  /** How late it may be by Redis' own rules. */
  period_ms: number;
}

const deadlines: Record<string, Deadline> = {
  'BLPOP that finds nothing': {
    prepares: 'CONFIG SET hz 10\r\n',
    asks: (ms) => `BLPOP nothing ${ms / 1000}\r\n`,
    answer: /^\*-1\r\n$/,
    period_ms: CLOCK_MS,
  },
  'the end of CLIENT PAUSE': {
    prepares: SET_HZ,
    asks: (ms) => `CLIENT PAUSE ${ms}\r\nPING\r\n`,
    answer: /^\+OK\r\n\+PONG\r\n$/,
    period_ms: CRON_MS + CLOCK_MS,
  },
  'a key that expires': {
    prepares: `${SET_HZ}HELLO 3\r\nSUBSCRIBE __keyevent@0__:expired\r\n`,
    asks: (ms) => `SET key value PX ${ms}\r\n`,
    answer: /__keyevent@0__:expired\r\n\$3\r\nkey\r\n$/,
    period_ms: CRON_MS + CLOCK_MS,
  },
};

/** Asks for the answer in `ms` milliseconds; how much later it comes, with the way there and back. */
async function latenessOf(deadline: Deadline, side: Side, ms: number, isBusy: boolean): Promise<number> {
  const [asking, busy] = [side.connect(), side.connect()];
  try {
    asking.write(`${deadline.prepares}PING\r\n`);
    await pumpUntil([asking], 'it is prepared', () => asking.text.endsWith('PONG\r\n'));
    asking.clear();
    asking.write(deadline.asks(ms));
    const askedMs = performance.now();
    const untilMs = askedMs + PATIENCE_MS;
    let wantedBytes = 0;
    for (let nowMs = askedMs; nowMs < untilMs; nowMs = performance.now()) {
      if (asking.pump() && deadline.answer.test(asking.text)) return performance.now() - askedMs - ms;
      busy.pump();
      if (!isBusy || busy.receivedBytes < wantedBytes) continue;
      busy.write('PING\r\n'.repeat(REQUESTS));
      wantedBytes += REQUESTS * '+PONG\r\n'.length;
    }
    throw new Error(`no answer in ${PATIENCE_MS} ms: ${JSON.stringify(asking.text)}`);
  } finally {
    asking.close();
    busy.close();
  }
}

/** In milliseconds, in order. */
async function latenesses(deadline: Deadline, side: Side, isBusy: boolean): Promise<number[]> {
  const late: number[] = [];
  for (let i = 0; i < WARM_UP + SAMPLES; i++) {
    late.push(await latenessOf(deadline, side, 5 + ((7 * i) % SAMPLES), isBusy));
  }
  return late.slice(WARM_UP).sort((a, b) => a - b);
}

const options = ['--notify-keyspace-events', 'Ex'];

/** Of the unmodified server, which is ended then: each server has a core for itself, and this client the other. */
async function latenessesOfRedis(deadline: Deadline, isBusy: boolean): Promise<number[]> {
  const redis = await startRedis(options, REDIS_SERVER);
  try {
    const side = await Side.open(redis.port);
    const late = await latenesses(deadline, side, isBusy);
    side.close();
    return late;
  } finally {
    await redis.stop();
  }
}

describe.each([
  ['idle', false],
  ['with requests on their way', true],
])('Redis on the libOS, %s, is not late', (_, isBusy) => {
  for (const [name, deadline] of Object.entries(deadlines)) {
    timed(`for ${name}`, async (endWith) => {
      const theirs = await latenessesOfRedis(deadline, isBusy);
      const port = await startPort('kernel', options, ['--core', `${serverCore}`]);
      endWith(() => port.close());
      const ours = await latenesses(deadline, port.side, isBusy);
      // The machine may take a core from one of ten.
      const [median, most] = [SAMPLES / 2, 0.9 * SAMPLES];
      const text = (ms: number[]) => `${ms[median].toFixed(2)} ms, nine of ten to ${ms[most].toFixed(2)} ms`;
      console.log(`timing: ${name}: late by ${text(ours)}; redis-server by ${text(theirs)}`);
      expect(ours[most]).toBeLessThan(deadline.period_ms + MAX_LATE_MS);
      expect(ours[median]).toBeLessThan(theirs[median] + MAX_LATE_MS);
    });
  }
});
