import { expect, test } from 'vitest';
import type { ConfiguredSystem } from './config/schema.ts';
import { concerned } from './host-states.ts';
import { hosts as hostsSchema } from './lab/schema.ts';

/** As much of a system as says where it runs, and over what. */
function system(given: Partial<ConfiguredSystem>): ConfiguredSystem {
  const client = { backend: 'kernel', options: {}, idle: 'poll' };
  return {
    name: 'kv',
    backend: 'kernel',
    options: {},
    server_options: {},
    client,
    ...given,
  } as ConfiguredSystem;
}

const network = (last: number, more: object) => ({ lan: { address: `10.0.0.${last}/24`, ...more } });
const hosts = hostsSchema.parse({
  server0: { networks: network(1, { interface: 'ens1', pci: '0000:03:00.1', rdma: { device: 'mlx5_0' } }) },
  client0: { networks: network(2, {}) },
});
const place = { server: 'server0', generators: ['client0'], network: 'lan' };

test('without hosts it is this machine, over loopback, and what options name', () => {
  const systems = [system({}), system({ options: { mtu: '1500' }, server_options: { interface: 'eth7' } })];
  const [here, ...others] = concerned({ systems });
  expect(others).toEqual([]);
  expect(here?.host.name).toBe('this machine');
  // What is none of its interfaces, a machine passes over.
  expect(here?.nics).toEqual({
    addresses: ['127.0.0.1'],
    interfaces: ['1500', 'eth7'],
    pci: [],
    rdma_devices: [],
  });
});

test('of hosts it is each once, with all that its systems go over there', () => {
  const over = { options: { interface: '{interface}', pci: '0000:99:00.0' } };
  const [server, client, ...others] = concerned({
    hosts,
    systems: [system({ place }), system({ place, backend: 'rdma', ...over })],
  });
  expect(others).toEqual([]);
  expect([server?.host.name, client?.host.name]).toEqual(['server0', 'client0']);
  expect(server?.nics).toEqual({
    addresses: ['10.0.0.1'],
    interfaces: ['ens1', '0000:99:00.0'],
    pci: ['0000:03:00.1', '0000:99:00.0'],
    rdma_devices: ['mlx5_0'],
  });
  expect(client?.nics.addresses).toEqual(['10.0.0.2']);
  expect([server?.backends, client?.backends]).toEqual([['kernel', 'rdma'], ['kernel']]);
});
