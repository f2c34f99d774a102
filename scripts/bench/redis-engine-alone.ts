/**
 * What Redis counts as the time of a GET (usec_per_call of INFO commandstats), over a million of them on random keys:
 *
 *     port      the ported engine in this process, fed from memory, without any network
 *     redis     unmodified redis-server of the same build, to which redis-cli sends the same requests in one stream
 */
import { execa } from 'execa';
import koffi from 'koffi';
import { startSystem } from '../../experiments/index.ts';
import type { FrontEnd, ReplyBlock } from '../../kvserver/frontend.ts';
import { RedisEngine } from '../../kvserver/redis/engine.ts';
import { printNumber, words } from './print.ts';

const KEYS = 100_000;
const REQUESTS = 1_000_000;
const VALUE = 'x'.repeat(64);
const BLOCK_BYTES = 16384;
/** One block holds the request, the others are lent to the engine for replies. */
const MEMORY_BYTES = 512 * BLOCK_BYTES;
const RESET = request('CONFIG', 'RESETSTAT');
const STATS = ['INFO', 'commandstats'];

const [what = ''] = words('port|redis');
if (what !== 'port' && what !== 'redis') throw new Error('usage: port|redis');
const stats = what === 'port' ? alone() : await unmodified();
printNumber(Number(/^cmdstat_get:.*usec_per_call=([\d.]+)/m.exec(stats)?.[1]), 'us');
// The ported engine would go on.
process.exit(0);

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

function key(number: number): string {
  return `key:${String(number).padStart(12, '0')}`;
}

function* requests(): Generator<string> {
  for (let number = 0; number < KEYS; number++) yield request('SET', key(number), VALUE);
  yield RESET;
  // The linear congruential generator of Numerical Recipes, so that both are asked for the same keys.
  let random = 1;
  for (let i = 0; i < REQUESTS; i++) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    yield request('GET', key(Math.floor((random / 2 ** 32) * KEYS)));
  }
}

/** The requests in pieces of what a server reads at once. */
function* pieces(): Generator<string> {
  let piece = '';
  for (const text of requests()) {
    if (piece.length + text.length > BLOCK_BYTES) {
      yield piece;
      piece = '';
    }
    piece += text;
  }
  yield piece;
}

async function unmodified(): Promise<string> {
  const redis = await startSystem('redis');
  const place = ['-h', redis.address.host, '-p', `${redis.address.port}`];
  await execa('redis-cli', [...place, '--pipe'], { input: [...requests()].join(''), stdout: 'ignore' });
  const { stdout } = await execa('redis-cli', [...place, ...STATS]);
  await redis.stop();
  return stdout;
}

/** A front end that has one client, whose requests lie in memory. */
function alone(): string {
  const memory = koffi.alloc('uint8_t', MEMORY_BYTES);
  const bytes = new Uint8Array(koffi.view(memory, MEMORY_BYTES));
  const address = Number(koffi.address(memory));
  const block = (base: number): ReplyBlock => ({
    bytes,
    base,
    address: address + base,
    capacity: BLOCK_BYTES,
  });
  const free = Array.from({ length: MEMORY_BYTES / BLOCK_BYTES - 1 }, (_, index) =>
    block((index + 1) * BLOCK_BYTES),
  );
  let reply = '';
  let isKept = false;
  const frontEnd: FrontEnd = {
    takeBlock: () => free.pop() ?? null,
    send(_client, used, length) {
      if (isKept) reply += Buffer.from(bytes.subarray(used.base, used.base + length)).toString();
      free.push(used);
    },
    giveBack: (used) => free.push(used),
    close() {},
    again() {},
    resume() {},
    listen() {},
    unlisten() {},
    counters: () => ({}),
    look: () => false,
  };
  const engine = new RedisEngine(['redis-server', '--save', '', '--port', '6379'], frontEnd);
  engine.start(null);
  const client = engine.connect('127.0.0.1', 1, '127.0.0.1', 6379);
  const input = block(0);
  const ask = (text: string): void => {
    engine.receive(client!, input, 0, Buffer.from(bytes.buffer).write(text, 'latin1'));
    engine.turn();
  };
  for (const text of pieces()) ask(text);
  isKept = true;
  ask(request(...STATS));
  return reply;
}
