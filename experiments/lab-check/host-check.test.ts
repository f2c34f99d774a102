import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../agent/protocol.ts';
import type { LabHost, LabNetwork } from '../lab/lab.ts';
import { lacksOf } from './host-check.ts';

const machine: HostFacts = {
  ...{ cpu: 'x', governor: null, kernel: 'Linux 6', os: 'Debian', hypervisor: null, load_average_1m: 0 },
  ...{ virtual: false, memory_bytes: 1, core_count: 4 },
  cores: [0, 1, 2, 3, 6],
  knobs: [],
  nics: [],
  versions: {},
  clock_source: 'tsc',
  interfaces: { lo: ['127.0.0.1/8'], ens1f1: ['10.10.1.1/24', 'fe80::1/64'], ens2: ['192.168.0.4/16'] },
  hugepages: [{ size_kb: 2048, count: 512, free: 500 }],
  programs: ['ping', 'iperf3'],
  unbuilt: [],
};

const host = (given: Partial<LabHost>): LabHost => ({
  ...{ name: 'server0', launcher: 'ssh', node: null, folder: '~/b', env: {} },
  ssh: { host: 'node0', user: null, port: null, identity: null, jump: null },
  ...{ server_cores: null, client_cores: null, networks: [], hugepages: null, clock: 'none' },
  ...given,
});

const network: LabNetwork = {
  provenance: 'real_device',
  ...{ name: 'lan', address: '10.10.1.1', prefix_bits: 24, interface: 'ens1f1' },
  ...{ libos_address: null, pci: null, rdma: null, device: null },
};

describe('what a host lacks', () => {
  it('is nothing where all is as the lab file says', () => {
    const right = { server_cores: [2], client_cores: [6], hugepages: { size: '2M', count: 512 } as const };
    expect(lacksOf(host({ ...right, networks: [network] }), machine)).toEqual([]);
    expect(lacksOf(host({ networks: [{ ...network, interface: null }] }), machine)).toEqual([]);
  });

  it.each([
    ['a core', { server_cores: [3, 4, 5] }, /server_cores names core 4, 5, and it may use 0-3,6/],
    ['a core of a client', { client_cores: [9] }, /client_cores names core 9/],
    [
      'an address',
      { networks: [{ ...network, address: '10.10.1.9' }] },
      /ip addr add 10.10.1.9\/24 dev ens1f1/,
    ],
    ['an interface', { networks: [{ ...network, interface: 'ens2' }] }, /is on ens1f1, not on ens2/],
    [
      'hugepages',
      { hugepages: { size: '2M', count: 513 } as const },
      /512 of 513 hugepages of 2M; .*hugepages-2048kB/,
    ],
    ['hugepages of a size', { hugepages: { size: '1G', count: 1 } as const }, /0 of 1 .*hugepages-1048576kB/],
  ])('is told with its remedy: %s', (_what, given, told) => {
    expect(lacksOf(host(given), machine)).toEqual([expect.stringMatching(told)]);
  });

  it('is also a program, by its package', () => {
    expect(lacksOf(host({}), { ...machine, programs: ['iperf3'] })).toEqual([
      expect.stringContaining('iputils-ping'),
    ]);
  });
});
