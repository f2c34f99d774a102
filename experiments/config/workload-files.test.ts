/** Traces and lists of sizes that a workload names: what follows from them, and what contradicts them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from './config.ts';
import { configText } from './config-text.ts';
import { withoutAxes } from './swept.ts';

let folder: string;

/** Eight requests a second for ten seconds. */
const trace = ['# bypassbench trace 1'];
for (let i = 0; i <= 80; i++) {
  const line = i % 4 === 0 ? `set k${i % 8} ${i % 8 === 0 ? 100 : 300}` : `get k${i % 8} -`;
  trace.push(`${i / 8} ${i === 80 ? 'del k -' : line}`);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'workload-files-test-'));
  await mkdir(path.join(folder, 'data'));
  const write = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
  await write('data/ten.trace', `${trace.join('\n')}\n`);
  await write('bad.trace', '# bypassbench trace 1\n0 get k -\n1 put k 5\n');
  await write('sizes.txt', '# bytes weight\n64 3\n\n1024\n');
  await write('bad.txt', '64\nmany\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function read(workload: string, rest = '', systems = '[redis]') {
  const file = path.join(folder, 'x.yaml');
  const text = `experiment: x\ntitle: X\ntrials: 3\nsystems: ${systems}\nworkload: ${workload}\n${rest}`;
  await writeFile(file, text);
  return readConfig(file, [0, 1]);
}

const refused = (...of: Parameters<typeof read>): Promise<string> =>
  read(...of).then(
    () => '',
    (error: Error) => error.message,
  );

describe('a trace', () => {
  test('says operations, keys, sizes and rate, by a path from the experiment', async () => {
    const { config } = await read('{ trace: data/ten.trace, trace_speed: 2, duration_s: 3, clients: 4 }');
    expect(config.workload).toMatchObject({
      trace: path.join(folder, 'data/ten.trace'),
      operations: ['mix'],
      mix: { get: 60, set: 20, del: 1 },
      keys: 1,
      value_bytes: 200,
      open_loop: { rate_ops: expect.closeTo(16.2, 9), arrivals: null },
      clients: 4,
    });
  });

  test('is printed as it is, without what follows from it, and read again', async () => {
    const whole = await read('{ trace: data/ten.trace, duration_s: 3 }');
    const text = configText(whole);
    expect(Object.keys(parse(text).workload)).toEqual(
      expect.not.arrayContaining(['mix', 'keys', 'value_bytes', 'open_loop', 'operations']),
    );
    await writeFile(path.join(folder, 'again.yaml'), text);
    const again = await readConfig(path.join(folder, 'again.yaml'), [0, 1]);
    expect(again.config.workload).toEqual(whole.config.workload);
  });

  test('and its speed may be axes', async () => {
    const sweep = 'sweep: { trace_speed: [1, 2, 2.5], trace: [data/ten.trace] }';
    const { points, config, axes } = await read('{ duration_s: 2 }', sweep);
    expect(points.map(({ workload }) => workload.open_loop!.rate_ops)).toEqual(
      [8.1, 16.2, 20.25].map((rate) => expect.closeTo(rate, 9)),
    );
    expect(withoutAxes(config, axes).workload).not.toHaveProperty('open_loop');
  });

  const files = [
    ['missing.trace', /x\.yaml:5:\d+: workload\.trace: .*missing\.trace cannot be read: ENOENT/],
    [
      'bad.trace',
      /workload\.trace: .*bad\.trace:3: the line has the operation 'put': it must be get, set, del/,
    ],
  ] as const;
  test.each(files)('%s is refused', async (name, why) => {
    expect(await refused(`{ trace: ${name}, duration_s: 3 }`)).toMatch(why);
  });

  test('beside what it says itself is refused, each with its place', async () => {
    const said = [
      'operations: [get]',
      'mix: { get: 1 }',
      'keys: 5',
      'key_distribution: zipf',
      'value_bytes: 5',
      'value_sizes: etc',
      'open_loop: { rate_ops: 5 }',
    ];
    const message = await refused(`{ trace: data/ten.trace, duration_s: 3, ${said.join(', ')} }`);
    for (const one of said) {
      const [key] = one.split(':');
      expect(message).toContain(`workload.${key}: \`trace\` says that: leave one of them out`);
    }
    expect(message.split('\n').length).toBe(said.length + 1);
  });

  test.each([
    ['protocol: echo', '', /workload\.protocol: a trace is of requests of Redis/],
    [
      '',
      'stages: { duration_s: 9.5 }',
      /stages\.duration_s: the trace lasts 10 s at trace_speed 1: warm-up and window, 10\.5 s/,
    ],
    ['trace_speed: 4', '', /workload\.duration_s: the trace lasts 2\.5 s at trace_speed 4/],
    ['', 'sweep: { rate_ops: [1, 2] }', /`trace` says that/],
  ])('with %s %s is refused', async (more, rest, why) => {
    const whole = ['trace: data/ten.trace', 'duration_s: 3', ...(more ? [more] : [])];
    expect(await refused(`{ ${whole.join(', ')} }`, rest)).toMatch(why);
  });

  test('of a system with a workload or a client that has none is refused', async () => {
    const workload = '{ trace: data/ten.trace, duration_s: 3 }';
    const own = '[{ use: redis, workload: { keys: 5 } }]';
    expect(await refused(workload, '', own)).toMatch(/systems\[0\]\.workload\.keys: `trace` says that/);
    const client = '[{ use: redis, client: { program: redis-benchmark, idle: sleep } }]';
    expect(await refused(workload, '', client)).toMatch(/redis-benchmark replays no trace/);
  });

  test('that is not there has no speed', async () => {
    const workload = '{ operations: [get], keys: 5, value_bytes: 5, trace_speed: 2, duration_s: 3 }';
    expect(await refused(workload)).toMatch(
      /workload\.trace_speed: says how fast a trace is replayed: name it/,
    );
  });
});

describe('a list of sizes', () => {
  const rest = 'operations: [get], keys: 10, duration_s: 1';

  test('becomes the sizes of values, by a path from the experiment', async () => {
    const { config, points } = await read(`{ sizes: sizes.txt, ${rest} }`);
    expect(config.workload).toMatchObject({ value_sizes: 'list:64=3,1024', value_bytes: 304 });
    expect(points[0].workload).not.toHaveProperty('sizes');
  });

  test.each([
    ['none.txt', '', /workload\.sizes: .*none\.txt cannot be read: ENOENT/],
    ['bad.txt', '', /workload\.sizes: .*bad\.txt: line 2: 'many' is no size of a value/],
    ['sizes.txt', 'value_bytes: 5, ', /workload\.value_bytes: `sizes` says the sizes: leave it out/],
    ['sizes.txt', 'value_sizes: usr, ', /workload\.value_sizes: `sizes` says the sizes: leave it out/],
  ])('%s %s is refused', async (name, more, why) => {
    expect(await refused(`{ sizes: ${name}, ${more}${rest} }`)).toMatch(why);
  });
});
