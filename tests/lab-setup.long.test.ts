/** `bypassbench lab setup` of a host that has nothing, with this checkout itself, and `lab check` of it then. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRig } from './lab-check-command.ts';
import { LabRig, mayMakeLab } from './lab-rig.ts';
import { root } from './source-tree.ts';

describe.runIf(mayMakeLab())('lab setup (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig?.close());

  it('brings this checkout, builds it there, and its agent answers', () => {
    const folder = path.join(rig.folder, 'client1', 'brought here');
    // A host of the rig reaches no registry: the npm packages are those of this checkout.
    mkdirSync(folder);
    expect(spawnSync('git', ['init', '--quiet', folder]).status).toBe(0);
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    const { env } = rig.hosts.client1.access();
    const file = path.join(rig.folder, 'setup.yaml');
    writeFileSync(file, JSON.stringify({ lab: 'rig', hosts: { client1: { folder, env } } }));
    const setUp = () =>
      spawnSync(path.join(root, 'bin/bypassbench'), ['lab', 'setup', '--lab', file, '--all'], {
        encoding: 'utf8',
      });

    const first = setUp();
    expect(first.stdout).toMatch(/client1: commit \w{12} is brought to .*brought here/);
    expect(first.stdout).toMatch(/client1: setup: (compiled|built|.*libfabric)/);
    expect(first.stdout).toMatch(/client1: ready/);
    expect(first.status).toBe(0);

    const second = setUp();
    expect(second.stdout).toMatch(/client1: is at commit \w{12}/);
    expect(second.stdout).not.toContain('setup: ');
    expect(second.status).toBe(0);

    const { report } = checkRig(rig, { client1: { folder } });
    expect(report.missing).toEqual([]);
    expect(report.hosts[0]?.software.commit).toMatch(/^\w{40}$/);
  });
});
