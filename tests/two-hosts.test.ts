/**
 * docs/two-hosts.md, from the lab file to the figure: its commands, as a reader types them, between two hosts of a rig
 * that have the checkout already. What is put in the place of a reader's names is in two-hosts-commands.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFormat, trialFormat } from '../results/formats/index.ts';
import { CHECKOUT, LabRig, mayMakeLab } from './lab-rig.ts';
import { root } from './source-tree.ts';
import { commandsOfTwoHosts, substituted } from './two-hosts-commands.ts';

describe('docs/two-hosts.md', () => {
  it('takes ten commands', () => {
    expect(commandsOfTwoHosts()).toHaveLength(10);
  });
});

describe.runIf(mayMakeLab())('docs/two-hosts.md (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  let here: string;
  beforeAll(async () => {
    rig = await LabRig.make();
    // A checkout that a reader has cloned and set up: its own folder, and this one's programs.
    here = path.join(rig.folder, 'bypassbench');
    mkdirSync(here);
    symlinkSync(path.join(root, 'bin'), path.join(here, 'bin'));
  });
  afterAll(() => rig?.close());

  it('leads to the figure', () => {
    const [install, , , look, write, ...others] = commandsOfTwoHosts().map((command) =>
      substituted(command, rig, CHECKOUT),
    );
    const run = (command = ''): string =>
      execFileSync('sh', ['-ec', command], { cwd: here, encoding: 'utf8', stdio: 'pipe' });
    expect(run(install)).toMatch(/git\n.*gcc\n.*node\n.*npm\n.*git\n.*gcc\n.*node\n.*npm\n/);
    expect(run(look)).toMatch(/lan0\S* +UP +10\.78\.0\.1\/24[\s\S]*CPU CORE[\s\S]*10\.78\.0\.2\/24/);
    run(write);
    const [setUp, check, tune, measure, plot] = others;
    expect(run(setUp)).toMatch(/server0: ready[\s\S]*client0: ready|client0: ready[\s\S]*server0: ready/);
    // It ends with 1 where something is lacking, such as iperf3.
    expect(run(`${check} || test $? = 1`)).toMatch(/server0[\s\S]*client0/);
    expect(run(tune)).toContain('governor');
    run(`${measure} || test $? = 1`);
    const folder = path.join(here, 'runs/two-hosts');
    const manifest = manifestFormat.read(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
    const names = ['redis', 'redis-nic-af-packet', 'kv-nic-rdma'];
    expect(manifest.systems.map(({ name }) => name)).toEqual(names);
    const trials = readdirSync(path.join(folder, 'trials')).map((name) =>
      trialFormat.read(readFileSync(path.join(folder, 'trials', name, 'trial.json'), 'utf8')),
    );
    expect(trials.map(({ subject, reason }) => [subject, reason]).sort()).toEqual(
      names.map((name) => [name, null]).sort(),
    );
    run(plot);
    const drawn = readFileSync(path.join(folder, 'plots/figure.svg'), 'utf8');
    for (const text of ['RDMA', 'DPDK', 'kvserver']) expect(drawn).toContain(text);
    expect(readFileSync(path.join(folder, 'plots/figure.png')).subarray(1, 4).toString()).toBe('PNG');
  });
});
