/** `bypassbench doctor`, whose findings are the tries that it makes itself. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DoctorFinding } from '../libos/finding.ts';

const bin = join(import.meta.dirname, '..', 'bin', 'bypassbench.ts');
const root = process.getuid?.() === 0;

describe('doctor', () => {
  it('tries what it reports, says what to do, and leaves nothing', { timeout: 90_000 }, () => {
    const { stdout, status, pid } = spawnSync(process.execPath, [bin, 'doctor', '--json'], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    const findings = JSON.parse(stdout) as DoctorFinding[];
    const of = (what: string) => findings.find((finding) => finding.what === what);
    expect(of('Node')).toMatchObject({ works: true, remedy: null });
    const distance = of('distance')!;
    if (distance.works === false)
      expect(distance).toMatchObject({ found: expect.stringMatching(/^unknown: /) });
    else {
      const found = /takes \d+ ns now from core \d+ to core \d+ and back; by sysfs .*; the helper (has a|is)/;
      expect(distance.found).toMatch(found);
    }
    expect(of('DPDK')).toMatchObject({ works: true });
    expect(of('memif')).toMatchObject({
      works: true,
      found: expect.stringMatching(/2000 frames .* \d+\.\d us/),
    });
    for (const what of ['tap', 'af_packet', 'af_xdp']) {
      if (!root)
        expect(of(what)).toMatchObject({ works: false, found: 'needs root', remedy: expect.any(String) });
      else expect(of(what)?.found).not.toBe('');
    }
    expect(findings.some(({ what }) => what.startsWith('pci'))).toBe(true);
    expect(of('libfabric')).toMatchObject({ works: true });
    expect(of('provider shm')).toMatchObject({
      works: true,
      found: expect.stringContaining('4096 receives'),
    });
    expect(of('provider tcp;ofi_rxm')).toMatchObject({ works: true });
    for (const what of ['provider verbs;ofi_rxm', 'provider efa']) {
      const finding = of(what)!;
      if (!finding.works) expect(finding.remedy).toMatch(/RDMA NIC|EC2/);
    }
    expect(readdirSync('/dev/shm').filter((name) => name.includes(`-${pid}-`))).toEqual([]);
    for (const { works, found, remedy } of findings) {
      expect(found).not.toBe('');
      if (works) expect(remedy).toBeNull();
    }
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('bypassbench-doctor-'))).toEqual([]);
    expect(readdirSync('/sys/class/net').filter((name) => name.startsWith('bypass'))).toEqual([]);
  });
});
