/** What `bypassbench lab check` measures between hosts, over real OpenSSH, with real ping and iperf3. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkRig } from './lab-check-command.ts';
import { INTERFACE, LabRig, mayMakeLab } from './lab-rig.ts';

describe.runIf(mayMakeLab())('lab check (takes root, and an sshd that set-up unpacks)', () => {
  let rig: LabRig;
  beforeAll(async () => {
    rig = await LabRig.make();
  });
  afterAll(() => rig?.close());

  it('measures each two hosts of a network', () => {
    const { status, report } = checkRig(rig, { server0: {}, client0: {}, client1: {} });
    const names = report.pairs.map(({ network, from, to }) => [network, from, to]);
    expect(names).toEqual([
      ['lan', 'server0', 'client0'],
      ['lan', 'server0', 'client1'],
      ['lan', 'client0', 'client1'],
    ]);
    for (const { ping, to_bits_per_s, from_bits_per_s, lacks } of report.pairs) {
      expect(ping).toMatchObject({ loss: 0 });
      expect(ping!.min_us).toBeGreaterThan(0);
      expect(ping!.avg_us).toBeGreaterThanOrEqual(ping!.min_us);
      for (const rate of [to_bits_per_s, from_bits_per_s]) expect(rate).toBeGreaterThan(1e6);
      expect(lacks).toEqual([]);
    }
    expect(status).toBe(0);
  });

  it('tells of a network that is not there', () => {
    rig.hosts.client0.run('ip', 'addr', 'add', '10.79.0.2/24', 'dev', INTERFACE);
    const other = { networks: { other: { address: '10.79.0.2/24' } } };
    const nobody = { networks: { other: { address: '10.79.0.1/24' } } };
    const { status, report } = checkRig(rig, { client0: other, client1: nobody });
    expect(status).toBe(1);
    expect(report.hosts[1]?.lacks).toEqual([expect.stringContaining('no interface has 10.79.0.1')]);
    expect(report.pairs[0]).toMatchObject({ ping: null, to_bits_per_s: null });
    expect(report.pairs[0]?.lacks).toEqual([expect.stringContaining('no answer to ping')]);
  });
});
