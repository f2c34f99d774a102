/** `bypassbench lab check` of some hosts of a rig. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LabReport } from '../experiments/lab-check/lab-check.ts';
import { CHECKOUT, INTERFACE, type LabRig, PREFIX_BITS, type RigHostName } from './lab-rig.ts';
import { root } from './source-tree.ts';

export interface RigCheck {
  status: number | null;
  stderr: string;
  report: LabReport;
}

/** `given`: of each host that is checked what a lab file says otherwise than the rig. */
export function checkRig(
  rig: LabRig,
  given: Partial<Record<RigHostName, object>>,
  ...words: string[]
): RigCheck {
  const hosts = Object.entries(given).map(([name, said]) => {
    const host = rig.hosts[name as RigHostName];
    const networks = { lan: { address: `${host.address}/${PREFIX_BITS}`, interface: INTERFACE } };
    return [name, { folder: CHECKOUT, networks, env: host.access().env, ...said }];
  });
  const file = path.join(rig.folder, 'lab.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ lab: 'rig', hosts: Object.fromEntries(hosts) }));
  const program = path.join(root, 'bin/bypassbench');
  const command = ['lab', 'check', ...words, '--lab', file, '--json'];
  const { status, stdout, stderr } = spawnSync(program, command, { encoding: 'utf8' });
  return { status, stderr, report: JSON.parse(stdout || 'null') };
}
