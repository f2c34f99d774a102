/** `launcher: srun` over a real Slurm of three nodes, on this machine. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inAllocation, maySlurm } from './slurm-rig.ts';
import { root } from './source-tree.ts';

describe.runIf(maySlurm())('hosts over srun (takes root, and Slurm, which this unpacks)', () => {
  it('are reached, lost, told of, set up and measured as those over ssh are', () => {
    const { status, output } = inAllocation(process.execPath, path.join(root, 'tests/lab-slurm-steps.ts'));
    expect(output).toContain('each agent runs on its node');
    expect(output).toContain('a checkout is brought and set up');
    expect(output).toContain('an experiment runs, its server on one node and its load generator on another');
    expect(status).toBe(0);
  });
});
