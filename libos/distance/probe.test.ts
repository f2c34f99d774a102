import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { currentCores, pinThread } from '../affinity.ts';
import { bindDistance } from './glue.ts';
import { DistanceProbe } from './probe.ts';
import type { CallerReport } from './test-caller.ts';

const [here, there] = currentCores();
const mayBeRealTime = spawnSync('chrt', ['-f', '2', 'true']).status === 0;

/** Nothing between two cores of a machine is nearer than an access to a cache, or further than this. */
const LEAST_NS = 5;
const MOST_NS = 20_000;

const threads = () => readdirSync('/proc/self/task').length;
const medianOf = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];

const open: DistanceProbe[] = [];
function probeOf(core: number): DistanceProbe {
  const probe = DistanceProbe.open(core);
  open.push(probe);
  return probe;
}
const spinning: ChildProcess[] = [];

/** Takes all of a core's time, and with `pauseMs` gives it back for so long each `spinMs`. */
async function spin(core: number, { spinMs = 1e6, pauseMs = 0 }): Promise<void> {
  const program = `
    const word = new Int32Array(new SharedArrayBuffer(4));
    process.send('spinning');
    setTimeout(() => {
      for (const endMs = performance.now() + 20_000; performance.now() < endMs; ) {
        const untilMs = performance.now() + ${spinMs};
        while (performance.now() < untilMs && performance.now() < endMs);
        Atomics.wait(word, 0, 0, ${pauseMs});
      }
      process.exit();
    }, 20);`;
  const words = ['-c', `${core}`, 'chrt', '-f', '50', process.execPath, '-e', program];
  const child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  spinning.push(child);
  await new Promise((resolve) => child.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
}

/** A process that reads for so long. */
function callFor(ms: number, launcher: string[] = []): Promise<CallerReport> {
  const program = join(import.meta.dirname, 'test-caller.ts');
  const [command, ...words] = [...launcher, process.execPath, program, `${here}`, `${there}`, `${ms}`];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  return new Promise((resolve) => child.once('close', () => resolve(JSON.parse(printed))));
}

async function endSpinning(): Promise<void> {
  for (const child of spinning.splice(0)) {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}

afterEach(async () => {
  for (const probe of open.splice(0)) probe.close();
  await endSpinning();
});

describe.runIf(there !== undefined)('the probe', () => {
  // This file has a process of its own.
  pinThread(here);

  it('reads many times in a row, and nothing but distances', () => {
    const probe = probeOf(there);
    expect(probe.helper).toBe(mayBeRealTime ? 'real_time' : 'ordinary');
    let read = 0;
    for (let call = 0; call < 2000; call++) {
      if (!probe.measure()) continue;
      read++;
      const [median, min, waited] = probe.reading;
      // Without a call of expect for each reading.
      if (min > LEAST_NS && median >= min && median < MOST_NS && waited > 0) continue;
      throw new Error(`median ${median} ns, min ${min} ns, waited ${waited} ns`);
    }
    expect(read).toBeGreaterThan(1000);
    expect(probe.helperNs()).toBeGreaterThan(0);
  });

  it('has two helpers in one process, on one core too', () => {
    const [first, second] = [probeOf(there), probeOf(there)];
    const read = [0, 0];
    for (let call = 0; call < 500; call++) {
      if (first.measure()) read[0]++;
      if (second.measure()) read[1]++;
    }
    expect(Math.min(...read)).toBeGreaterThan(250);
    first.close();
    expect(() => first.measure()).toThrow('closed');
    expect(Array.from({ length: 100 }, () => second.measure())).toContain(true);
  });

  it('ends its helper while that sleeps, was never called, or twice', async () => {
    const before = threads();
    const called = probeOf(there);
    const uncalled = probeOf(there);
    called.measure();
    expect(threads()).toBe(before + 2);
    called.close();
    called.close();
    uncalled.close();
    expect(threads()).toBe(before);
  });

  it('reads nothing from the core that it is on', () => {
    const probe = probeOf(here);
    const beforeMs = performance.now();
    expect(probe.measure()).toBe(false);
    expect(performance.now() - beforeMs).toBeLessThan(1000);
    expect([...probe.reading]).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([-1, 1.5, 1000, 5000])('refuses core %d', (core) => {
    const before = threads();
    expect(() => DistanceProbe.open(core)).toThrow(`core ${core} is not one that this process may run on`);
    expect(threads()).toBe(before);
  });
});

describe.runIf(there !== undefined && mayBeRealTime)('a helper', () => {
  it('that never gets its core is not waited for, neither at a reading nor at the end', async () => {
    const before = threads();
    const probe = probeOf(there);
    expect(Array.from({ length: 50 }, () => probe.measure())).toContain(true);
    const read = [...probe.reading];
    await spin(there, {});
    const hadNs = probe.helperNs();
    const beforeMs = performance.now();
    expect(Array.from({ length: 5 }, () => probe.measure())).toEqual(Array(5).fill(false));
    expect(performance.now() - beforeMs).toBeGreaterThan(5 * 20);
    expect([...probe.reading]).toEqual(read);
    expect(probe.helperNs() - hadNs).toBe(0);
    probe.close();
    expect(threads()).toBe(before);
  });

  it('that comes late finds that it is not waited for any more, and the next reading is right', async () => {
    const probe = probeOf(there);
    await spin(there, {});
    expect(probe.measure()).toBe(false);
    await endSpinning();
    const read = Array.from({ length: 50 }, () => probe.measure());
    expect(read).toContain(true);
    expect(probe.reading[0]).toBeLessThan(MOST_NS);
  });

  it('that is taken off its core in the middle makes no reading, and the rest stays right', async () => {
    await spin(there, { spinMs: 5, pauseMs: 1 });
    const report = await callFor(1000, ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice']);
    expect(report.helper).toBe('ordinary');
    expect(report.failed).toBeGreaterThan(0);
    expect(report.read).toBeGreaterThan(0);
    expect(medianOf(report.median_ns)).toBeLessThan(MOST_NS);
  });

  it('whose caller is taken off its core gives its own back', async () => {
    await spin(here, { spinMs: 20, pauseMs: 5 });
    const report = await callFor(1000);
    expect(report.helper).toBe('real_time');
    expect(report.failed).toBeGreaterThan(0);
    expect(report.read).toBeGreaterThan(0);
    // A call that is cut off by the caller's absence costs a millisecond, not the 20 of the absence.
    expect(report.longest_hold_ns).toBeGreaterThan(0.9e6);
    expect(report.longest_hold_ns).toBeLessThan(5e6);
  });
});

describe.runIf(there !== undefined && process.arch === 'x64')('a counter of 25 MHz', () => {
  const folder = mkdtempSync(join(tmpdir(), 'distance-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives the same distance', () => {
    const file = join(folder, 'coarse.so');
    const source = join(import.meta.dirname, 'test-coarse-counter.c');
    const glue = join(import.meta.dirname, '..', 'native');
    const flags = ['-std=gnu11', '-O3', '-shared', '-fPIC', '-pthread', `-I${glue}`, '-DCOARSER=100'];
    execFileSync('gcc', [...flags, '-o', file, source]);
    const coarse = bindDistance(koffi.load(file));
    const reading = new Float64Array(5);
    const ofPairs = { median: [] as number[], min: [] as number[] };
    // Two helpers at one distance differ by their lines' addresses: several pairs do so in both directions.
    for (let pair = 0; pair < 9; pair++) {
      const helper = coarse.open(there, [false]);
      const fine = probeOf(there);
      const ratios = { median: [] as number[], min: [] as number[] };
      for (let call = 0; call < 100; call++) {
        // One behind the other, so that both are at one distance.
        if (!fine.measure() || !coarse.measure(helper, 20e6, reading)) continue;
        ratios.median.push(reading[0] / fine.reading[0]);
        ratios.min.push(reading[1] / fine.reading[1]);
      }
      coarse.close(helper);
      expect(ratios.median.length).toBeGreaterThan(10);
      ofPairs.median.push(medianOf(ratios.median));
      ofPairs.min.push(medianOf(ratios.min));
    }
    expect(medianOf(ofPairs.median)).toBeGreaterThan(0.97);
    expect(medianOf(ofPairs.median)).toBeLessThan(1.03);
    expect(medianOf(ofPairs.min)).toBeGreaterThan(0.9);
    expect(medianOf(ofPairs.min)).toBeLessThan(1.1);
  });
});
