/** `bypassbench distance`: what it prints, for people and as JSON, and what it refuses. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { command } from '../experiments/commands/distance.ts';
import { availableCores } from '../experiments/machine/machine.ts';
import { refusal } from './refusal.ts';

const program = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const bypassbench = (...words: string[]) => execa(program, ['distance', ...words], { reject: false });
const [first, second] = availableCores();
const mayBeRealTime = spawnSync('chrt', ['-f', '2', 'true']).status === 0;
const threadsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim(),
  );

describe.runIf(second !== undefined)('distance', () => {
  it('draws the distance over time, and says what states there are', async () => {
    const { stdout, stderr, exitCode } = await bypassbench('--seconds', '0.5');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^cores ${first} and ${second}: by sysfs `));
    expect(stdout).toMatch(/core \d+ to core \d+ and back; \d+ readings/);
    expect(stdout.split('\n').filter((line) => /^ *[\d.]* [│┤]/.test(line))).toHaveLength(12);
    expect(stdout).toMatch(/[\u2801-\u28ff]/);
    expect(stdout).toMatch(/(only|near) +│? +\d+/);
    for (const core of [first, second]) {
      expect(stdout).toMatch(new RegExp(`^core ${core}: alone.* a fixed piece of work takes \\d+ ns`, 'm'));
    }
    expect(stdout).toMatch(/A reading costs core \d+ \d+\.\d us\. The helper comes after \d+\.\d us/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  it('prints JSON', async () => {
    const { stdout, exitCode } = await bypassbench(
      '--json',
      '--seconds',
      '0.3',
      '--cores',
      `${second},${first}`,
    );
    expect(exitCode).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ cores: [second, first], topology: { relation: expect.any(String) } });
    expect(found.median_ns).toHaveLength(found.at_s.length);
    const shares = found.states.map(({ share }: { share: number }) => share);
    const sum = shares.reduce((total: number, share: number) => total + share, 0);
    expect(sum).toBeGreaterThan(0.5);
    expect(sum).toBeLessThanOrEqual(1.0001);
    expect(found.work).toMatchObject([{ core: second }, { core: first }]);
    for (const { alone_ns, shared_share } of found.work) {
      expect(alone_ns).toBeGreaterThan(0);
      expect(shared_share).toBeLessThanOrEqual(1);
    }
    expect(found.server_work_ns).toHaveLength(found.at_s.length);
    for (const { stays } of found.states) {
      expect(stays.longest_s).toBeGreaterThanOrEqual(stays.median_s);
      expect(stays.longest_s).toBeLessThanOrEqual(0.4);
    }
  });

  it('shows what it has when it is interrupted', async () => {
    const child = spawn(program, ['distance', '--seconds', '600', '--json']);
    let printed = '';
    child.stdout.on('data', (text) => {
      printed += text;
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    await expect.poll(() => threadsOf(child.pid!), { timeout: 120_000 }).toContain('distance');
    await setTimeout(200);
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(JSON.parse(printed).at_s.length).toBeGreaterThan(0);
  });

  it('refuses a core that is not there', async () => {
    const { stdout, stderr, exitCode } = await bypassbench('--cores', `${first},1000`);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toContain('core 1000 is not there, or not online: see nproc and lscpu');
  });

  it.each([
    [['--cores', `${first},${first}`], `core ${first} has no distance to itself: name two cores`],
    [['--cores', `${first}`], 'It must be two cores, such as 0,1.'],
    [['--seconds', '0'], 'It must be a number from 0.1 to 3,600'],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), ...words)).toContain(message);
  });

  it.runIf(mayBeRealTime)('says so where the helper never gets its core', async () => {
    // It ends by itself, as nothing else of this priority would get the core to end it.
    const spin = `require('fs').writeSync(1, 'spinning');
      for (const endMs = performance.now() + 20_000; performance.now() < endMs; );`;
    const words = ['-f', '50', 'taskset', '-c', `${second}`, process.execPath, '-e', spin];
    const spinning = spawn('chrt', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => spinning.once('close', resolve));
    await once(spinning.stdout, 'data');
    const { stdout, stderr, exitCode } = await bypassbench('--seconds', '0.5');
    spinning.kill('SIGKILL');
    await ended;
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toContain(`core ${second} gave the helper no time in 0.5 s: something takes all of it`);
  });

  it('says that one core has no distance', async () => {
    const { stderr, exitCode } = await execa('taskset', ['-c', `${first}`, program, 'distance'], {
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`this process may run on core ${first} only`);
  });
});
