import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableCores } from '../machine/machine.ts';
import { configJsonSchema, libraryJsonSchema } from './authored.ts';
import { readConfig, readExperiment } from './config.ts';
import { fillPlaceholders } from './placeholders.ts';

const shipped = ['redis-figure.yaml', 'examples/valkey.yaml'].map((name) =>
  path.join(import.meta.dirname, '..', name),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'config-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(text: string): Promise<string> {
  const file = path.join(folder, 'x.yaml');
  await writeFile(file, text);
  return file;
}

const valid = `experiment: x
title: X
trials: 3
workload:
  operations: [set, get]
  keys: 1000
  value_bytes: 64
  duration_s: 1
systems:
  - name: redis
    label: Redis
    backend: kernel
    device: loopback
    start: [redis-server, --port, '{port}']
    ready: { by: resp_ping }
    server_cores: [0]
    client: { backend: kernel, core: 1 }
    provenance: software_device
quick:
  trials: 2
  workload: { keys: 10 }
`;

const secondSystem = `  - name: redis
    label: Redis again
    backend: kernel
    device: loopback
    provenance: software_device
    start: [redis-server, --port, '{port}']
    ready: { by: resp_ping }
    server_cores: [0]
    client: { backend: kernel, core: 1 }
quick:
`;

describe('a wrong config', () => {
  test.each<[what: string, replaced: string, by: string, place: string, message: string]>([
    [
      'a typo in a key',
      'trials: 3',
      'trails: 3',
      '3:1',
      "trails: unknown key 'trails': did you mean 'trials'?",
    ],
    [
      'a nested typo',
      'keys: 1000',
      'key: 1000',
      '6:3',
      "workload.key: unknown key 'key': did you mean 'keys'?",
    ],
    [
      'a typo in an alternative',
      '{ by: resp_ping }',
      '{ by: output, patern: x }',
      '15:26',
      "systems[0].ready.patern: unknown key 'patern': did you mean 'pattern'?",
    ],
    [
      'a key that is like no other',
      'title: X',
      'title: X\ncolour: red',
      '3:1',
      "colour: unknown key 'colour'; allowed: experiment, title, trials, order, seed, wire, hosts, place, workload, sweep, systems, floors, stages, calibration, distance, repeat, reference, figure, goals, quick, defaults",
    ],
    [
      'a repetition of nothing',
      'trials: 3',
      'trials: 3\nrepeat: redsi',
      '4:1',
      "repeat: no system is named 'redsi': did you mean 'redis'?",
    ],
    [
      'a load generator of others that is told to poll',
      'core: 1 }',
      'core: 1, program: redis-benchmark }',
      '17:5',
      'systems[0].client.idle: redis-benchmark sleeps while nothing comes: sleep',
    ],
    [
      'what a key was called before',
      'core: 1 }',
      'core: 1, wait: block }',
      '17:41',
      "systems[0].client.wait: unknown key 'wait': it is called idle now",
    ],
    [
      'what a value of it was called before',
      'core: 1 }',
      'core: 1, idle: block }',
      '17:41',
      "systems[0].client.idle: 'block' is not allowed; allowed: poll, sleep",
    ],
    [
      'what a load generator of others cannot send',
      /duration_s: 1(.|\n)*core: 1 \}/.exec(valid)![0],
      /duration_s: 1(.|\n)*core: 1 \}/
        .exec(valid)![0]
        .replace('duration_s: 1', 'duration_s: 1\n  open_loop: { rate_ops: 1000 }')
        .replace('core: 1 }', 'core: 1, idle: sleep, program: redis-benchmark }'),
      '18:54',
      'systems[0].client.program: redis-benchmark has no open loop: leave `open_loop` out',
    ],
    [
      'a noise that nobody measures',
      'trials: 3',
      'trials: 3\ngoals: [{ measure: throughput, system: redis, over: redis, operations: all, within_noise_of: redis }]',
      '4:77',
      "goals[0].within_noise_of: 'redis' is not measured twice: say so with `repeat: redis`",
    ],
    [
      'a system with the name of the repetition',
      'quick:\n',
      secondSystem.replace('name: redis', 'name: redis-again').replace('quick:', 'repeat: redis\nquick:'),
      '28:1',
      "repeat: 'redis-again' is the name of its repetition: rename the other",
    ],
    [
      'stamps, and what a server without them says',
      "start: [redis-server, --port, '{port}']",
      "start: [redis-server, --port, '{port}', '{stamps}']\n    command_stats: true",
      '15:5',
      'systems[0].command_stats: a server with {stamps} reports its part by them: leave command_stats out',
    ],
    ['a missing key', 'title: X\n', '', '1:1', 'title: is missing: it must be text'],
    ['a wrong type', 'trials: 3', 'trials: many', '3:1', "trials: must be a number (it is 'many')"],
    ['a fraction', 'trials: 3', 'trials: 2.5', '3:1', 'trials: must be a whole number (it is 2.5)'],
    [
      'one string, which is split into words',
      "start: [redis-server, --port, '{port}']",
      'start: redis-server',
      '14:5',
      'systems[0].start: has no {port}, so the server cannot get its port',
    ],
    ['zero trials', 'trials: 3', 'trials: 0', '3:1', 'trials: must be at least 1 (it is 0)'],
    ['too many trials', 'trials: 3', 'trials: 100000', '3:1', 'trials: must be at most 1000 (it is 100000)'],
    [
      'no system',
      /systems:\n(?: .*\n)*/.exec(valid)![0],
      'systems: []\n',
      '9:1',
      'systems: must have at least one element',
    ],
    ['an empty text', 'title: X', "title: ''", '2:1', 'title: must not be empty'],
    [
      'a value that does not exist',
      'operations: [set, get]',
      'operations: [set, gte]',
      '5:21',
      "workload.operations[1]: there is no operation 'gte': did you mean 'get'?",
    ],
    [
      'a readiness that does not exist',
      'by: resp_ping',
      'by: magic',
      '15:14',
      "systems[0].ready.by: 'magic' is not allowed; allowed: json_line, resp_ping, tcp_connect, output",
    ],
    [
      'no kind of readiness',
      '{ by: resp_ping }',
      '{ timeout_s: 3 }',
      '15:5',
      'systems[0].ready.by: is missing; allowed: json_line, resp_ping, tcp_connect, output',
    ],
    [
      'a bad regular expression',
      '{ by: resp_ping }',
      '{ by: output, pattern: "(" }',
      '15:26',
      'systems[0].ready.pattern: is not a regular expression: Invalid regular expression: /(/: Unterminated group',
    ],
    [
      'a name that is no folder name',
      'name: redis',
      'name: my/redis',
      '10:5',
      'systems[0].name: must be lower-case letters, digits and dashes, starting with a letter or digit',
    ],
    [
      'an unknown placeholder',
      "'{port}'",
      "'{prot}'",
      '14:35',
      "systems[0].start[2]: unknown placeholder {prot}: did you mean 'port'?",
    ],
    [
      'an unknown placeholder in env',
      'server_cores: [0]',
      "server_cores: [0]\n    env: { A: '{home}' }",
      '17:12',
      'systems[0].env.A: unknown placeholder {home}; allowed: host, port, core, dir',
    ],
    [
      "an unknown placeholder in the client's options",
      'backend: kernel, core: 1',
      "backend: kernel, options: { socket: '{tmp}/x' }, core: 1",
      '17:43',
      'systems[0].client.options.socket: unknown placeholder {tmp}; allowed: host, port, core, dir',
    ],
    [
      'an option that is a list',
      'backend: kernel, core: 1',
      'backend: kernel, options: { mtu: [9000] }, core: 1',
      '17:43',
      'systems[0].client.options.mtu: must be text or a number or true or false (it is [9000])',
    ],
    [
      'a core with two threads of the client',
      'backend: kernel, core: 1',
      'backend: kernel, core: 1, more_cores: [1]',
      '17:54',
      'systems[0].client.more_cores[0]: core 1 has another thread already',
    ],
    [
      'more threads than clients',
      'backend: kernel, core: 1',
      'backend: kernel, core: 1, more_cores: [0]',
      '17:41',
      'systems[0].client.more_cores: 2 threads of 1 connections: each thread needs a connection, give more clients',
    ],
    [
      'options that the server cannot get',
      'server_cores: [0]',
      'server_cores: [0]\n    options: { mtu: 9000 }',
      '17:5',
      'systems[0].options: the server cannot get them: no word of `start` is {options}',
    ],
    [
      'a backend that does not exist',
      'backend: kernel, core: 1',
      'backend: dpkd, core: 1',
      '17:15',
      "systems[0].client.backend: 'dpkd' is not allowed: did you mean 'dpdk'?",
    ],
    [
      'no way to know the port',
      ", '{port}'",
      ', 6379',
      '14:35',
      'systems[0].start[2]: must be text (it is 6379)',
    ],
    [
      'no way to tell the port',
      "--port, '{port}'",
      '--quiet',
      '14:5',
      'systems[0].start: has no {port}, so the server cannot get its port; only with `ready: { by: json_line }` may it choose one',
    ],
    [
      'a server core that is not there',
      'server_cores: [0]',
      'server_cores: [7]',
      '16:20',
      'systems[0].server_cores[0]: core 7 is not there: this process may use cores 0, 1',
    ],
    [
      'a client core that is not there',
      'core: 1 }',
      'core: 2 }',
      '17:32',
      'systems[0].client.core: core 2 is not there: this process may use cores 0, 1',
    ],
    [
      'one core for both',
      'core: 1 }',
      'core: 0 }',
      '17:32',
      "systems[0].client.core: core 0 is the server's too, so they would wait for each other: choose another, or allow it with `share_cores: true`",
    ],
    [
      'a quick run that is not quick',
      '  trials: 2',
      '  trials: 4',
      '20:3',
      'quick.trials: 4 is more than the 3 of the full run: --quick only makes a run smaller',
    ],
    [
      'more keys when quick',
      'keys: 10 }',
      'keys: 9999 }',
      '21:15',
      'quick.workload.keys: 9999 is more than the 1000 of the full run: --quick only makes a run smaller',
    ],
    [
      'a name twice',
      'quick:\n',
      secondSystem,
      '19:5',
      "systems[1].name: 'redis' names two systems: each needs a name of its own",
    ],
    [
      'a name that the manifest needs',
      'name: redis',
      'name: node',
      '10:5',
      "systems[0].name: 'node' is taken in the manifest's list of versions: choose another",
    ],
    [
      'an operation twice',
      '[set, get]',
      '[set, set]',
      '5:21',
      "workload.operations[1]: 'set' is listed twice",
    ],
    ['a key twice', 'title: X', 'title: X\ntitle: Y', '3:1', 'not valid YAML: Map keys must be unique'],
    ['an open bracket', '[set, get]', '[set, get', '6:3', 'not valid YAML: '],
  ])('%s', async (_what, replaced, by, place, message) => {
    expect(valid).toContain(replaced);
    const file = await write(valid.replace(replaced, by));
    const error = await readConfig(file, [0, 1]).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(`${file}:${place}: ${message}`);
  });

  test.each([
    ['&a [*a]', '*a stands within what it stands for'],
    ['&a { b: { c: *a } }', '*a stands within what it stands for'],
    [`[&a [${'x, '.repeat(500)}], &b [${'*a, '.repeat(500)}], *b]`, 'aliases of aliases make too much'],
  ])('has an alias that has no end: %s', async (text, message) => {
    const file = await write(valid.replace('title: X', `title: ${text}`));
    const error = await readConfig(file, [0, 1]).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(`${file}:2:`);
    expect(error.message).toContain(message);
  });

  test('has a sweep and no systems', async () => {
    const whole = valid.slice(0, valid.indexOf('systems:'));
    const file = await write(`${whole}sweep: { clients: [1, 2] }\n`);
    await expect(readConfig(file, [0, 1])).rejects.toThrow('systems: is missing');
  });

  test('has all its problems reported at once, a mistyped key as one', async () => {
    const file = await write(valid.replace('trials: 3', 'trails: 3').replace('keys: 1000', 'keys: 0'));
    const error = await readConfig(file, [0, 1]).catch((caught) => caught);
    expect(error.message.split('\n')).toEqual([
      'the config has 2 problems:',
      `  ${file}:3:1: trails: unknown key 'trails': did you mean 'trials'?`,
      `  ${file}:6:3: workload.keys: must be at least 1 (it is 0)`,
    ]);
  });

  test.each(['', '- a\n- b\n', 'just words\n'])('is no mapping at all: %j', async (text) => {
    await expect(readConfig(await write(text), [0, 1])).rejects.toThrow('must be a mapping (key: value)');
  });

  test.each([
    ['missing.yaml', 'does not exist'],
    ['.', 'is a folder'],
  ])('is not there: %s', async (name, why) => {
    await expect(readConfig(path.join(folder, name), [0, 1])).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: expect.stringContaining(`${why}: name an experiment's YAML file`),
    });
  });
});

const floor = {
  name: 'frames',
  label: 'raw frames',
  command: ['ping-pong', '{operation}', '{out}'],
  cores: [0, 1],
};

/** The valid config with `floors`, which its system names, from line 20 on. */
function withFloors(floors: object[], named = ['frames']): string {
  return valid
    .replace('server_cores: [0]', `server_cores: [0]\n    floor: [${named.join(', ')}]`)
    .replace('quick:', `floors: ${JSON.stringify(floors)}\nquick:`);
}

describe('a wrong floor', () => {
  test.each<
    [what: string, changed: { name?: string; [key: string]: unknown }, place: string, message: string]
  >([
    ['a typo in a key', { comand: [] }, 'comand', "unknown key 'comand': did you mean 'command'?"],
    [
      'a system that it is for, which is said there',
      { system: 'redis' },
      'system',
      "unknown key 'system'; allowed: use, name, label, requires, command, cores",
    ],
    ["a system's name", { name: 'redis' }, 'name', "'redis' names a system or another floor: choose another"],
    [
      'a core that is not there',
      { cores: [0, 7] },
      'cores[1]',
      'core 7 is not there: this process may use cores 0, 1',
    ],
    [
      'an unknown placeholder',
      { command: ['x', '{port}', '{operation}', '{out}'] },
      'command[1]',
      'unknown placeholder {port}; allowed: operation, value_bytes, warmup_s, duration_s, cores, out',
    ],
    ['nowhere to write to', { command: 'x {operation}' }, 'command', 'has no {out}: the program must get it'],
    [
      'nothing to measure',
      { command: ['x', '{out}'] },
      'command',
      'has no {operation}: the program must get it',
    ],
  ])('%s', async (_what, changed, place, message) => {
    const file = await write(withFloors([{ ...floor, ...changed }], [changed.name ?? 'frames']));
    const error = await readConfig(file, [0, 1]).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toMatch(/^\S+x\.yaml:20:\d+: /);
    expect(error.message).toContain(` floors[0].${place}: ${message}`);
  });

  test.each<[what: string, floors: object[], named: string[], message: string]>([
    ['a name twice', [floor, floor], ['frames'], "floors[1].name: 'frames' names a system or another floor"],
    [
      'one that no system has',
      [floor],
      [],
      'floors[0].name: no system has this floor: write `floor: frames`',
    ],
    [
      'one that is not there',
      [floor],
      ['frames', 'frame'],
      "systems[0].floor[1]: no floor is named 'frame': did you",
    ],
  ])('%s', async (_what, floors, named, message) => {
    const file = await write(withFloors(floors, named));
    await expect(readConfig(file, [0, 1])).rejects.toThrow(message);
  });

  const besideMany =
    'floors[0]: a floor is one request at a time, which bars of `clients` or `pipeline` above 1 are';
  test.each([
    ['clients: 2', besideMany],
    ['pipeline: 16', besideMany],
    [
      'open_loop: { rate_ops: 100 }',
      'floors[0]: a floor sends when it has a reply, which the bars of an open loop are',
    ],
  ])('beside more than one request at a time: %s', async (more, message) => {
    const text = withFloors([floor]).replace('  keys: 1000', `  keys: 1000\n  ${more}`);
    await expect(readConfig(await write(text), [0, 1])).rejects.toThrow(message);
  });
});

describe('an experiment', () => {
  const coresOfHere = availableCores();
  const runnableHere = valid
    .replace('server_cores: [0]', `server_cores: [${coresOfHere[0]}]\n    share_cores: true`)
    .replace('core: 1', `core: ${coresOfHere.at(-1)}`);

  test('has its defaults filled in, and no quick section', async () => {
    const experiment = await readExperiment(await write(runnableHere), { quick: false, set: [], only: null });
    expect(experiment).toMatchObject({ trials: 3, order: 'shuffled', seed: 1, reference: 'none' });
    expect(experiment.workload).toMatchObject({
      clients: 1,
      pipeline: 1,
      keys: 1000,
      warmup_s: 1,
      margin_s: 30,
    });
    expect(experiment.distance).toEqual({ slices: 20, extend_s: 300 });
    expect(experiment.systems[0].ready).toEqual({ by: 'resp_ping', timeout_s: 10 });
    expect(experiment).not.toHaveProperty('quick');
  });

  test('is made smaller by --quick, in what the section names', async () => {
    const experiment = await readExperiment(await write(runnableHere), { quick: true, set: [], only: null });
    expect(experiment.trials).toBe(2);
    expect(experiment.workload).toMatchObject({ keys: 10, duration_s: 1, value_bytes: 64 });
    expect(experiment.distance).toEqual({ slices: 20, extend_s: 0 });
    const longer = runnableHere.replace('quick:', 'quick:\n  distance: { extend_s: 40 }');
    const going = await readExperiment(await write(longer), { quick: true, set: [], only: null });
    expect(going.distance).toEqual({ slices: 20, extend_s: 40 });
  });

  test('has no smaller version without a quick section', async () => {
    const file = await write(runnableHere.slice(0, runnableHere.indexOf('quick:')));
    await expect(readExperiment(file, { quick: true, set: [], only: null })).rejects.toThrow(
      'has no `quick` section',
    );
  });

  test('has the systems of --only, and an unknown one is refused with the list', async () => {
    const file = await write(runnableHere);
    expect((await readExperiment(file, { quick: false, set: [], only: ['redis'] })).systems).toHaveLength(1);
    await expect(readExperiment(file, { quick: false, set: [], only: ['valkey'] })).rejects.toMatchObject({
      code: 'SYSTEM_UNKNOWN',
      message: "--only: no system is named 'valkey' in this config; its systems are redis",
    });
  });
});

test('a floor is left out with the last of its systems', async () => {
  const here = availableCores()[0];
  const two = withFloors([{ ...floor, cores: [here] }])
    .replace('quick:\n', '')
    .replace(
      'floors:',
      `${secondSystem.replace('name: redis', 'name: other').replace('quick:\n', '')}floors:`,
    )
    .replaceAll('server_cores: [0]', `server_cores: [${here}]\n    share_cores: true`)
    .replaceAll('core: 1', `core: ${here}`)
    .replace(/ {2}trials: 2\n {2}workload: .*\n/, '');
  const file = await write(two);
  const floorsOf = async (only: string[] | null) =>
    (await readExperiment(file, { quick: false, set: [], only })).floors.map(({ name }) => name);
  expect(await floorsOf(null)).toEqual(['frames']);
  expect(await floorsOf(['redis'])).toEqual(['frames']);
  expect(await floorsOf(['other'])).toEqual([]);
});

test('placeholders are filled, other braces left alone', () => {
  const values = {
    host: '127.0.0.1',
    port: '7000',
    core: '0',
    dir: '/tmp/x',
    stamps: '/dev/shm/s',
    pauses: '/tmp/p',
  };
  expect(fillPlaceholders('{host}:{port} {"a":1} {dir}/s', values)).toBe('127.0.0.1:7000 {"a":1} /tmp/x/s');
});

test('{here} is the folder of the experiment, in all that a system is started with', async () => {
  const beside = path.join(folder, 'with a blank');
  await mkdir(beside);
  const file = path.join(beside, 'x.yaml');
  const changed = valid
    .replace("[redis-server, --port, '{port}']", "'{here}/server --port {port} --data {here}/{dir}'")
    .replace(
      'label: Redis\n',
      "label: Redis {here}\n    version: '{here}/server -v'\n    env: { A: '{here}' }\n",
    );
  await writeFile(file, changed);
  const { config } = await readConfig(file, [0, 1]);
  expect(config.systems[0]).toMatchObject({
    label: 'Redis {here}',
    start: [`${beside}/server`, '--port', '{port}', '--data', `${beside}/{dir}`],
    version: [`${beside}/server`, '-v'],
    env: { A: beside },
  });
});

test.each(shipped)('%s is valid on a machine with two cores', async (file) => {
  await expect(readConfig(file, [0, 1])).resolves.toHaveProperty('config.systems');
});

test.each(shipped)('%s names the JSON Schema for editors', async (file) => {
  const [, named] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(await readFile(file, 'utf8'))!;
  expect(path.resolve(path.dirname(file), named!)).toBe(
    path.join(import.meta.dirname, '..', 'config.schema.generated.json'),
  );
});

/**
 * When these fail after a change to schema.ts: `npx vitest run experiments/config/config.test.ts --update`.
 */
test.each([
  ['config', configJsonSchema],
  ['library', libraryJsonSchema],
])('the JSON Schema of a %s is the one of authored.ts', async (name, schema) => {
  const text = `${JSON.stringify(schema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../${name}.schema.generated.json`);
});
