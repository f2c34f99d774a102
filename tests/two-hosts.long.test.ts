/**
 * docs/two-hosts.md from the first command to the last: cloned, installed and built here and on two hosts that have no
 * checkout. These reach no registry, so npm takes there what it has just fetched here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabRig, mayMakeLab } from './lab-rig.ts';
import { commandsOfTwoHosts, substituted } from './two-hosts-commands.ts';

describe.runIf(mayMakeLab())('docs/two-hosts.md (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig?.close());

  it('leads from nothing to the figure', () => {
    const there = path.join(rig.folder, 'HOST', 'brought here');
    // Each ends with 0, but for these where something is lacking or doubted: iperf3, a busy machine.
    const mayDoubt = /^bin\/bypassbench (lab check|run) /;
    const commands = commandsOfTwoHosts()
      .map((command) => substituted(command, rig, there, { npm_config_offline: 'true' }))
      .map((command) => (mayDoubt.test(command) ? `${command} || test $? = 1` : command));
    // One shell, as a reader has, since the second command goes into the checkout.
    const script = commands.join('\n');
    const said = execFileSync('sh', ['-ec', script], { cwd: rig.folder, encoding: 'utf8', stdio: 'pipe' });
    for (const name of ['server0', 'client0']) {
      expect(said).toMatch(new RegExp(`${name}: commit \\w{12} is brought to`));
      expect(said).toMatch(new RegExp(`${name}: setup: .*npm packages`));
      expect(said).toContain(`${name}: ready`);
    }
    const plots = path.join(rig.folder, 'bypassbench/runs/two-hosts/plots');
    for (const file of ['figure.pdf', 'figure.svg', 'figure.png', 'figure.tex']) {
      expect(existsSync(path.join(plots, file))).toBe(true);
    }
  });
});
