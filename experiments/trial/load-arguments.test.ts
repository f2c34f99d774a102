import { expect, test } from 'vitest';
import { type LoadRequest, loadArguments, meterArguments } from './load-arguments.ts';

const request: LoadRequest = {
  generator: null,
  seed: 100,
  workload: {
    protocol: 'resp',
    operations: ['set', 'get'],
    clients: 2,
    pipeline: 3,
    keys: 1000,
    key_distribution: 'uniform',
    commands: {},
    zipf_exponent: 0.99,
    hotspot: '0.2:0.8',
    value_bytes: 64,
    warmup_s: 0.5,
    duration_s: 2,
    margin_s: 30,
  },
  system: {
    serves: ['resp'],
    options: { device: 'memif', role: 'none' },
    client: {
      backend: 'dpdk',
      options: {
        role: 'client',
        socket: '{dir}/memif.sock',
        ip: '10.99.0.2/24',
        note: '{host}:{port} {core} {"a":1}',
      },
      idle: 'poll',
      core: 1,
    },
  },
  operation: 'get',
  trial: 4,
  address: { host: '10.99.0.1', port: 6379 },
  populate: false,
  files: { dir: '/tmp/bypassbench-x', stamps: '/dev/shm/x/server.stamps', pauses: '/run/server.pauses.json' },
  ofHost: {},
  stampsEvery: null,
  serverStamps: null,
  serverCore: null,
  serverPid: null,
  serverBusyTime: null,
  duration_s: 2,
  out: '/runs/a/get-c2',
};

test('the workload, the client and the server become options', () => {
  const system = { ...request.system, options: {}, client: { ...request.system.client, options: {} } };
  expect(loadArguments({ ...request, system }).join(' ')).toBe(
    '--target 10.99.0.1:6379 --backend dpdk --core 1 --operation get --keys 1000 ' +
      '--key-distribution uniform --connections 2 --pipeline 3 --value-bytes 64 --warmup-s 0.5 --duration-s 2 --seed 104 ' +
      '--out /runs/a/get-c2',
  );
});

test('a client that sleeps is told so', () => {
  const client = { ...request.system.client, idle: 'sleep' } as const;
  expect(loadArguments({ ...request, system: { ...request.system, client } }).join(' ')).toContain(
    ' --idle sleep ',
  );
});

test('another program gets what it takes', () => {
  const client = { ...request.system.client, program: 'redis-benchmark', idle: 'sleep' } as const;
  const asked = { ...request, system: { ...request.system, client }, populate: true, serverCore: 0 };
  expect(meterArguments(asked).join(' ')).toBe(
    '--target 10.99.0.1:6379 --core 1 --server-core 0 --operation get --connections 2 --pipeline 3 --keys 1000 ' +
      '--key-distribution uniform --value-bytes 64 --warmup-s 0.5 --duration-s 2 --seed 104 --out /runs/a/get-c2 ' +
      '--populate',
  );
});

test('messages have a protocol, and neither operation nor keys', () => {
  const workload = { ...request.workload, protocol: ['echo', 'datagrams'] } satisfies LoadRequest['workload'];
  const system = { ...request.system, serves: ['datagrams'] } satisfies LoadRequest['system'];
  const words = loadArguments({ ...request, workload, system }).join(' ');
  expect(words).toContain('--core 1 --protocol datagrams --connections 2 --pipeline 3 --value-bytes 64');
  expect(words).not.toMatch(/--(operation|keys|key-distribution) /);
});

test('several cores of the client are cores of threads', () => {
  const system = { ...request.system, client: { ...request.system.client, core: 1, more_cores: [2, 3] } };
  const words = loadArguments({ ...request, system, serverCore: null });
  expect(words.join(' ')).toContain('--cores 1,2,3');
  expect(words).not.toContain('--core');
});

test('an open loop has a rate and arrivals', () => {
  const open_loop = { rate_ops: 5000.5, arrivals: 'constant' } as const;
  const workload = { ...request.workload, open_loop };
  expect(loadArguments({ ...request, workload }).join(' ')).toContain(
    '--value-bytes 64 --rate 5000.5 --arrivals constant --warmup-s 0.5',
  );
});

test('a trace has its speed, and none of what it says itself', () => {
  const open_loop = { rate_ops: 100, arrivals: null };
  const workload = { ...request.workload, trace: '/x/etc.trace', trace_speed: 2, open_loop };
  const words = loadArguments({ ...request, workload, operation: 'mix', populate: true }).join(' ');
  expect(words).toContain(
    '--core 1 --trace /x/etc.trace --trace-speed 2 --connections 2 --pipeline 3 --warmup-s 0.5',
  );
  expect(words).toContain('--populate');
  expect(words).not.toMatch(/--(operation|keys|key-distribution|value-bytes|rate|arrivals) /);
});

test("the system's options and the client's own follow, each by itself, with their placeholders filled", () => {
  const given = loadArguments(request);
  const options = given.filter((_, index) => given[index - 1] === '--backend-option');
  expect(options).toEqual([
    'device=memif',
    'role=client',
    'socket=/tmp/bypassbench-x/memif.sock',
    'ip=10.99.0.2/24',
    'note=10.99.0.1:6379 1 {"a":1}',
  ]);
});

test('the distance is measured to a core of the server, which is looked after', () => {
  expect(loadArguments(request).join(' ')).not.toContain('--server-');
  const given = loadArguments({ ...request, serverCore: 0, serverPid: 4321, serverBusyTime: '/dev/shm/x' });
  expect(given.join(' ')).toContain(
    ' --core 1 --server-core 0 --server-pid 4321 --server-busy-time /dev/shm/x --operation get ',
  );
});

test('keys are written only when asked for', () => {
  expect(loadArguments(request)).not.toContain('--populate');
  expect(loadArguments({ ...request, populate: true })).toContain('--populate');
});

test('keys have lengths where the workload says so', () => {
  const workload = { ...request.workload, key_bytes: 'etc', value_sizes: 'etc' };
  expect(loadArguments({ ...request, workload }).join(' ')).toContain(
    '--key-distribution uniform --key-bytes etc --connections 2 --pipeline 3 --value-sizes etc',
  );
});

test('numbers have no exponent, which no flag takes', () => {
  const workload = {
    ...request.workload,
    mix: { get: 1e6, set: 1e-7 },
    key_distribution: 'zipf',
    zipf_exponent: 2.5e-7,
    warmup_s: 1e-9,
  } as const;
  const words = loadArguments({ ...request, workload, operation: 'mix' }).join(' ');
  expect(words).toContain(' --mix get=1000000,set=0.0000001 ');
  expect(words).toContain(' --zipf-exponent 0.00000025 ');
  expect(words).toContain(' --warmup-s 0.000000001 ');
});

test('a mix has its weights', () => {
  const workload = { ...request.workload, mix: { get: 95, set: 5 } };
  expect(loadArguments({ ...request, workload, operation: 'mix' }).join(' ')).toContain(
    ' --operation mix --mix get=95,set=5 --keys 1000 ',
  );
});
