/** The calibration, as a user runs it. How near it comes to the truth is in timing/generator.timing.test.ts. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { command } from '../loadgen/calibrate/command.ts';
import { type Calibration, calibrationFormat } from '../results/formats/index.ts';
import { calibrated } from './calibrated.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const run = promisify(execFile);

let folder: string;
let stdout: string;
let calibration: Calibration;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bypassbench-calibrate-'));
  ({ stdout } = await run(bypassbench, ['calibrate', '--duration-s', '0.05', '--out', folder]));
  calibration = calibrationFormat.read(await readFile(join(folder, 'calibration.json'), 'utf8'));
});

afterAll(() => rm(folder, { recursive: true }));

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const names = readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(join(folder, fd));
    } catch {
      return 'closed meanwhile';
    }
  });
  return names.filter((name) => name.startsWith('socket:')).length;
}

const delay = (askedUs: number) => calibration.delays.find(({ asked_us }) => asked_us === askedUs)!;
const paused = (wanted: 'closed' | 'open') => calibration.pauses.find(({ loop }) => loop === wanted)!;

describe('bypassbench calibrate', () => {
  it('writes what results reads, and a table of the same', () => {
    expect(calibration).toMatchObject({ backend: 'kernel', core: 1, server_core: 0, duration_s: 0.05 });
    expect(calibration.delays.map(({ asked_us }) => asked_us)).toEqual([0, 5, 10, 20, 50, 100, 200]);
    expect(stdout).toContain(`floor over kernel: p50 ${calibration.floor_us.p50.toFixed(2)} us`);
    expect(stdout).toContain(delay(200).error_us.toFixed(2));
    expect(stdout).toMatch(/closed +\d+ +\d+ \/ \d .*\nopen, 5000\/s +\d+ +\d+ \/ \d+ /);
  });

  it('has a floor that is more than nothing, and no latency that is less than its delay', () => {
    const { p50, p99 } = calibration.floor_us;
    // Two system calls on each side take longer than this.
    expect(p50).toBeGreaterThan(1);
    expect(p99).toBeGreaterThanOrEqual(p50);
    for (const { injected_us, p50_us, requests } of calibration.delays) {
      expect(requests).toBeGreaterThan(0);
      expect(p50_us).toBeGreaterThan(injected_us);
    }
  });

  it('says how far each delay is off, in microseconds and in per cent of it', () => {
    for (const { asked_us, injected_us, measured_us, error_us, error_percent } of calibration.delays) {
      expect(injected_us).toBeGreaterThanOrEqual(asked_us);
      expect(error_us).toBeCloseTo(measured_us - injected_us, 6);
      if (asked_us > 0) expect(error_percent).toBeCloseTo((100 * error_us) / injected_us, 6);
    }
  });

  it('says what a pause must do to either loop, by arithmetic', () => {
    const [closed, open] = [paused('closed'), paused('open')];
    // There is one period, but on a busy machine a server may come too late for it, or a client end too late.
    for (const { pauses, max_us } of [closed, open]) {
      if (pauses > 0) expect(max_us.expected).toBeGreaterThanOrEqual(5000);
    }
    expect(open.requests).toBe(1000);
    expect(open.delayed.expected).toBeGreaterThanOrEqual(22.5 * open.pauses);
    expect(closed.delayed.expected).toBe(closed.pauses);
  });

  // Over the others: loadgen-calibrate.long.test.ts.
  it('measures over a device of its own as well', async () => {
    const { backend, delays } = await calibrated('dpdk', join(folder, 'dpdk'));
    expect(backend).toBe('dpdk');
    for (const { injected_us, p50_us } of delays) expect(p50_us).toBeGreaterThan(injected_us);
  });

  it('stops on SIGINT with exit code 130, and leaves nothing where its shared memory was chosen to be', async () => {
    const chosen = await mkdtemp('/dev/shm/calibrate-test-');
    onTestFinished(() => rm(chosen, { recursive: true, force: true }));
    const child = spawn(bypassbench, ['calibrate', '--duration-s', '30'], {
      stdio: 'pipe',
      env: { ...process.env, TMPDIR: chosen },
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    // Beside three for its standard streams and one to the null server's process, its end of the connection.
    while (socketsOf(child.pid!) < 5) await sleep(20);
    expect(readdirSync(chosen)).toHaveLength(1);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expect(said).toBe('');
    expect(readdirSync(chosen)).toEqual([]);
  });

  it('tells what is wrong and how to mend it', async () => {
    await expect(run(bypassbench, ['calibrate', '--core', '0'])).rejects.toMatchObject({
      code: 1,
      stderr:
        'bypassbench: --core and --server-core are both 0: both sides poll, so give each a core of its own\n',
    });
  });

  it.each([
    [['--duration-s', '0'], 'It must be a number from 0.001'],
    [['--backend', 'tcp'], "there is no backend 'tcp'; there is kernel"],
    [['-o', 'mtu=1'], 'the kernel backend takes no options: leave out mtu'],
    [['--core', '4000'], 'It must be a whole number from 0 to 1,023'],
    [['--core', '1023'], 'core 1023'],
    [['--server-core', '1023'], 'core 1023'],
    [['--out', bypassbench], 'cannot be a folder'],
    [['--schedule', '--out', tmpdir()], "option '--out <dir>' cannot be used with option '--schedule'"],
  ])('refuses %s', async (words, message) => {
    expect(await refusal(command(), ...words)).toContain(message);
  });
});
