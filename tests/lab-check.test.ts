/** `bypassbench lab check` as a user starts it, of hosts over real OpenSSH. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRig } from './lab-check-command.ts';
import { INTERFACE, LabRig, mayMakeLab } from './lab-rig.ts';

describe.runIf(mayMakeLab())('lab check (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig?.close());

  it('tells what a host is and lacks, and which one is not to be reached', () => {
    const { status, stderr, report } = checkRig(rig, {
      server0: { server_cores: [100_000] },
      client0: { ssh: 'refused' },
    });
    expect(stderr).toBe('');
    const [server, ...others] = report.hosts;
    expect(others).toEqual([]);
    expect(server?.software.version).toMatch(/^\d/);
    expect(server?.machine.programs).toEqual(['ping', 'iperf3']);
    expect(server?.machine.nics.map(({ name }) => name)).toEqual([INTERFACE]);
    expect(server?.doctor.map(({ what }) => what)).toContain('cores');
    const { offset_us, bound_us, drift_ppm, drift_bound_ppm } = server!.clock;
    expect(Math.abs(offset_us)).toBeLessThanOrEqual(bound_us);
    expect(Math.abs(drift_ppm!)).toBeLessThanOrEqual(drift_bound_ppm!);
    expect(server?.lacks).toEqual([expect.stringContaining('server_cores names core 100000')]);
    expect(report.missing).toMatchObject([{ name: 'client0', code: 'HOST_REFUSED' }]);
    expect(report.pairs).toEqual([]);
    expect(status).toBe(1);
    expect(rig.hosts.server0.processes()).toEqual([]);
  });
});
