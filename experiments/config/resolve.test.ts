/**
 * Experiments that name systems: templates, overrides, own files, the command line, and what may be wrong in
 * each.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig, readResolved } from './config.ts';
import { startWithOptions } from './placeholders.ts';
import type { Config } from './schema.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'resolve-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const head = `experiment: x
title: X
trials: 3
workload: { operations: [get], keys: 1000, value_bytes: 64, duration_s: 1 }
`;

/** The config of `systems` and more, with `own` as the author's systems.yaml. */
async function resolve(rest: string, own: string | null = null, ...set: string[]): Promise<Config> {
  const file = path.join(folder, 'x.yaml');
  await writeFile(file, head + rest);
  if (own !== null) await writeFile(path.join(folder, 'systems.yaml'), own);
  return (await readConfig(file, [0, 1], { set })).config;
}

/** The lines of the error, without the folder. */
async function problems(rest: string, own: string | null = null, ...set: string[]): Promise<string[]> {
  const error: Error = await resolve(rest, own, ...set).then(
    () => expect.fail('it is valid'),
    (caught) => caught,
  );
  expect(error).toHaveProperty('code', 'CONFIG_INVALID');
  return error.message
    .split('\n')
    .filter((line) => !line.startsWith('the config has'))
    .map((line) => line.trim().replaceAll(`${folder}/`, ''));
}

describe('a system that is named', () => {
  test('is that of the library, with its floor', async () => {
    const { systems, floors } = await resolve('systems: [kv-rdma, redis]\n');
    expect(systems).toMatchObject([
      {
        name: 'kv-rdma',
        role: 'bypass',
        options: { provider: 'shm' },
        ready: { by: 'json_line', timeout_s: 20 },
      },
      { name: 'redis', role: 'unmodified', command_stats: true, server_cores: [0] },
    ]);
    expect(floors.map(({ name }) => name)).toEqual(['rdma-pingpong', 'kernel-sockets']);
  });

  test('may be changed in place: mappings by key, lists and scalars as a whole, null takes out', async () => {
    const { systems } = await resolve(`systems:
  - use: kv-dpdk
    name: kv-dpdk-9k
    server_cores: [1]
    options: { mtu: 9000 }
    server_options: { role: null }
    client: { core: 0 }
    env: { A: b }
`);
    expect(systems).toHaveLength(1);
    expect(systems[0]).toMatchObject({
      name: 'kv-dpdk-9k',
      label: 'kvserver, libOS over DPDK (kv-dpdk-9k)',
      server_cores: [1],
      options: { device: 'memif', mtu: '9000' },
      server_options: { socket: '{dir}/memif.sock', ip: '10.99.0.1/24' },
      client: { backend: 'dpdk', core: 0, idle: 'poll', options: { role: 'client' } },
      env: { A: 'b' },
    });
    expect(systems[0]?.server_options).not.toHaveProperty('role');
  });

  test('of another readiness keeps none of what the first needed but its time', async () => {
    const own = `systems:
  says: { use: redis, ready: { by: output, pattern: up, timeout_s: 5 } }
`;
    const rest = `systems:
  - { use: says, ready: { by: tcp_connect } }
  - { use: kv-sockets, ready: { timeout_s: 3 } }
`;
    const { systems } = await resolve(rest, own);
    expect(systems.map(({ ready }) => ready)).toEqual([
      { by: 'tcp_connect', timeout_s: 5 },
      { by: 'json_line', timeout_s: 3 },
    ]);
  });

  test('may be a template with its parameters', async () => {
    const { systems } = await resolve(`systems:
  - { use: kvserver, name: mine, backend: rdma, options: { provider: tcp }, floor: [] }
`);
    expect(systems[0]).toMatchObject({
      name: 'mine',
      backend: 'rdma',
      floor: [],
      client: { backend: 'rdma' },
    });
    expect(startWithOptions(systems[0] as never).join(' ')).toContain(
      '--backend rdma --backend-option provider=tcp',
    );
  });

  test('has its cores chosen in the place of those that lie below, and the other way round', async () => {
    const { systems, floors } = await resolve(`systems:
  - { use: kv-kernel, cores: { distance: far } }
  - { use: kv-dpdk, server_cores: [1], client: { core: 0 } }
  - redis
defaults: { cores: { distance: near } }
`);
    const coresOf = systems.map(({ cores, server_cores, client }) => [cores, server_cores, client.core]);
    expect(coresOf).toEqual([
      [{ distance: 'far' }, undefined, undefined],
      [undefined, [1], 0],
      [{ distance: 'near' }, undefined, undefined],
    ]);
    expect(floors.map(({ name, cores }) => [name, cores])).toEqual([
      ['kernel-sockets', { distance: 'far' }],
      ['dpdk-frames', [1, 0]],
    ]);
  });

  test('has its choice of cores changed by the command line', async () => {
    const set = ['systems.redis.cores.distance=siblings', 'defaults.cores.distance=cache'];
    const { systems } = await resolve('systems: [redis, kv-kernel]\n', null, ...set);
    expect(systems.map(({ cores }) => cores)).toEqual([{ distance: 'siblings' }, { distance: 'cache' }]);
  });

  test('shares its floor with others, where it is measured once, on the cores of the first', async () => {
    const { floors } = await resolve(`systems:
  - { use: kv-kernel, server_cores: [1], client: { core: 0 } }
  - redis
`);
    expect(floors).toMatchObject([{ name: 'kernel-sockets', cores: [1, 0] }]);
  });

  test('has no floor of the library where more than one request is in flight', async () => {
    const { floors, systems } = await resolve('systems: [redis]\n', null, 'workload.clients=50');
    expect(floors).toEqual([]);
    expect(systems[0]?.floor).toEqual([]);
  });
});

describe('values', () => {
  const own = `defaults: { server_cores: [1], client: { core: 0, idle: sleep } }
systems:
  own: { use: kvserver, backend: kernel, ready: { timeout_s: 7 } }
`;

  test('go from defaults to the system to the experiment to the command line', async () => {
    const rest = `defaults: { client: { idle: poll }, ready: { timeout_s: 3 }, share_cores: true }
systems: [own, { use: own, name: other, ready: { timeout_s: 8 } }]
`;
    const { systems } = await resolve(rest, own, 'systems.other.ready.timeout_s=9', 'trials=1');
    // The file of the entry, its template's file below it, and the defaults of the experiment above both.
    expect(systems[0]).toMatchObject({
      server_cores: [1],
      client: { core: 0, idle: 'poll' },
      share_cores: true,
    });
    // What a system says itself is above all defaults.
    expect(systems.map(({ ready }) => ready.timeout_s)).toEqual([7, 9]);
  });

  test('of the command line hold for a quick run, too', async () => {
    const file = path.join(folder, 'x.yaml');
    await writeFile(
      file,
      `${head}systems: [{ use: redis, share_cores: true }]\nquick: { trials: 2, workload: { keys: 10 } }\n`,
    );
    const { config } = await readResolved(file, { quick: true, set: ['trials=1', 'systems.redis.label=R'] });
    expect(config).toMatchObject({ trials: 1, workload: { keys: 10 }, systems: [{ label: 'R' }] });
  });

  test('of the command line may be all that a section of `quick` said', async () => {
    const set = ['stages.duration_s=0.75', 'calibration.duration_s=0.4'];
    const { config } = await readResolved('redis-figure', { quick: true, set });
    expect(config).toMatchObject({
      stages: { every: 8, duration_s: 0.75 },
      calibration: { duration_s: 0.4 },
    });
  });

  test('of the command line may be lists, and null takes a section out', async () => {
    const config = await resolve(
      'systems: [redis, kv-kernel]\nstages: { duration_s: 1 }\nquick: { stages: { duration_s: 0.5 } }\n',
      null,
      'systems.redis.server_cores=[1]',
      'systems.redis.client.core=0',
      'floors.kernel-sockets.cores=[1]',
      'stages=null',
    );
    expect(config.systems[0]).toMatchObject({ server_cores: [1], client: { core: 0 } });
    expect(config.floors).toMatchObject([{ name: 'kernel-sockets', cores: [1] }]);
    expect(config.stages).toBeUndefined();
  });
});

describe("an author's own file", () => {
  test('adds systems, floors and templates', async () => {
    const own = `systems:
  keydb: { use: redis-like, program: keydb-server, package: keydb, label: KeyDB, floor: mine }
floors:
  mine: { label: mine, command: "ping {operation} {out} 'a b'" }
`;
    const { systems, floors } = await resolve('systems: [keydb]\n', own);
    expect(systems[0]).toMatchObject({
      requires: [{ binary: 'keydb-server', package: 'keydb' }],
      version: ['keydb-server', '--version'],
    });
    expect(floors).toMatchObject([
      { name: 'mine', command: ['ping', '{operation}', '{out}', 'a b'], cores: [0, 1] },
    ]);
  });

  test('puts a system in the place of another one only where it says so', async () => {
    const own = 'systems:\n  redis: { use: redis, label: Mine }\n';
    expect(await problems('systems: [redis]\n', own)).toEqual([
      'systems.yaml:2:3: systems.redis: a system of this name is in experiments/systems/redis.yaml already: choose ' +
        'another name, or say `replaces: redis` to put this one in its place',
    ]);
    const { systems } = await resolve('systems: [redis]\n', own.replace('{ use', '{ replaces: redis, use'));
    expect(systems[0]).toMatchObject({ name: 'redis', label: 'Mine', command_stats: true });
  });

  test.each<[what: string, own: string, line: string]>([
    ['that is no YAML', 'systems: [', 'systems.yaml:1:11: not valid YAML: '],
    [
      'with an unknown section',
      'system: {}\n',
      "systems.yaml:1:1: system: unknown key 'system': did you mean 'systems'?",
    ],
    [
      'with a typo in a system',
      'systems:\n  own:\n    use: redis\n    lable: L\n',
      "systems.yaml:4:5: systems.own.lable: unknown key 'lable': did you mean 'label'?",
    ],
    [
      'with a wrong value',
      'systems:\n  own: { use: redis, role: bypas }\n',
      "systems.yaml:2:22: systems.own.role: 'bypas' is not allowed: did you mean 'bypass'?",
    ],
    [
      'with a parameter that is filled in later',
      'systems:\n  own: { use: redis }\n  t: { parameters: { port: {} } }\n',
      'systems.yaml:3:22: systems.t.parameters.port: {port} is filled in at run time: choose another name',
    ],
    [
      'with a replacement of nothing',
      'systems:\n  own: { replaces: own, use: redis }\n',
      "systems.yaml:2:10: systems.own.replaces: there is no system 'own' to replace",
    ],
    [
      'with a replacement of another',
      'systems:\n  own: { replaces: redis, use: redis }\n',
      "systems.yaml:2:10: systems.own.replaces: must be own, the entry's own name",
    ],
    [
      'with a circle',
      'systems:\n  own: { use: a }\n  a: { use: b }\n  b: { use: own }\n',
      'systems.yaml:4:8: systems.b.use: `use` goes in a circle: own -> a -> b -> own',
    ],
  ])('%s is reported with its line', async (_what, own, line) => {
    expect((await problems('systems: [own]\n', own)).join('\n')).toContain(line);
  });
});

describe('what is wrong', () => {
  test.each<[what: string, systems: string, line: string]>([
    [
      'an unknown name',
      'systems: [kv-dpkd]',
      "x.yaml:5:11: systems[0]: no system of the library is named 'kv-dpkd': did you mean 'kv-dpdk'?",
    ],
    [
      'an unknown template',
      'systems: [{ use: kvsever }]',
      "x.yaml:5:13: systems[0].use: no system of the library is named 'kvsever': did you mean 'kvserver'?",
    ],
    [
      'neither name nor mapping',
      'systems: [3]',
      'x.yaml:5:11: systems[0]: must be the name of a system, or a mapping (it is 3)',
    ],
    [
      'no value for a parameter',
      'systems: [kvserver]',
      "x.yaml:5:11: systems[0]: 'kvserver' needs a value for 'backend': one of sockets, kernel, epoll, uring, rdma, dpdk",
    ],
    [
      'a value that it may not have',
      'systems: [{ use: kvserver, backend: rmda }]',
      "x.yaml:5:28: systems[0].backend: 'rmda' is not allowed: did you mean 'rdma'?",
    ],
    [
      'a parameter with a typo',
      'systems: [{ use: redis-like, program: a, packge: b }]',
      "x.yaml:5:11: systems[0]: 'redis-like' needs a value for 'package'",
    ],
    [
      'a parameter of no template',
      'systems: [{ use: redis, colour: red }]',
      "x.yaml:5:25: systems[0].colour: unknown key 'colour'; allowed: use, name,",
    ],
    [
      'a wrong value in place',
      'systems: [{ use: kv-dpdk, client: { idel: poll } }]',
      "x.yaml:5:37: systems[0].client.idel: unknown key 'idel': did you mean 'idle'?",
    ],
    [
      'a quote that stays open',
      `systems: [{ use: redis, start: "redis-server --port {port} '" }]`,
      'x.yaml:5:25: systems[0].start: a single quote is not closed',
    ],
    [
      'a shell where there is none',
      "systems: [{ use: redis, start: 'redis-server --port {port} > log' }]",
      "x.yaml:5:25: systems[0].start: '>' would be a redirection to a shell, and there is no shell",
    ],
    [
      'a core that only defaults say',
      'defaults: { client: { core: 9 } }\nsystems: [redis]',
      'x.yaml:5:23: defaults.client.core: core 9 is not there',
    ],
    [
      'an unknown default',
      'defaults: { cleint: {} }\nsystems: [redis]',
      "x.yaml:5:13: defaults.cleint: unknown key 'cleint': did you mean 'client'?",
    ],
  ])('%s', async (_what, systems, line) => {
    expect((await problems(`${systems}\n`)).join('\n')).toContain(line);
  });

  test.each<[set: string, message: string]>([
    ['trials=x', "must be a number (it is 'x')"],
    ['trials=0', 'must be at least 1 (it is 0)'],
    ['workload.value_byte=3', "unknown key 'value_byte': did you mean 'value_bytes'?"],
    ['wrkload.keys=3', "unknown key 'wrkload': did you mean 'workload'?"],
    ['systems.rdis.label=R', "no system is named 'rdis': did you mean 'redis'?"],
    ['systems.redis.lable=R', "unknown key 'lable': did you mean 'label'?"],
    ['systems.redis.client.core=9', 'core 9 is not there'],
    [
      'floors.kernel-socket.cores=[0]',
      "no floor of the library is named 'kernel-socket': did you mean 'kernel-sockets'?",
    ],
  ])('on the command line: %s', async (set, message) => {
    expect((await problems('systems: [redis]\n', null, set)).join('\n')).toContain(
      `--set ${set}: ${message}`,
    );
  });

  test('is reported all at once, in the order of the files', async () => {
    const own = 'systems:\n  own: { use: redis, role: none }\n';
    const systems = '[own, kv-dpkd, { use: kv-kernel, client: { core: 7 } }]';
    expect(await problems(`systems: ${systems}\nrepeat: 3\n`, own, 'trials=x')).toEqual([
      "x.yaml:5:16: systems[1]: no system of the library is named 'kv-dpkd': did you mean 'kv-dpdk'?",
      'x.yaml:5:53: systems[2].client.core: core 7 is not there: this process may use cores 0, 1',
      'x.yaml:6:1: repeat: must be text (it is 3)',
      "systems.yaml:2:22: systems.own.role: 'none' is not allowed; allowed: unmodified, libos_over_epoll, libos_over_kernel, bypass",
      "--set trials=x: must be a number (it is 'x')",
    ]);
  });

  test.each(['trials', '=3', 'a..b=3'])('a --set that is no KEY=VALUE: %s', async (set) => {
    await expect(resolve('systems: [redis]\n', null, set)).rejects.toMatchObject({
      code: 'OVERRIDE_INVALID',
    });
  });
});
