/**
 * What no load generator can do is refused before anything starts, whichever way it is asked: by the flags of
 * `bypassbench load`, and by an experiment, in the same words. Each calls things by its own names.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { readConfig } from '../experiments/config/config.ts';
import { findExperiment } from '../experiments/config/experiments.ts';
import { keyNames } from '../experiments/config/key-names.ts';
import { flagNames } from '../loadgen/arguments.ts';
import { command } from '../loadgen/command.ts';
import type { LoadNames, SaidOfLoad } from '../results/formats/index.ts';
import { refusal } from './refusal.ts';

const CORES = [0, 1, 2, 3];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-doors-test-'));
  const due = Array.from({ length: 101 }, (_, index) => `${index / 100} get k -`);
  await writeFile(join(folder, 'second.trace'), `# bypassbench trace 1\n${due.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

interface Experiment {
  workload: string;
  systems?: string;
  rest?: string;
}

async function read({ workload, systems = '[redis]', rest = '' }: Experiment) {
  const file = join(folder, 'x.yaml');
  const text = `experiment: x\ntitle: X\ntrials: 3\nsystems: ${systems}\nworkload: { ${workload} }\n${rest}\n`;
  await writeFile(file, text);
  return readConfig(file, CORES);
}

const refusedByConfig = (experiment: Experiment): Promise<string> =>
  read(experiment).then(
    () => 'not refused',
    ({ message }: Error) => message,
  );

/** `text` with the names that a door has for what stands in braces. */
const worded = (text: string, names: LoadNames): string =>
  text.replace(/\{(\w+)\}/g, (braces, said: string) => names[said as SaidOfLoad] ?? braces);

interface Refused {
  at: SaidOfLoad;
  words: string;
  flags: string[];
  experiment: Experiment;
}

const GET = 'operations: [get], keys: 101, duration_s: 1';
const sized = `${GET}, value_bytes: 64`;
const threads = (use: string, ...more: number[]): string =>
  `[{ use: ${use}, client: { more_cores: [${more.join()}] } }]`;
const SCAN = 'ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:10} -> keys';
const INSERT = 'ZADD index {number} {key} -> integer';

const refused: Record<string, Refused> = {
  'values too short for their keys': {
    at: 'value_bytes',
    words: 'values of 2 bytes cannot distinguish 101 keys: give longer ones, or fewer {keys}',
    flags: ['--value-bytes', '2', '--keys', '101'],
    experiment: { workload: `${GET}, value_bytes: 2` },
  },
  'keys too short': {
    at: 'key_bytes',
    words: 'keys of 2 bytes cannot distinguish 101 keys: give longer ones, or fewer {keys}',
    flags: ['--key-bytes', '2', '--keys', '101'],
    experiment: { workload: `${sized}, key_bytes: 2` },
  },
  'new keys too short': {
    at: 'key_bytes',
    words: 'new keys have at least 12 bytes, for their number',
    flags: ['--command', 'new=SET {new_key} {value} -> ok', '--operation', 'new', '--key-bytes', '8'],
    experiment: {
      workload: `${sized.replace('get', 'new')}, commands: { new: 'SET {new_key} {value} -> ok' }, key_bytes: 8`,
    },
  },
  'keys of an index that are not the usual ones': {
    at: 'key_bytes',
    words: 'replies of kind keys have keys of 16 bytes: leave it out',
    flags: ['--command', `scan=${SCAN}`, '--operation', 'scan', '--key-bytes', '32'],
    experiment: {
      workload: `${sized.replace('get', 'scan')}, commands: { scan: '${SCAN}', insert: '${INSERT}' }, key_bytes: 32`,
    },
  },
  'reads of what nothing fills': {
    at: 'commands',
    words:
      'nothing writes what read reads ({key} {fields}): define with {commands} how {fields:10} gets there',
    flags: ['--command', 'read=HGETALL {key} -> fields:10', '--operation', 'read', '--populate'],
    experiment: {
      workload: `${sized.replace('get', 'read')}, commands: { read: 'HGETALL {key} -> fields:10' }`,
    },
  },
  'records that no server takes': {
    at: 'value_bytes',
    words:
      '3 fields of 400000000 bytes are a request of 1200000000: servers take at most 1073741824, give smaller ones',
    flags: [
      ...['--command', 'fill=HSET {key} {fields:3} -> integer', '--operation', 'fill'],
      ...['--value-bytes', '400000000'],
    ],
    experiment: {
      workload: `operations: [fill], keys: 9, duration_s: 1, commands: { fill: 'HSET {key} {fields:3} -> integer' }, value_bytes: 400000000`,
    },
  },
  'an exponent of no distribution': {
    at: 'zipf_exponent',
    words: 'is of {key_distribution} zipf or latest: give that too, or leave it out',
    flags: ['--zipf-exponent', '1.2'],
    experiment: { workload: `${sized}, zipf_exponent: 1.2` },
  },
  'a hotspot of no distribution': {
    at: 'hotspot',
    words: 'is of {key_distribution} hotspot: give that too, or leave it out',
    flags: ['--hotspot', '0.1:0.9', '--key-distribution', 'zipf'],
    experiment: { workload: `${sized}, hotspot: '0.1:0.9', key_distribution: zipf` },
  },
  'too many requests at a time': {
    at: 'pipeline',
    words:
      '10000 on each of 10000 connections are 100000000 requests at a time: at most 16777216 are possible, give less',
    flags: ['--connections', '10000', '--pipeline', '10000'],
    experiment: { workload: `${sized}, clients: 10000, pipeline: 10000` },
  },
  'too much bulk': {
    at: 'bulk_bytes',
    words: '8 of 536870912 bytes are 4294967296 bytes, and server and generator keep all of them',
    flags: ['--bulk-connections', '8', '--bulk-bytes', '536870912'],
    experiment: { workload: `${sized}, bulk: { clients: 8, value_bytes: 536870912 }` },
  },
  'a rate that no core can send': {
    at: 'rate',
    words:
      '50,000,000 requests a second are more than one thread sends on any machine, 6,666,666: no core sends a request and ' +
      'takes its reply in less than 150 ns; give a lower rate, or more threads ({threads})',
    flags: ['--rate', '50000000'],
    experiment: { workload: `${sized}, open_loop: { rate_ops: 50000000 }` },
  },
  'a rate that two cores cannot send': {
    at: 'rate',
    words: '20,000,000 requests a second are more than 2 threads send on any machine, 13,333,333',
    flags: ['--rate', '20000000', '--threads', '2', '--connections', '2'],
    experiment: {
      workload: `${sized}, clients: 2, open_loop: { rate_ops: 20000000 }`,
      systems: threads('redis', 2),
    },
  },
  'such a rate where there is one thread alone': {
    at: 'rate',
    words:
      '6,666,667 requests a second are more than one thread sends on any machine, 6,666,666: no core sends a request and ' +
      'takes its reply in less than 150 ns; give a lower rate',
    flags: ['--rate', '6666667', '--backend', 'dpdk'],
    experiment: { workload: `${sized}, open_loop: { rate_ops: 6666667 }`, systems: '[kv-dpdk]' },
  },
  'a rate of less than a request in the window': {
    at: 'rate',
    words:
      '0.5 requests a second are 0.5 in a window of 1 s, on average: give a higher rate, or a longer {duration}',
    flags: ['--rate', '0.5', '--duration-s', '1'],
    experiment: { workload: `${sized}, open_loop: { rate_ops: 0.5 }` },
  },
  'bursts that no core can send': {
    at: 'arrivals',
    words:
      '100 requests a second are 1.00e+8 within a burst, more than 6,666,666: give a lower rate, or a longer on_ms',
    flags: ['--rate', '100', '--arrivals', 'onoff:on_ms=1,off_ms=1000000,times=fixed'],
    experiment: {
      workload: `${sized}, open_loop: { rate_ops: 100, arrivals: { kind: onoff, on_ms: 1, off_ms: 1000000, times: fixed } }`,
    },
  },
  'a trace that is too short': {
    at: 'duration',
    words: 'the trace lasts 0.5 s at {trace_speed} 2: warm-up and window, 2 s, must be shorter',
    flags: ['--trace', 'second.trace', '--trace-speed', '2', '--duration-s', '1'],
    experiment: { workload: 'trace: second.trace, trace_speed: 2, duration_s: 1' },
  },
  'more threads than connections': {
    at: 'threads',
    words: '3 threads of 2 connections: each thread needs a connection, give more {connections}',
    flags: ['--threads', '3', '--connections', '2'],
    experiment: { workload: `${sized}, clients: 2`, systems: threads('redis', 2, 3) },
  },
  'stamps of several threads': {
    at: 'threads',
    words: 'stamps are of one thread: leave {stamps} out, or this',
    flags: ['--threads', '2', '--connections', '2', '--stamps-every', '1'],
    experiment: {
      workload: `${sized}, clients: 2`,
      systems: threads('kv-kernel', 2),
      rest: 'stages: { duration_s: 1 }',
    },
  },
  'bulk of several threads': {
    at: 'threads',
    words: 'bulk goes by the thread of the requests: leave {bulk_connections} out, or this',
    flags: ['--threads', '2', '--connections', '2', '--bulk-connections', '1'],
    experiment: { workload: `${sized}, clients: 2, bulk: { clients: 1 }`, systems: threads('redis', 2) },
  },
  'several threads over one device': {
    at: 'threads',
    words: 'a process has one device of dpdk, which one thread polls: leave it out',
    flags: ['--threads', '2', '--connections', '2', '--backend', 'dpdk'],
    experiment: { workload: `${sized}, clients: 2`, systems: threads('kv-dpdk', 2) },
  },
  'messages that are too long': {
    at: 'value_bytes',
    words: 'a message has at most 67108864 bytes, and this one 67108865: give less',
    flags: ['--protocol', 'echo', '--value-bytes', '67108865'],
    experiment: { workload: 'protocol: echo, value_bytes: 67108865, duration_s: 1', systems: '[echo-epoll]' },
  },
  'datagrams that are too short': {
    at: 'value_bytes',
    words: 'a datagram has 8 to 16384 bytes, and this one 7: it needs its number, by which a loss is seen',
    flags: ['--protocol', 'datagrams', '--value-bytes', '7'],
    experiment: {
      workload: 'protocol: datagrams, value_bytes: 7, duration_s: 1',
      systems: '[datagrams-epoll]',
    },
  },
  'stamps of a relay': {
    at: 'stamps',
    words: 'a relay answers on another socket than it is asked on: leave them out',
    flags: ['--protocol', 'relay', '--stamps-every', '1'],
    experiment: {
      workload: 'protocol: relay, value_bytes: 64, duration_s: 1',
      systems: '[relay-epoll]',
      rest: 'stages: { duration_s: 1 }',
    },
  },
};

describe('both doors refuse', () => {
  test.each(Object.entries(refused))('%s', async (_what, { at, words, flags, experiment }) => {
    const paths = flags.map((word) => (word === 'second.trace' ? join(folder, word) : word));
    const byFlags = await refusal(command(), '--target', '127.0.0.1:1', ...paths);
    expect(byFlags).toContain(`bypassbench: ${flagNames[at]}: ${worded(words, flagNames)}`);
    expect(await refusedByConfig(experiment)).toContain(`${keyNames[at]}: ${worded(words, keyNames)}`);
  });

  it('whatever there is to be wrong', () => {
    const remedies = ['protocol', 'keys', 'key_distribution', 'requests', 'bulk_connections'];
    // What the machine, a backend from outside or a trace of many megabytes says: load-checks.test.ts has that.
    const elsewhere = ['connections', 'backend', 'trace_speed'];
    const known = new Set([...remedies, ...elsewhere, ...Object.values(refused).map(({ at }) => at)]);
    expect(Object.keys(flagNames).filter((said) => !known.has(said))).toEqual([]);
  });
});

it('by the flag that says how long keys and values are', async () => {
  const words = ['--command', 'fill=HSET {key} {fields:32} -> integer', '--operation', 'fill'];
  const sizes = ['--value-sizes', 'uniform:1-400000000', '--target', '127.0.0.1:1'];
  expect(await refusal(command(), ...words, ...sizes)).toMatch(
    /^bypassbench: --value-sizes: 32 fields of 400000000/,
  );
  const shape = [
    '--command',
    `scan=${SCAN}`,
    '--operation',
    'scan',
    '--shape',
    'usr',
    '--target',
    '127.0.0.1:1',
  ];
  expect(await refusal(command(), ...shape)).toMatch(/^bypassbench: --shape: replies of kind keys/);
});

describe('an experiment is refused', () => {
  it('at the points where it cannot be, by the value of the axis', async () => {
    await expect(
      readConfig(findExperiment('ycsb'), CORES, { set: ['workload.key_bytes=32'] }),
    ).rejects.toThrow(
      /^--set workload\.key_bytes=32: replies of kind keys have keys of 16 bytes: leave it out$/,
    );
    const sweep = 'sweep: { rate_ops: [1000, 7000000] }';
    const swept = { workload: `${sized}, open_loop: { arrivals: constant }`, rest: sweep };
    expect(await refusedByConfig(swept)).toMatch(
      /:\d+:\d+: sweep\.rate_ops\[1\]: 7,000,000 requests a second/,
    );
  });

  it('for the systems that cannot, which a sweep can leave out there', async () => {
    const workload = `${sized}, clients: 4, open_loop: { arrivals: constant }`;
    const rest = 'sweep: { rate_ops: [1000, 7000000] }';
    const several = '{ use: kv-kernel, client: { more_cores: [2] } }';
    const message = await refusedByConfig({ workload, rest, systems: `[redis, ${several}]` });
    expect(message).toMatch(
      /sweep\.rate_ops\[1\]: 7,000,000 .* \(redis; within can leave it out for them\)$/,
    );
    const bound = '{ use: redis, within: { rate_ops: { at_most: 1000 } } }';
    const { points } = await read({ workload, rest, systems: `[${bound}, ${several}]` });
    expect(points.map(({ systems }) => systems.length)).toEqual([2, 1]);
  });

  it('where a system has a workload of its own that cannot be', async () => {
    const own = '[redis, { use: kv-kernel, workload: { value_bytes: 1 } }]';
    expect(await refusedByConfig({ workload: sized, systems: own })).toContain(
      'systems[1].workload.value_bytes: values of 1 bytes cannot distinguish 101 keys',
    );
  });

  it.each<[string, Experiment, string]>([
    [
      'an operation that reads what the first one does not fill',
      {
        workload: `${sized.replace('[get]', '[get, hget]')}, commands: { hget: 'HGET {key} f -> value', hset: 'HSET {key} f {value} -> any' }`,
      },
      'workload.operations[1]: hget reads what the first operation does not fill ({key} f): list it first',
    ],
    [
      'a command that is too long for a command line',
      { workload: `${sized.replace('get', 'a')}, commands: { a: 'ECHO ${'x'.repeat(100_000)} -> any' }` },
      'workload.commands.a: is too long for a command line: at most 100000 bytes',
    ],
    [
      'shares of nothing',
      { workload: `${sized}, key_distribution: hotspot, hotspot: '0.0:0.5'` },
      'workload.hotspot: must be two shares above 0 and at most 1, such as 0.2:0.8',
    ],
    [
      'a weight that flags do not take',
      { workload: `${sized.replace('[get]', '[mix]')}, mix: { get: 2000000, set: 1 }` },
      'workload.mix.get: must be at most 1000000',
    ],
    [
      'a mix of nothing',
      { workload: `${sized.replace('[get]', '[mix]')}, mix: {}` },
      'workload.mix: has no operation: give one its weight',
    ],
    [
      'a rate that flags do not take',
      { workload: `${sized}, open_loop: { rate_ops: 0.0001 }` },
      'open_loop.rate_ops: must be at least 0.001',
    ],
    [
      'messages with a distribution of keys',
      {
        workload: 'protocol: echo, key_distribution: zipf, value_bytes: 64, duration_s: 1',
        systems: '[echo-epoll]',
      },
      'workload.key_distribution: is of requests; messages have none',
    ],
    [
      "an option that the client's backend does not have",
      { workload: sized, systems: '[{ use: redis, client: { options: { mtu: 9000 } } }]' },
      'systems[0].client.options.mtu: the backend kernel takes no options: leave it out',
    ],
    [
      'an option that no backend of a system has',
      { workload: sized, systems: '[{ use: kv-dpdk, options: { mtuu: 9000 } }]' },
      "systems[0].options.mtuu: the backend dpdk has no option 'mtuu': did you mean 'mtu'?",
    ],
    [
      'an option that the server does not have',
      { workload: sized, systems: '[{ use: kv-rdma, server_options: { mtu: 9000 } }]' },
      "systems[0].server_options.mtu: the backend rdma has no option 'mtu'",
    ],
    [
      'redis-benchmark for a distribution of its own, or sizes that differ',
      {
        workload: 'operations: [get], keys: 101, duration_s: 1, value_sizes: etc',
        systems:
          '[{ use: redis, client: { program: redis-benchmark, idle: sleep }, workload: { key_distribution: latest } }]',
      },
      'redis-benchmark has values of one size: leave `value_sizes` out',
    ],
  ])('for %s', async (_what, experiment, message) => {
    expect(await refusedByConfig(experiment)).toContain(message);
  });
});

describe('an experiment is not refused', () => {
  it('for what can be: commands with options, exponents for one of its variants, small weights', async () => {
    const getex = "commands: { getex: 'GETEX {key} EX 60 -> value' }";
    await read({ workload: `${sized.replace('get', 'getex')}, ${getex}` });
    const variants = 'variants: { a: { mix: { get: 1 } }, b: { mix: { get: 1 }, key_distribution: zipf } }';
    const rest = 'keys: 101, value_bytes: 64, duration_s: 1';
    await read({ workload: `${variants}, variant: a, zipf_exponent: 1.2, ${rest}` });
    await read({ workload: `operations: [mix], mix: { get: 1, set: 0.0000001 }, ${rest}` });
    await read({ workload: `${GET.replace('101', '1000')}, value_sizes: usr` });
  });
});
