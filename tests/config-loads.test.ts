/**
 * Whatever an experiment may say, `bypassbench load` takes at each point for each system: what it would refuse is
 * refused before anything starts, so that no trial fails for it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../experiments/config/config.ts';
import { checkOpenFiles } from '../experiments/config/open-files.ts';
import { protocolOf } from '../experiments/config/protocol.ts';
import type { ResolvedConfig } from '../experiments/config/resolved.ts';
import type { System } from '../experiments/config/schema.ts';
import { workloadOf } from '../experiments/config/swept.ts';
import { ExperimentError } from '../experiments/errors.ts';
import { type LoadRequest, loadArguments } from '../experiments/trial/load-arguments.ts';
import { openFilesLimit } from '../libos/index.ts';
import { command, optionsOf } from '../loadgen/command.ts';
import { keyDistributions } from '../results/formats/index.ts';
import { whole } from './whole-runs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-loads-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Now and then, since most of what stands together contradicts itself. */
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, value);
/** Mostly the first. */
const mostly = <T>(first: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 3 * others.length, arbitrary: fc.constant(first) },
    ...others.map((other) => fc.constant(other)),
  );

const commandTexts = fc.constantFrom(
  ...['GETEX {key} EX 60 -> value', 'GETSET {key} {value} -> value', 'GETDEL u:{key} -> value'],
  ...['SETEX u:{key} 60 {value} -> ok', 'SET {key} {value} XX -> ok', 'SET {new_key} {value} -> ok'],
  ...[
    'HGETALL {key} -> fields:10',
    'HMSET {new_key} {fields:10} -> ok',
    'HSET {key} {field:10} {value} -> any',
  ],
  ...[
    'HGET {key} f -> value',
    'HSET {key} g 1 f {value} -> integer',
    'MGET {keys:10} -> values',
    'PING -> any',
  ],
  ...['ZRANGEBYSCORE i {number} +inf LIMIT 0 {count:9} -> keys', 'ZADD i NX {number} {key} -> integer'],
);
const weight = mostly(1, 1e-7, 1e6, 2e6);
const mix = fc.dictionary(fc.constantFrom('get', 'set', 'a', 'b'), weight, { maxKeys: 3 });
const lengths = fc.oneof(
  fc.record({ value_bytes: mostly(64, 1, 2, 26, 536870912) }),
  fc.record({ value_sizes: fc.constantFrom('usr', 'etc', 'fixed:2', 'uniform:1-400000000', 'list:1,5=2') }),
);
const requests = fc
  .record({
    operations: fc.subarray(['set', 'get', 'a', 'b', 'mix'], { minLength: 1, maxLength: 2 }),
    commands: fc.record({ a: commandTexts, b: commandTexts }),
    mix: rarely(mix),
    keys: mostly(100, 1, 101, 1e9),
    key_distribution: rarely(fc.constantFrom(...keyDistributions)),
    zipf_exponent: rarely(fc.constantFrom(0, 1e-7, 0.99, 20)),
    hotspot: rarely(fc.constantFrom('0.2:0.8', '1:1', '0.0:0.5', '.1:.9')),
    key_bytes: rarely(fc.constantFrom<number | string>(1, 2, 8, 16, 32, 'etc', 'usr', 'uniform:1-20')),
    bulk: rarely(fc.record({ clients: fc.constantFrom(0, 1, 8), value_bytes: mostly(1024, 536870912) })),
    systems: fc.constant(['redis', 'kv-kernel', 'kv-dpdk']),
    lengths,
  })
  .map(({ lengths: own, ...rest }) => ({ ...rest, ...own }));
const messages = fc.constantFrom('echo', 'datagrams', 'sink', 'relay').chain((protocol) =>
  fc.record({
    protocol: fc.constant(protocol),
    value_bytes: mostly(64, 1, 7, 8, 16384, 16385, 67108864, 67108865),
    key_distribution: rarely(fc.constantFrom(...keyDistributions)),
    systems: fc.constant([`${protocol}-epoll`, `${protocol}-dpdk`]),
  }),
);
const shape = fc.record({
  clients: mostly(4, 1, 2, 10_000),
  pipeline: mostly(1, 16, 10_000),
  open_loop: rarely(
    fc.record({
      rate_ops: mostly(1000, 0.0001, 0.001, 0.5, 6666666, 6666667, 13333334, 1e9),
      arrivals: fc.constantFrom(
        'constant',
        { kind: 'pareto', shape: 1.5 },
        burst(1, 1),
        burst(0.001, 3600000),
      ),
    }),
  ),
  warmup_s: mostly(1, 0, 1e-7),
  duration_s: mostly(1, 0.1),
});
const system = fc.record({
  more_cores: rarely(fc.constantFrom([2], [2, 3])),
  workload: rarely(
    fc.record({
      clients: rarely(fc.constantFrom(1, 10_000)),
      value_bytes: rarely(fc.constantFrom(1, 2, 64)),
    }),
  ),
});
const experiments = fc.record({
  workload: fc.oneof({ weight: 3, arbitrary: requests }, messages),
  shape,
  own: system,
  stages: rarely(fc.constant({ duration_s: 0.1 })),
});

function burst(on_ms: number, off_ms: number): object {
  return { kind: 'onoff', on_ms, off_ms, times: 'fixed' };
}

type Experiment = typeof experiments extends fc.Arbitrary<infer T> ? T : never;

/** JSON is YAML. */
async function written({
  workload: { systems, ...workload },
  shape,
  own,
  stages,
}: Experiment): Promise<string> {
  const [first, ...others] = systems;
  const { more_cores, workload: ofSystem } = own;
  const changed = {
    use: first,
    client: { ...(more_cores && { more_cores }) },
    ...(ofSystem && { workload: ofSystem }),
  };
  const file = join(folder, 'x.yaml');
  const whole = {
    workload: { ...workload, ...shape },
    systems: [changed, ...others],
    ...(stages && { stages }),
  };
  await writeFile(file, JSON.stringify({ experiment: 'x', title: 'X', trials: 1, ...whole }));
  return file;
}

/** What can be run here; null where it is refused before anything starts. */
async function acceptedFrom(experiment: Experiment): Promise<ResolvedConfig | null> {
  try {
    const resolved = await readConfig(await written(experiment), [0, 1, 2, 3]);
    checkOpenFiles(resolved, openFilesLimit());
    return resolved;
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    return null;
  }
}

/** Parses them as the command line does. Throws as that does. */
async function takenByLoad(words: string[]): Promise<void> {
  const load = command()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action(async (flags, given) => {
      await optionsOf(flags, given);
    });
  await load.parseAsync(words, { from: 'user' });
}

it('what an experiment says is what load takes', async () => {
  await fc.assert(
    fc.asyncProperty(
      experiments,
      whole(async (experiment) => {
        const resolved = await acceptedFrom(experiment);
        if (resolved === null) return;
        const [{ workload: ofPoint, systems }] = resolved.points;
        for (const configured of systems) {
          const workload = workloadOf(ofPoint, configured);
          for (const [index, operation] of workload.operations.entries()) {
            const request: LoadRequest = {
              workload,
              seed: 1,
              system: configured as System,
              operation,
              trial: 1,
              address: { host: '127.0.0.1', port: 6379 },
              generator: null,
              populate: index === 0 && protocolOf(workload, configured) === 'resp',
              files: { dir: '/d', stamps: '/s', pauses: '/p' },
              ofHost: {},
              stampsEvery: null,
              serverStamps: null,
              serverCore: configured.client.more_cores ? null : 0,
              serverPid: 1,
              serverBusyTime: null,
              duration_s: workload.duration_s,
              out: '/out',
            };
            await takenByLoad(loadArguments(request));
            const { stages } = resolved.config;
            if (!stages) continue;
            const stamped = { stampsEvery: stages.every, duration_s: stages.duration_s, populate: false };
            await takenByLoad(loadArguments({ ...request, ...stamped }));
          }
        }
      }),
    ),
  );
});
