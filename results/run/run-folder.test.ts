/** Damaged run folders: each gets an error that names the file, the field and the remedy. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ResultsError, writeReport } from '../index.ts';
import { sliced } from '../test-slices.ts';
import { manifest, run, system, target, trialFolder, writeRun } from '../test-synthetic-run.ts';
import { type EndedTrials, type Run, readRun } from './run-folder.ts';

const first = trialFolder('redis', 1, 1);

/** A small good run, to be damaged. */
function goodRun(): Promise<string> {
  const whole = manifest();
  return writeRun(
    run({
      manifest: {
        ...whole,
        systems: [system('redis')],
        plan: { ...whole.plan, trials: 2, measurements: [target('get')] },
      },
      measured: () => ({ latencies_ns: [1000, 2000, 3000] }),
    }),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: the tests break these files in ways that no type allows
type AnyJson = any;

async function edit(path: string, change: (json: AnyJson) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, 'utf8'));
  change(json);
  await writeFile(path, JSON.stringify(json));
}

async function failure(dir: string): Promise<ResultsError> {
  const error = await readRun(dir).then(
    (_run: Run) => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ResultsError);
  return error;
}

test('a good run is read in the order in which its trials ran', async () => {
  const { trials } = await readRun(await writeRun(run()));
  expect(trials.map(({ trial }) => trial.order)).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
});

test('a block that was added has the systems that it is said to have, and no others', async () => {
  const dir = await goodRun();
  await edit(join(dir, 'manifest.json'), ({ plan, systems }) => {
    systems.push({ ...systems[0], name: 'kv-kernel' });
    Object.assign(plan, { added_trials: 1, added_blocks: [[{ subject: 'redis', at: {} }]] });
  });
  expect((await readRun(dir)).trials).toHaveLength(2);
  await edit(join(dir, 'manifest.json'), ({ plan }) => {
    plan.added_blocks = [[{ subject: 'kv-kernel', at: {} }]];
  });
  expect((await failure(dir)).message).toContain('trial 2 is none that manifest.json plans of redis');
});

test('a trial that was read is not read again, and one that ended since is', async () => {
  const dir = await goodRun();
  const second = join(dir, trialFolder('redis', 2, 2), 'trial.json');
  const text = await readFile(second, 'utf8');
  await rm(second);
  const ended: EndedTrials = new Map();
  const [only] = (await readRun(dir, ended)).trials;
  await writeFile(second, text);
  await rm(join(dir, only.folder, 'trial.json'));
  const { trials } = await readRun(dir, ended);
  expect(trials[0]).toBe(only);
  expect(trials.map(({ trial }) => trial.trial)).toEqual([1, 2]);
});

test('no such folder', async () => {
  const { code, message } = await failure('/nonexistent/run');
  expect(code).toBe('RUN_NOT_FOUND');
  expect(message).toBe('no such folder: /nonexistent/run; give the folder that a run wrote');
});

test('a folder that is no run, and a file', async () => {
  const dir = await goodRun();
  expect((await failure(join(dir, 'trials'))).code).toBe('NOT_A_RUN_FOLDER');
  expect((await failure(join(dir, 'manifest.json'))).code).toBe('NOT_A_RUN_FOLDER');
});

test('a run without a trial that ended', async () => {
  const dir = await goodRun();
  for (const order of [1, 2]) await rm(join(dir, trialFolder('redis', order, order), 'trial.json'));
  expect((await failure(dir)).code).toBe('RUN_WITHOUT_TRIALS');
  await rm(join(dir, 'trials'), { recursive: true });
  expect((await failure(dir)).code).toBe('RUN_WITHOUT_TRIALS');
});

test('an unknown version of a schema', async () => {
  const dir = await goodRun();
  await edit(join(dir, 'manifest.json'), (json) => {
    json.schema = 'bypassbench.manifest/6';
  });
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_SCHEMA_UNKNOWN');
  expect(message).toMatch(/manifest\.json: schema "bypassbench\.manifest\/6" .* "bypassbench\.manifest\/5"/);
});

test.each<{ file: string; change: (json: AnyJson) => void; field: string }>([
  { file: 'manifest.json', change: (json) => delete json.schema, field: 'schema: ' },
  { file: 'manifest.json', change: (json) => delete json.machine.cpu, field: 'machine.cpu: ' },
  { file: 'manifest.json', change: (json) => (json.colour = 'red'), field: 'Unrecognized key: "colour"' },
  { file: 'manifest.json', change: (json) => (json.plan.trials = 0), field: 'plan.trials: ' },
  { file: `${first}/trial.json`, change: (json) => (json.status = 'fine'), field: 'status: ' },
  {
    file: `${first}/trial.json`,
    change: (json) => (json.at = { clients: 8 }),
    field: 'measurement get-c1 is not among those that manifest.json plans',
  },
  {
    file: `${first}/trial.json`,
    change: (json) => (json.measurements[0].dir = '../..'),
    field: 'measurements[0].dir: must be a plain name',
  },
  {
    file: `${first}/trial.json`,
    change: (json) => (json.subject = 'valkey'),
    field: 'subject "valkey" is not in manifest.json',
  },
  { file: `${first}/trial.json`, change: (json) => (json.trial = 3), field: 'trial 3 is more than the 2' },
  {
    file: 'manifest.json',
    change: ({ plan }) => Object.assign(plan, { trials: 3, added_trials: 1, added_blocks: [[]] }),
    field: 'plan.added_blocks[0]: ',
  },
  {
    file: `${first}/trial.json`,
    change: (json) => (json.measurements[0].clients = 9),
    field: 'measurement get-c1 is not among those',
  },
  {
    file: `${first}/trial.json`,
    change: (json) => json.measurements.push(json.measurements[0]),
    field: 'measurement get-c1 repeats',
  },
  {
    file: `${first}/get-c1/result.json`,
    change: (json) => (json.operations[0].hits = -1),
    field: 'operations[0].hits: ',
  },
  {
    file: `${first}/get-c1/result.json`,
    change: (json) => (json.connections = 8),
    field: 'connections 8 is not the 1 that',
  },
  {
    file: `${first}/get-c1/result.json`,
    change: (json) => (json.operations[0].histogram = '/etc/passwd'),
    field: 'operations[0].histogram: must be a plain name',
  },
])('$file: $field', async ({ file, change, field }) => {
  const dir = await goodRun();
  await edit(join(dir, file), change);
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_FILE_INVALID');
  expect(message).toContain(`${join(dir, file)}: ${field}`);
  expect(message).toMatch(/; (run the experiment again|remove the folder .* to report without this trial)$/);
});

test('two folders of the same trial', async () => {
  const dir = await goodRun();
  await edit(join(dir, trialFolder('redis', 2, 2), 'trial.json'), (json) => {
    json.trial = 1;
  });
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_FILE_INVALID');
  expect(message).toBe(
    'trials/001-redis-t1 and trials/002-redis-t2 both are trial 1 of redis; remove one of the two folders',
  );
});

test('a file cut off in the middle', async () => {
  const dir = await goodRun();
  const path = join(dir, first, 'get-c1', 'result.json');
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 100));
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_FILE_UNREADABLE');
  expect(message).toContain(`${path} is not JSON`);
});

test('a folder in the place of a file', async () => {
  const dir = await goodRun();
  const path = join(dir, first, 'get-c1', 'result.json');
  await rm(path);
  await mkdir(path);
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_FILE_UNREADABLE');
  expect(message).toContain(`${path} cannot be read`);
});

test('a raw file that is gone', async () => {
  const dir = await goodRun();
  await rm(join(dir, first, 'get-c1', 'get.hdr'));
  const { code, message } = await failure(dir);
  expect(code).toBe('RUN_FILE_MISSING');
  expect(message).toBe(
    `${join(dir, first, 'get-c1', 'get.hdr')} is missing; remove the folder ${join(dir, first)} to report without this trial`,
  );
});

test('a corrupt histogram: other bytes, cut short, or with counts that are not those of result.json', async () => {
  const dir = await goodRun();
  const path = join(dir, first, 'get-c1', 'get.hdr');
  const whole = await readFile(path, 'utf8');
  for (const text of ['', 'no histogram', whole.slice(0, 20)]) {
    await writeFile(path, text);
    const { code, message } = await failure(dir);
    expect(code).toBe('HISTOGRAM_CORRUPT');
    expect(message).toContain(`${path} is not an HdrHistogram V2 histogram`);
  }
  await writeFile(path, whole);
  await edit(join(dir, first, 'get-c1', 'result.json'), (json) => {
    json.operations[0].hits = 4;
  });
  const { code, message } = await failure(dir);
  expect(code).toBe('HISTOGRAM_CORRUPT');
  expect(message).toContain(`${path} holds 3 values where result.json counts 4 hits`);
});

test('a failed measurement needs no files', async () => {
  const whole = manifest();
  const dir = await writeRun(
    run({
      manifest: { ...whole, systems: [system('redis')] },
      measured: (_system, { operation }) => (operation === 'set' ? null : { latencies_ns: [1000] }),
    }),
  );
  const { trials } = await readRun(dir);
  expect(trials[0].measurements.map(({ recording }) => recording === null)).toEqual([true, false]);
});

test('a run folder that cannot be written into', async () => {
  const dir = await goodRun();
  await mkdir(join(dir, 'summary.json'));
  await expect(writeReport(dir, { reference: true })).rejects.toMatchObject({
    code: 'FILE_NOT_WRITTEN',
    message: expect.stringContaining(join(dir, 'summary.json')),
  });
});

test('slices beside a result, and damaged ones, which name the file and the remedy', async () => {
  const whole = manifest();
  const dir = await writeRun(
    run({
      manifest: {
        ...whole,
        systems: [system('redis')],
        plan: { ...whole.plan, measurements: [target('get')] },
      },
      measured: () => ({
        ...sliced([110, 112, 111], { latencyOf: () => 20_000 }),
        stages: { client_libos_send: 1 },
      }),
    }),
  );
  const [{ measurements }] = (await readRun(dir)).trials;
  expect(measurements[0].recording!.slices!.probes.map(({ median_ns }) => median_ns)).toEqual([
    110, 112, 111,
  ]);
  expect(measurements[0].stamped!.slices!.slices).toHaveLength(2);
  const path = join(dir, first, 'get-c1', 'slices.json.gz');
  const packed = await readFile(path);
  for (const bytes of [packed.subarray(0, 40), Buffer.from('not packed')]) {
    await writeFile(path, bytes);
    const { code, message } = await failure(dir);
    expect(code).toBe('SLICES_UNREADABLE');
    expect(message).toMatch(
      /get-c1\/slices\.json\.gz is not what this version writes \(.*\); remove it to report without the distances of its cores$/,
    );
  }
});
