/** Commands, distributions and sizes of the load generator against real servers, which are right: nothing is found. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../experiments/config/config.ts';
import { findExperiment } from '../experiments/config/experiments.ts';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat } from '../results/formats/index.ts';
import { answer } from './answer.ts';
import { startKvServer } from './kvserver-processes.ts';
import { startRedis } from './redis-server.ts';
import { refusal } from './refusal.ts';

/** The workload of the experiment that ships. */
const ycsb = (await readConfig(findExperiment('ycsb'), [0, 1])).config.workload as {
  commands: Record<string, string>;
  variants: object;
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bypassbench-workloads-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface StartedServer {
  port: number;
  stop(): Promise<unknown>;
}

const servers: [string, () => Promise<StartedServer>][] = [
  ['redis-server', () => startRedis()],
  ['kvserver', () => startKvServer('libos')],
];

describe.each(servers)('%s', (name, start) => {
  let server: StartedServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());

  async function load(...args: string[]): Promise<LoadResult> {
    const out = join(folder, `${name}-${args.length}`);
    const fixed = [
      '--target',
      `127.0.0.1:${server.port}`,
      '--idle',
      'sleep',
      '--warmup-s',
      '0.02',
      '--out',
      out,
    ];
    await answer(command(), ...fixed, '--duration-s', '0.2', '--populate', ...args);
    return loadResultFormat.read(await readFile(join(out, 'result.json'), 'utf8'));
  }

  const bad = ({ operations }: LoadResult): object[] =>
    operations.map(({ operation, misses, errors, wrong, stale, torn, first_error }) => ({
      operation,
      ...{ misses, errors, wrong, stale, torn, first_error },
    }));
  const nothing = (...names: string[]): object[] =>
    names.map((operation) => ({
      operation,
      ...{ misses: 0, errors: 0, wrong: 0, stale: 0, torn: 0, first_error: undefined },
    }));

  it('answers the operations of YCSB, over keys that are hot and new ones, and nothing is stale or torn', async () => {
    const result = await load(
      ...['--command', 'read=GET {key} -> value', '--command', 'insert=SET {new_key} {value} -> ok'],
      ...['--command', 'rmw=GET {key} -> value; SET {key} {value} -> ok'],
      ...['--command', 'scan=MGET {keys:20} -> values', '--mix', 'read=5,insert=1,rmw=4,scan=1'],
      ...['--key-distribution', 'latest', '--keys', '50', '--value-bytes', '1000'],
      ...['--connections', '8', '--pipeline', '4'],
    );
    expect(bad(result)).toEqual(nothing('read', 'insert', 'rmw', 'scan'));
    expect(result).toMatchObject({ key_distribution: 'latest', zipf_exponent: 0.99, value_bytes: 1000 });
  });

  it('answers the operations of YCSB on hashes with an index, each scan with the record of every key', async () => {
    const { commands, variants } = ycsb;
    const names = Object.keys(commands);
    const result = await load(
      ...names.flatMap((command) => ['--command', `${command}=${commands[command]}`]),
      ...['--mix', 'read=5,update=5,insert=2,scan=2,read-modify-write=4', '--key-distribution', 'zipf'],
      ...['--keys', '200', '--value-bytes', '100', '--connections', '8', '--pipeline', '3'],
      // In the first one keys are strings.
      ...['--db', '1'],
    );
    expect(bad(result)).toEqual(nothing('read', 'update', 'insert', 'scan', 'read-modify-write'));
    const [read, , , scan] = result.operations;
    expect(scan.requests).toBeGreaterThan(0);
    // After the keys there are the records of some forty of them, one after the other.
    expect(scan.latency_ns!.p50).toBeGreaterThan(5 * read.latency_ns!.p50);
    expect(Object.keys(variants)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it("keeps keys and values of the lengths of Facebook's pools", async () => {
    for (const shape of ['etc', 'usr']) {
      const words = ['--shape', shape, '--keys', '500', '--mix', 'get=3,set=1', '--connections', '4'];
      const result = await load(...words);
      expect(bad(result)).toEqual(nothing('get', 'set'));
      expect(result).toMatchObject({ key_sizes: shape, value_sizes: shape === 'usr' ? null : 'etc' });
    }
  });

  it('keeps values of any length, and of other commands', async () => {
    const sizes = join(folder, 'sizes');
    await writeFile(sizes, '# bytes, weight\n1 5\n26\n\n70000 0.2\n');
    const result = await load(
      ...['--command', 'hset=HSET user:{key} f {value} -> integer', '--sizes', sizes],
      ...['--command', 'hget=HGET user:{key} f -> value', '--mix', 'hset=1,hget=1,get=1,set=1'],
      ...['--key-distribution', 'zipf', '--zipf-exponent', '1.2', '--keys', '300', '--connections', '4'],
    );
    expect(bad(result)).toEqual(nothing('hset', 'hget', 'get', 'set'));
    expect(result).toMatchObject({ value_sizes: `file ${sizes}`, zipf_exponent: 1.2 });
  });
});

it.each([
  ['64\nx 3\n', "line 2: 'x' is no size of a value"],
  ['64 0\n', "line 1: '64 0' is not a size and, behind it, its weight"],
  ['# nothing\n', 'it has no size'],
])('a file of sizes that is none is refused before anything starts: %j', async (content, message) => {
  const file = join(folder, 'malformed');
  await writeFile(file, content);
  expect(await refusal(command(), '--target', '127.0.0.1:1', '--sizes', file)).toContain(message);
});
