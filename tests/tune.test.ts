/** `bypassbench tune`: on machines of files, on this one as a user starts it, and on a host over real OpenSSH. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import { readNics } from '../experiments/machine/nics.ts';
import { applySettings, restoreSettings } from '../experiments/tune/apply.ts';
import { readMachine } from '../experiments/tune/found.ts';
import { planOf } from '../experiments/tune/plan.ts';
import { settingNames, type Tuned, type TunedSetting, tuned } from '../experiments/tune/settings.ts';
import { makeMachine, metal, valuesIn } from '../experiments/tune/test-machine.ts';
import { CHECKOUT, INTERFACE, LabRig, mayMakeLab, PREFIX_BITS } from './lab-rig.ts';
import { root } from './source-tree.ts';
import { whole } from './whole-runs.ts';

const RECORD = 'run/bypassbench/tune.json';

test('what is set however often, and for whatever, is as it was first after it is set back', async () => {
  const cores = fc.uniqueArray(fc.nat(3), { maxLength: 3 });
  const only = fc.option(fc.subarray([...settingNames], { minLength: 1 }));
  const step = fc.record({ cores, only, count: fc.integer({ min: 1, max: 99 }) });
  const steps = fc.array(step, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ steps, first: only }),
      whole(async (all) => {
        const machine = makeMachine();
        for (const { count, ...wanted } of all.steps) {
          const wishes = { ...wanted, interfaces: [], hugepages: { size: '2M' as const, count } };
          await applySettings(planOf(await readMachine([], machine), wishes), machine);
        }
        for (const part of [all.first, null]) {
          await restoreSettings(part, machine).catch((error) => {
            expect(error).toMatchObject({ code: 'TUNE_NOT_APPLIED' });
          });
        }
        expect(valuesIn(machine)).toEqual(metal);
        expect(existsSync(path.join(machine, RECORD))).toBe(false);
      }),
    ),
    { numRuns: 20 },
  );
});

const PAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';
const pages = (): number => (existsSync(PAGES) ? Number(readFileSync(PAGES, 'utf8')) : 0);

const TAP = 'bbtune0';

/** Root, ethtool, and a device whose interrupts Linux delays in software: by a number of frames, and by no time. */
function mayMakeTap(): boolean {
  const made =
    spawnSync('ip', ['tuntap', 'add', 'dev', TAP, 'mode', 'tap'], { stdio: 'ignore' }).status === 0;
  const isAsked = made && spawnSync('ethtool', ['-c', TAP], { stdio: 'ignore' }).status === 0;
  if (made) spawnSync('ip', ['link', 'del', TAP], { stdio: 'ignore' });
  return isAsked;
}

test.runIf(mayMakeTap())('coalescing is set and read back by ethtool (takes root, and a tap)', async () => {
  execFileSync('ip', ['tuntap', 'add', 'dev', TAP, 'mode', 'tap']);
  onTestFinished(() => void spawnSync('ip', ['link', 'del', TAP]));
  const machine = makeMachine();
  const [setting] = planOf(await readMachine([], machine), {
    cores: [],
    interfaces: [],
    hugepages: null,
    only: null,
  });
  const of = (was: Record<string, string>, value: Record<string, string>): TunedSetting => ({
    ...(setting as TunedSetting),
    ...{ name: 'coalescing', changes: [{ kind: 'coalescing', interface: TAP, was, value }] },
  });
  const rxFrames = async (): Promise<string | undefined> => {
    const [tap] = await readNics({ addresses: [], interfaces: [TAP], pci: [], rdma_devices: [] });
    return tap?.coalescing?.['rx-frames'];
  };
  const before = await rxFrames();
  const set = of({ 'rx-frames': String(before) }, { 'rx-frames': '16' });
  expect(await applySettings([set], machine)).toEqual([{ name: 'coalescing', done: 1, failed: [] }]);
  expect(await rxFrames()).toBe('16');
  await restoreSettings(null, machine);
  expect(await rxFrames()).toBe(before);
  const [refused] = await applySettings([of({ 'rx-usecs': '8' }, { 'rx-usecs': '0' })], machine);
  expect(refused).toMatchObject({
    done: 0,
    failed: [expect.stringMatching(`^ethtool -C ${TAP} rx-usecs 0: `)],
  });
});

/** Root of a kernel with huge pages, where mounts can be hidden from others: the record is in /run. */
function maySetPages(): boolean {
  return existsSync(PAGES) && spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
}

describe.runIf(maySetPages())('this machine (takes root, and huge pages)', () => {
  it('gets a huge page more, and is as it was after that', () => {
    const before = pages();
    onTestFinished(() => writeFileSync(PAGES, String(before)));
    const tune = (words: string): string =>
      `"$1" tune --only hugepages --hugepages ${before + 1} ${words} && cat ${PAGES} >&2`;
    const script = [
      'mkdir -p /run/bypassbench && mount -t tmpfs tmpfs /run/bypassbench',
      tune('--apply'),
      tune('--restore'),
      'test ! -e /run/bypassbench/tune.json',
      '"$1" tune --restore',
    ].join(' && ');
    const words = ['--mount', 'sh', '-c', script, 'sh', path.join(root, 'bin/bypassbench')];
    const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8' });
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      String(before + 1),
      String(before),
      'bypassbench: nothing of that is set by `bypassbench tune --apply` there',
    ]);
    expect(status).toBe(1);
    expect(stdout).toContain('hugepages: 1 change made and read back');
    expect(stdout).toContain(`echo ${before + 1} >${PAGES}`);
  });

  it('is not touched by who is not root', () => {
    const command = [path.join(root, 'bin/bypassbench'), 'tune', '--only', 'thp', '--apply'];
    const ran = spawnSync('setpriv', ['--reuid', '65534', '--', ...command], { encoding: 'utf8' });
    expect(ran.stderr).toContain('only root may set these: nothing was changed');
    expect(ran.status).toBe(1);
  });
});

describe.runIf(mayMakeLab() && maySetPages())(
  'a host of a lab (takes root, and an sshd that set-up unpacks)',
  () => {
    let rig: LabRig;
    beforeAll(async () => {
      rig = await LabRig.make();
    });
    afterAll(() => rig?.close());

    function tune(host: string, ...words: string[]): { found: Tuned; stderr: string } {
      const lab = path.join(rig.folder, 'tune.yaml');
      const { server0: there } = rig.hosts;
      const networks = { lan: { address: `${there.address}/${PREFIX_BITS}`, interface: INTERFACE } };
      const { env } = there.access();
      const server0 = {
        folder: CHECKOUT,
        networks,
        server_cores: [0],
        hugepages: { count: pages() + 1 },
        env,
      };
      writeFileSync(lab, JSON.stringify({ lab: 'rig', hosts: { server0 } }));
      const command = ['tune', host, '--lab', lab, '--json', ...words];
      const ran = spawnSync(path.join(root, 'bin/bypassbench'), command, { encoding: 'utf8' });
      const isFound = ran.stdout.startsWith('{');
      return { found: isFound ? tuned.parse(JSON.parse(ran.stdout)) : (null as never), stderr: ran.stderr };
    }

    it('is looked at, set and set back from here, by what the lab file says of it', () => {
      const before = pages();
      onTestFinished(() => writeFileSync(PAGES, String(before)));
      const { found } = tune('server0');
      const coalescing = found.settings.find(({ name }) => name === 'coalescing');
      // A veth delays no interrupt.
      expect(coalescing?.note).toMatch(
        new RegExp(`^${INTERFACE}: (its driver does not tell|ethtool is not)`),
      );
      expect(found.settings.find(({ name }) => name === 'interrupts')?.now).toMatch(/may come to cores 0$/);
      expect(found).toMatchObject({ outcomes: null, applied_at: null });

      const set = tune('server0', '--only', 'hugepages', '--apply');
      expect(set.found.outcomes).toEqual([{ name: 'hugepages', done: 1, failed: [] }]);
      expect(pages()).toBe(before + 1);
      const back = tune('server0', '--restore');
      expect(back.found.outcomes).toEqual([{ name: 'hugepages', done: 1, failed: [] }]);
      expect(pages()).toBe(before);
      expect(tune('server0', '--restore').stderr).toContain('host server0: nothing of that is set');
      expect(tune('nobody').stderr).toContain('lab rig has no host nobody; it has server0');
    });
  },
);
