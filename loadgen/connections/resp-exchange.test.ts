/**
 * What the generator finds in a server that is right, whatever the order it works in, and in servers that are wrong.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIX } from '../../results/formats/lists.ts';
import { RandomRequests } from '../workload/requests.ts';
import { Workload, type WorkloadOptions, workloadOfOne } from '../workload/workload.ts';
import type { ReplyChecker } from './exchange.ts';
import { ReplyStatus } from './reply.ts';
import { RespExchange } from './resp-exchange.ts';

const options: WorkloadOptions = {
  ...workloadOfOne(MIX, 40),
  mix: [
    { name: 'get', weight: 1 },
    { name: 'set', weight: 1 },
  ],
  keys: 3,
  keyDistribution: 'uniform',
};
const SET = 1;
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (reply: string): Uint8Array => new Uint8Array(Buffer.from(reply, 'latin1'));

/** A request on its way; `reply` is there once the server has executed it. */
interface Outstanding {
  operation: number;
  key: number;
  detail: number;
  request: string;
  reply: string | null;
}

/** How a server executes a request on what it holds, key by key; the history of each is oldest first. */
type Serve = (request: string, history: Map<string, string[]>) => string;

const bulk = (value: string | undefined): string =>
  value === undefined ? '$-1\r\n' : `$${value.length}\r\n${value}\r\n`;

const right: Serve = (request, history) => {
  const [, name, key, , value] = /^\*\d\r\n\$3\r\n(\w+)\r\n\$\d+\r\n(\S+)\r\n(\$\d+\r\n(\S+)\r\n)?$/.exec(
    request,
  )!;
  if (name === 'GET') return bulk(history.get(key)?.at(-1));
  history.set(key, [...(history.get(key) ?? []), value]);
  return '+OK\r\n';
};

/** Of a GET, what the key held before the last `writes` of it. */
const old =
  (writes: number): Serve =>
  (request, history) => {
    const reply = right(request, history);
    const [key] = /key:\d+/.exec(request)!;
    return reply.startsWith('$') ? bulk(history.get(key)?.at(-1 - writes)) : reply;
  };

/** Of a GET, the front of the newest value and the rest of the one before it. */
const mixing: Serve = (request, history) => {
  const reply = right(request, history);
  const [newest, before] = (history.get(/key:\d+/.exec(request)![0]) ?? []).toReversed();
  return reply.startsWith('$') && before ? bulk(newest.slice(0, 30) + before.slice(30)) : reply;
};

/**
 * A load over some connections. Each step is one of: send on a connection, have the server execute its oldest request
 * that waits, hand out its oldest reply, or give the connection up with what is outstanding.
 */
class Load {
  readonly statuses: ReplyStatus[] = [];
  readonly #exchange: RespExchange;
  readonly #source: RandomRequests;
  readonly #serve: Serve;
  readonly #history = new Map<string, string[]>();
  readonly #connections: { outstanding: Outstanding[]; checker: ReplyChecker; lost: Outstanding[] }[];

  constructor(serve: Serve, connections = 3, changes: Partial<WorkloadOptions> = {}) {
    const workload = new Workload({ ...options, ...changes });
    this.#exchange = new RespExchange(workload);
    this.#source = new RandomRequests(workload);
    this.#serve = serve;
    this.#connections = Array.from({ length: connections }, () => ({
      outstanding: [],
      checker: this.#exchange.checker(),
      lost: [],
    }));
  }

  send(connection: number, operation?: number, key?: number): void {
    const source = this.#source;
    source.advance();
    if (operation !== undefined) source.operation = operation;
    if (key !== undefined) source.key = key;
    const request = text(this.#exchange.request(source));
    const { detail } = source;
    this.#connections[connection].outstanding.push({
      operation: source.operation,
      key: source.key,
      detail,
      request,
      reply: null,
    });
  }

  /** What was lost with its connection may still be executed, late. */
  execute(connection: number): void {
    const { outstanding, lost } = this.#connections[connection];
    const next = outstanding.find(({ reply }) => reply === null) ?? lost.find(({ reply }) => reply === null);
    if (next) next.reply = this.#serve(next.request, this.#history);
  }

  receive(connection: number): void {
    const { outstanding, checker } = this.#connections[connection];
    const [first] = outstanding;
    if (!first?.reply) return;
    outstanding.shift();
    const { operation, key, detail } = first;
    const reply = bytes(first.reply);
    this.statuses.push(checker.check(reply, 0, reply.length, operation, key, detail));
  }

  giveUp(connection: number): void {
    const { outstanding, lost } = this.#connections[connection];
    lost.push(...outstanding.splice(0));
    this.#connections[connection].checker = this.#exchange.checker();
  }

  /** One request after the other, to the end. */
  exchange(operation: number, key: number): ReplyStatus {
    this.send(0, operation, key);
    this.execute(0);
    this.receive(0);
    return this.statuses.at(-1)!;
  }
}

const { Right, Miss, Stale, Torn } = ReplyStatus;

/** Words of a request. */
function wordsOf(request: string): string[] {
  return [...request.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word]) => word);
}

/** Hashes: what the key held is in its history as JSON. */
const rightRecords: Serve = (request, history) => {
  const [name, key, ...rest] = wordsOf(request);
  const record = JSON.parse(history.get(key)?.at(-1) ?? '{}');
  if (name === 'HGETALL') {
    const all = Object.entries(record as Record<string, string>).flat();
    return `*${all.length}\r\n${all.map(bulk).join('')}`;
  }
  for (let i = 0; i < rest.length; i += 2) record[rest[i]] = rest[i + 1];
  history.set(key, [...(history.get(key) ?? []), JSON.stringify(record)]);
  return '+OK\r\n';
};

/** Of an HGETALL, the record before its last write. */
const oldRecords: Serve = (request, history) => {
  if (!request.includes('HGETALL')) return rightRecords(request, history);
  const [, key] = wordsOf(request);
  const past = new Map([...history].map(([one, all]) => [one, one === key ? all.slice(0, -1) : all]));
  return rightRecords(request, past);
};

const records: Partial<WorkloadOptions> = {
  commands: {
    read: 'HGETALL {key} -> fields:3',
    write: 'HMSET {key} {fields:3} -> ok',
    update: 'HMSET {key} {field:3} {value} -> ok',
  },
  mix: ['read', 'write', 'update'].map((name) => ({ name, weight: 1 })),
};
const [READ, WRITE, UPDATE] = [0, 1, 2];

describe('values under load', () => {
  it('are never stale or torn where the server is right, in whatever order it works', () => {
    const step = fc.record({
      kind: fc.constantFrom('send', 'send', 'execute', 'execute', 'receive', 'receive', 'giveUp'),
      connection: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), fc.nat(), (steps, seed) => {
        const load = new Load(right, 3, { seed });
        for (const { kind, connection } of steps) {
          if (kind === 'send') load.send(connection);
          else if (kind === 'execute') load.execute(connection);
          else if (kind === 'receive') load.receive(connection);
          else load.giveUp(connection);
        }
        expect(load.statuses.filter((status) => status !== Right && status !== Miss)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('are never stale in records of fields that are written by themselves', () => {
    const step = fc.record({
      kind: fc.constantFrom('send', 'send', 'execute', 'execute', 'receive', 'receive', 'giveUp'),
      connection: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), fc.nat(), (steps, seed) => {
        const load = new Load(rightRecords, 3, { ...records, seed });
        for (let key = 0; key < 3; key++) expect(load.exchange(WRITE, key)).toBe(Right);
        for (const { kind, connection } of steps) {
          if (kind === 'send') load.send(connection);
          else if (kind === 'execute') load.execute(connection);
          else if (kind === 'receive') load.receive(connection);
          else load.giveUp(connection);
        }
        expect(load.statuses.filter((status) => status !== Right)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('are stale in records that lack the last write of any field', () => {
    const load = new Load(oldRecords, 3, records);
    expect([load.exchange(WRITE, 1), load.exchange(UPDATE, 1)]).toEqual([Right, Right]);
    expect(load.exchange(READ, 1)).toBe(Stale);
    const right = new Load(rightRecords, 3, records);
    expect([right.exchange(WRITE, 1), right.exchange(UPDATE, 1), right.exchange(READ, 1)]).toEqual([
      Right,
      Right,
      Right,
    ]);
  });

  it('are stale where the server answers with what was overwritten', () => {
    const load = new Load(old(1));
    expect([SET, SET, SET].map((operation) => load.exchange(operation, 1))).toEqual([Right, Right, Right]);
    expect(load.exchange(0, 1)).toBe(Stale);
    // Nothing was written that this key's value could be older than.
    expect(load.exchange(SET, 2)).toBe(Right);
    expect(load.exchange(0, 2)).toBe(Miss);
  });

  it('are not stale while another write of the key may still be executed', () => {
    const load = new Load(right);
    load.send(1, SET, 1);
    expect(load.exchange(SET, 1)).toBe(Right);
    load.execute(1);
    // The write that was sent first is the last one: right, though a later version was acknowledged.
    expect(load.exchange(0, 1)).toBe(Right);
    load.receive(1);
    expect(load.exchange(0, 1)).toBe(Right);
  });

  it('are torn where the server mixes two of them', () => {
    const load = new Load(mixing);
    for (const operation of [SET, SET]) expect(load.exchange(operation, 1)).toBe(Right);
    expect(load.exchange(0, 1)).toBe(Torn);
  });

  it('are found stale among many keys too', () => {
    const load = new Load(old(1), 1, { keys: 5000, seed: 3 });
    for (let i = 0; i < 20_000; i++) {
      load.send(0);
      load.execute(0);
      load.receive(0);
    }
    expect(load.statuses.filter((status) => status === Stale).length).toBeGreaterThan(1000);
  });
});
