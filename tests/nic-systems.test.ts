/** Systems over the NICs of hosts: what they come to on the labs that ship is what their backends take. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../experiments/config/config.ts';
import { findExperiment } from '../experiments/config/experiments.ts';
import { hostValues, serverAddress } from '../experiments/config/host-placeholders.ts';
import { fillPlaceholders, startWithOptions } from '../experiments/config/placeholders.ts';
import { placementOf } from '../experiments/config/placement.ts';
import { shippedLabs } from '../experiments/lab/lab.ts';
import { parseDpdkOptions } from '../libos/dpdk/options.ts';
import { parseRdmaOptions } from '../libos/rdma/options.ts';
import { parseXdpOptions } from '../libos/xdp/options.ts';

type Options = Record<string, string>;
const parsers: Record<string, (options: Options) => unknown> = {
  dpdk: parseDpdkOptions,
  rdma: parseRdmaOptions,
  xdp: parseXdpOptions,
};

/** Of a lab that ships, each system with what either side is told. */
async function toldOn(lab: string, only: string[] | null = null) {
  const set = ['workload.clients=2', ...(lab === 'namespaces' ? [] : ['place.network=lan'])];
  const { config } = await readConfig(findExperiment('two-hosts'), [0, 1], { lab, set, only });
  return config.systems
    .filter(({ name }) => only?.includes(name) ?? true)
    .map((system) => {
      const placement = placementOf(config, system);
      const host = serverAddress(placement, system.backend) ?? '';
      const filled = (options: Options, values: Options): Options =>
        Object.fromEntries(
          Object.entries(options).map(([key, text]) => [key, fillPlaceholders(text, { host, ...values })]),
        );
      const ofServer = hostValues(placement.server) as Options;
      return {
        system,
        start: startWithOptions(system).map((word) => fillPlaceholders(word, { host, ...ofServer })),
        server: filled({ ...system.options, ...system.server_options }, ofServer),
        clients: placement.generators.map((generator) =>
          filled({ ...system.options, ...system.client.options }, hostValues(generator) as Options),
        ),
      };
    });
}

describe.each(['cloudlab-xl170', 'cloudlab-c6525-25g'])('on %s', async (lab) => {
  it.each(await toldOn(lab))(
    '$system.name has options that its backend takes',
    ({ system, server, clients }) => {
      const { backend, client } = system;
      expect(() => parsers[backend]?.(server)).not.toThrow();
      for (const options of clients) expect(() => parsers[client.backend]?.(options)).not.toThrow();
      expect(system.device).toMatch(/^ConnectX-[45]/);
      expect(system.provenance).toBe('real_device');
    },
  );
});

it('either end has its own address and device, and the server binds to the one that it is reached at', async () => {
  const [told] = await toldOn('cloudlab-c6525-25g', ['kv-nic-pci']);
  expect(told.server).toEqual({ device: 'pci', pci: '0000:41:00.0', ip: '10.10.1.101/24' });
  expect(told.clients).toEqual([{ device: 'pci', pci: '0000:41:00.0', ip: '10.10.1.102/24' }]);
  expect(told.start.join(' ')).toContain('--backend-option ip=10.10.1.101/24 --bind 10.10.1.101 --port 6379');
});

it('namespaces have all but what needs a NIC', async () => {
  const { config } = await readConfig(findExperiment('two-hosts'), [0, 1], { only: ['redis'] });
  const without = config.systems.map(({ name }) => name).filter((name) => !/nic-(rdma|pci)/.test(name));
  const told = await toldOn('namespaces', without);
  expect(told.map(({ system }) => system.name)).toEqual(without);
  expect(new Set(told.map(({ system }) => system.device))).toEqual(new Set(['veth']));
  expect(told.every(({ clients }) => clients.length === 2)).toBe(true);
});

it('a lab that lacks a NIC says what is lacking', async () => {
  expect([...shippedLabs().keys()]).toContain('ec2-efa');
  const asked = { lab: 'ec2-efa', only: ['kv-nic-rdma'] };
  await expect(readConfig(findExperiment('two-hosts'), [0, 1], asked)).rejects.toThrow(
    /kv-nic-rdma needs `rdma.device` of host server0 on network ena/,
  );
  const set = ['systems.kv-nic-rdma.place.network=efa'];
  await expect(readConfig(findExperiment('two-hosts'), [0, 1], { ...asked, set })).resolves.toBeDefined();
});
