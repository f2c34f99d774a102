import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AskEthtool } from './ethtool.ts';
import { readNics } from './nics.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'nics-test-'));
afterAll(() => rmSync(root, { recursive: true }));

function file(name: string, text: string): void {
  mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
  writeFileSync(path.join(root, name), `${text}\n`);
}

function link(name: string, to: string): void {
  mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
  mkdirSync(path.join(root, to), { recursive: true });
  symlinkSync(path.join(root, to), path.join(root, name));
}

const NIC = 'sys/devices/pci0000:00/0000:00:03.0';
const VIRTIO = `${NIC}/virtio2`;
link('sys/class/net/eth0', `${VIRTIO}/net/eth0`);
link(`${VIRTIO}/net/eth0/device`, VIRTIO);
link(`${VIRTIO}/driver`, 'sys/bus/virtio/drivers/virtio_net');
link('sys/bus/pci/devices/0000:00:03.0', NIC);
file(`${VIRTIO}/net/eth0/mtu`, '1500');
file(`${VIRTIO}/net/eth0/speed`, '-1');
for (const irq of [38, 39]) file(`${NIC}/msi_irqs/${irq}`, 'msix');
file('proc/irq/38/effective_affinity_list', '1');
file('proc/irq/38/smp_affinity_list', '0-1');
file('proc/irq/39/smp_affinity_list', '0-1');

link('sys/class/net/veth1', 'sys/devices/virtual/net/veth1');
file('sys/class/net/veth1/mtu', '9000');
file('sys/class/net/veth1/speed', '10000');

const BOUND = 'sys/devices/pci0000:40/0000:41:00.0';
link('sys/bus/pci/devices/0000:41:00.0', BOUND);
link(`${BOUND}/driver`, 'sys/bus/pci/drivers/vfio-pci');

const EFA = 'sys/devices/pci0000:00/0000:00:06.0';
link('sys/bus/pci/devices/0000:00:06.0', EFA);
link(`${EFA}/driver`, 'sys/bus/pci/drivers/efa');
link('sys/class/infiniband/rdmap0s6', `${EFA}/infiniband/rdmap0s6`);
link(`${EFA}/infiniband/rdmap0s6/device`, EFA);
file(`${EFA}/infiniband/rdmap0s6/fw_ver`, '0.0.0.0');

const ask: AskEthtool = async (flag, name) => {
  if (name === 'veth1' && flag !== '-i') return { why: 'its driver does not tell (Operation not supported)' };
  const told: Record<string, string> = {
    '-i': name === 'veth1' ? 'driver: veth\nversion: 1.0\n' : 'driver: virtio_net\nbus-info: 0000:00:03.0\n',
    '-l': 'Current hardware settings:\nRX:\t\tn/a\nCombined:\t2\n',
    '-c': 'rx-usecs: 8\n',
  };
  return { text: told[flag] ?? '' };
};
const none = { addresses: [], interfaces: [], pci: [], rdma_devices: [] };

describe('a NIC', () => {
  it('is told with its settings, and with a reason for each that it does not tell', async () => {
    const [eth0, ...others] = await readNics(
      { ...none, interfaces: ['eth0', 'eth0', 'no-such'] },
      { root, ask },
    );
    expect(others).toEqual([]);
    expect(eth0).toMatchObject({
      ...{ name: 'eth0', driver: 'virtio_net', driver_version: null, firmware: null, bus: '0000:00:03.0' },
      ...{
        mtu_bytes: 1500,
        speed_mbit_per_s: null,
        queues: { combined: '2' },
        coalescing: { 'rx-usecs': '8' },
      },
      ...{ rings: null, offloads: null, irq_cores: { 38: '1', 39: '0-1' } },
    });
    const nulls = Object.entries(eth0!).filter(([, value]) => value === null);
    expect(Object.keys(eth0!.unknown).sort()).toEqual(nulls.map(([field]) => field).sort());
  });

  it('of software answers in part', async () => {
    const [veth] = await readNics({ ...none, interfaces: ['veth1'] }, { root, ask });
    expect(veth).toMatchObject({
      driver: 'veth',
      bus: null,
      mtu_bytes: 9000,
      coalescing: null,
      irq_cores: null,
    });
    expect(veth!.unknown).toMatchObject({ coalescing: 'its driver does not tell (Operation not supported)' });
    expect(veth!.unknown).toMatchObject({ bus: 'it is no device of a bus' });
  });

  it('is found by its PCI address, also through virtio, once', async () => {
    const found = await readNics({ ...none, interfaces: ['eth0'], pci: ['0000:00:03.0'] }, { root, ask });
    expect(found.map(({ name }) => name)).toEqual(['eth0']);
  });

  it('that the kernel has no interface of is told by its PCI address', async () => {
    const [bound] = await readNics({ ...none, pci: ['0000:41:00.0', '0000:99:00.0'] }, { root, ask });
    expect(bound).toMatchObject({ name: '0000:41:00.0', driver: 'vfio-pci', mtu_bytes: null });
    expect(bound!.unknown.mtu_bytes).toBe('the kernel has no interface of it: vfio-pci has it');
  });

  it('of RDMA alone has firmware all the same', async () => {
    const [efa] = await readNics({ ...none, rdma_devices: ['rdmap0s6'] }, { root, ask });
    expect(efa).toMatchObject({ name: '0000:00:06.0', driver: 'efa', firmware: '0.0.0.0' });
  });

  it('is there on this machine, by the address of loopback', async () => {
    const [lo] = await readNics({ ...none, addresses: ['127.0.0.1'] });
    expect(lo).toMatchObject({ name: 'lo', bus: null, irq_cores: null });
    expect(lo!.mtu_bytes).toBeGreaterThan(0);
  });
});
