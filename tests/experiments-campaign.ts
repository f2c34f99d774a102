/** What the tests of `bypassbench run` share: configs made of systems, runs of the real command, their records. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach } from 'vitest';
import { stringify } from 'yaml';
import { availableCores } from '../experiments/machine/machine.ts';
import {
  type Manifest,
  manifestFormat,
  type SlicesFile,
  type Summary,
  summaryFormat,
  type Trial,
  trialFormat,
  unpackSlices,
} from '../results/formats/index.ts';
import { stateOf } from '../results/index.ts';

export const bypassbench = path.join(import.meta.dirname, '..', 'bin', 'bypassbench');
const cores = availableCores();

/** Short enough for a test; its numbers mean nothing. */
export const tinyWorkload = {
  operations: ['set', 'get'],
  keys: 500,
  value_bytes: 64,
  warmup_s: 0.02,
  duration_s: 0.1,
  // For what must end. On a busy machine the longest part of a measurement is until it begins.
  margin_s: 100,
};

/** A system for a machine of any size. */
export function system(name: string, start: string[], rest: object = {}): object {
  return {
    name,
    label: name,
    backend: 'kernel',
    device: 'loopback',
    provenance: 'software_device',
    start,
    ready: { by: 'resp_ping', timeout_s: 5 },
    server_cores: [cores[0]],
    // One that spins would take a core from the server's start, and from other tests.
    client: { backend: 'kernel', idle: 'sleep', core: cores.at(-1) },
    share_cores: true,
    ...rest,
  };
}

export const redis = system(
  'redis',
  [
    'redis-server',
    '--bind',
    '{host}',
    '--port',
    '{port}',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    '{dir}',
  ],
  { version: ['redis-server', '--version'] },
);

/** Starts when its gate lets it: what a test does before happens before, however slow the machine is. */
export function gatedRedis(name: string): object {
  const { start, ...rest } = redis as { start: string[] };
  const pass = 'mkdir "$GATE/0" 2>/dev/null || until [ -e "$GATE/open" ]; do sleep 0.02; done';
  const ready = { by: 'resp_ping', timeout_s: 100 };
  return { ...rest, name, label: name, ready, start: ['sh', '-c', `${pass}; exec "$0" "$@"`, ...start] };
}

/** Of the servers of a run: closed, but for the first of them where `lets` is 1. */
export class Gate {
  readonly #folder: string;

  constructor(run: TestRun, lets: 0 | 1) {
    this.#folder = path.join(run.folder, 'gate');
    mkdirSync(lets === 0 ? path.join(this.#folder, '0') : this.#folder, { recursive: true });
  }

  /** For TestRun.startWith. */
  get env(): Record<string, string> {
    return { GATE: this.#folder };
  }

  open(): void {
    mkdirSync(path.join(this.#folder, 'open'));
  }
}

/** A program for a failing server: argument 1 is the host, 2 the port. */
export function nodeServer(program: string): string[] {
  return [process.execPath, '-e', `const [, host, port] = process.argv; ${program}`, '{host}', '{port}'];
}

/** Makes runs whose folders are removed after each test of the file that asks for this. */
export function testRuns(): (...config: ConstructorParameters<typeof TestRun>) => TestRun {
  const runs: TestRun[] = [];
  afterEach(() => {
    for (const run of runs.splice(0)) rmSync(run.folder, { recursive: true, force: true });
  });
  return (...config) => {
    const run = new TestRun(...config);
    mkdirSync(run.temp);
    runs.push(run);
    return run;
  };
}

/** A run in a folder of its own; `temp` is what it is given for temporary files. */
export class TestRun {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'experiments-test-'));
  readonly out = path.join(this.folder, 'out');
  readonly temp = path.join(this.folder, 'temp');
  readonly config = path.join(this.folder, 'config.yaml');

  constructor(config: {
    experiment?: string;
    trials?: number;
    workload?: object;
    sweep?: object;
    systems: object[];
    floors?: object[];
    stages?: object;
    calibration?: object;
    repeat?: string;
    reference?: string;
    distance?: object;
    quick?: object;
    wire?: string;
  }) {
    writeFileSync(
      this.config,
      stringify({
        experiment: 'test',
        title: 'A test',
        trials: 1,
        workload: tinyWorkload,
        distance: { extend_s: 0 },
        ...config,
      }),
    );
  }

  start(...options: string[]) {
    return this.startWith({}, ...options);
  }

  /** With more variables in its environment. */
  startWith(env: Record<string, string>, ...options: string[]) {
    return execa(bypassbench, ['run', this.config, '--out', this.out, ...options], {
      reject: false,
      env: { TMPDIR: this.temp, ...env },
    });
  }

  /**
   * What a run in which no trial failed must exit with: whether its points are valid is a matter of what else
   * runs on this machine, such as other tests, and one that is not makes the exit code 1.
   */
  exitCodeOfPoints(): 0 | 1 {
    const { points, floors } = this.summary();
    return [...points, ...floors].some((point) => stateOf(point) === 'invalid') ? 1 : 0;
  }

  manifest(): Manifest {
    return manifestFormat.read(readFileSync(path.join(this.out, 'manifest.json'), 'utf8'));
  }

  summary(): Summary {
    return summaryFormat.read(readFileSync(path.join(this.out, 'summary.json'), 'utf8'));
  }

  /** Of a measurement of a trial, from 1. */
  slices(trial: number, measurement: string): SlicesFile {
    const file = path.join(this.trialFolders()[trial - 1], measurement, 'slices.json.gz');
    return unpackSlices(readFileSync(file));
  }

  trials(): Trial[] {
    return this.trialFolders().map((folder) =>
      trialFormat.read(readFileSync(path.join(folder, 'trial.json'), 'utf8')),
    );
  }

  trialFolders(): string[] {
    const trials = path.join(this.out, 'trials');
    return readdirSync(trials)
      .sort()
      .map((name) => path.join(trials, name));
  }
}

/** Waits for something that a run does; fails where the run ends without it. */
export async function until(subprocess: ReturnType<TestRun['start']>, isDone: () => boolean): Promise<void> {
  let ended = false;
  void subprocess.then(() => {
    ended = true;
  });
  while (!isDone()) {
    if (ended) throw new Error(`the run ended first: ${(await subprocess).stderr}`);
    await sleep(20);
  }
}
