import { describe, expect, it } from 'vitest';
import { missingRights } from './rights.ts';

const bit = (...numbers: number[]) => numbers.reduce((set, number) => set | (1n << BigInt(number)), 0n);
const statusWith = (effective: bigint) =>
  `Name:\tnode\nCapPrm:\tffffffffffffffff\nCapEff:\t${effective.toString(16).padStart(16, '0')}\nCapBnd:\tffffffffffffffff\n`;

describe('missing rights', () => {
  it('are none of root', () => {
    for (const device of ['tap', 'af_packet', 'af_xdp'] as const) {
      expect(missingRights(device, statusWith(bit(12, 13, 21, 39)))).toEqual([]);
    }
  });

  it('are all that a device needs of who has none', () => {
    const none = statusWith(0n);
    expect(missingRights('tap', none)).toEqual(['CAP_NET_ADMIN']);
    expect(missingRights('wire', statusWith(bit(12)))).toEqual(['CAP_SYS_ADMIN']);
    expect(missingRights('af_packet', none)).toEqual(['CAP_NET_RAW', 'CAP_NET_ADMIN']);
    expect(missingRights('af_xdp', none)).toEqual(['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_BPF']);
  });

  it('are those that root lacks in a container', () => {
    expect(missingRights('af_xdp', statusWith(bit(13)))).toEqual(['CAP_NET_ADMIN', 'CAP_BPF']);
    // Linux before 5.8 has no CAP_BPF.
    expect(missingRights('af_xdp', statusWith(bit(12, 13, 21)))).toEqual([]);
  });
});
