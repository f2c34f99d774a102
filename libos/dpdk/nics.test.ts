import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isForDpdk, type Nic, nicAt, readNics, takingOver } from './nics.ts';

/** A folder in the shape of /sys (Documentation/ABI/testing/sysfs-bus-pci). */
const sys = mkdtempSync(join(tmpdir(), 'bypassbench-sys-'));
afterAll(() => rmSync(sys, { recursive: true }));

function addDevice(address: string, files: Record<string, string>, driver: string | null): void {
  const device = join(sys, 'bus/pci/devices', address);
  mkdirSync(device, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(device, name), `${content}\n`);
  if (driver === null) return;
  mkdirSync(join(sys, 'bus/pci/drivers', driver), { recursive: true });
  symlinkSync(join('../../drivers', driver), join(device, 'driver'));
}

const ofIntel = { class: '0x020000', vendor: '0x8086', device: '0x10d3' };
addDevice('0000:00:01.0', { class: '0x030000', vendor: '0x1234', device: '0x1111' }, 'bochs');
addDevice('0000:00:10.0', ofIntel, 'e1000e');
mkdirSync(join(sys, 'bus/pci/devices/0000:00:10.0/net/eth0'), { recursive: true });
mkdirSync(join(sys, 'bus/pci/devices/0000:00:10.0/iommu_group'));
addDevice('0000:00:11.0', { class: '0x020000', vendor: '0x1af4', device: '0x1041' }, 'virtio-pci');
mkdirSync(join(sys, 'bus/pci/devices/0000:00:11.0/virtio3/net/eth1'), { recursive: true });
addDevice('0000:00:12.0', ofIntel, null);

const kernels: Nic = {
  address: '0000:00:10.0',
  id: '8086:10d3',
  driver: 'e1000e',
  interfaces: ['eth0'],
  hasIommu: true,
};

describe('NICs', () => {
  it('are read with their driver, interfaces and IOMMU', () => {
    expect(readNics(sys)).toEqual([
      kernels,
      {
        address: '0000:00:11.0',
        id: '1af4:1041',
        driver: 'virtio-pci',
        interfaces: ['eth1'],
        hasIommu: false,
      },
      { address: '0000:00:12.0', id: '8086:10d3', driver: null, interfaces: [], hasIommu: false },
    ]);
    expect(nicAt('0000:00:10.0', sys)).toEqual(kernels);
    expect(nicAt('0000:00:1F.7', sys)).toBeNull();
  });

  it('are for DPDK where a driver leaves them to programs', () => {
    for (const driver of ['vfio-pci', 'uio_pci_generic', 'mlx5_core']) {
      expect(isForDpdk({ ...kernels, driver })).toBe(true);
    }
    for (const driver of ['e1000e', null]) expect(isForDpdk({ ...kernels, driver })).toBe(false);
  });

  it('are taken over with what each lacks, and no more', () => {
    const device = '/sys/bus/pci/devices/0000:00:10.0';
    const bound = [
      `echo vfio-pci > ${device}/driver_override`,
      `echo 0000:00:10.0 > ${device}/driver/unbind`,
      'echo 0000:00:10.0 > /sys/bus/pci/drivers_probe',
    ];
    expect(takingOver(kernels, sys).split('; ')).toEqual([
      'modprobe vfio-pci',
      'ip link set eth0 down',
      ...bound,
    ]);
    mkdirSync(join(sys, 'bus/pci/drivers/vfio-pci'));
    const bare = { ...kernels, driver: null, interfaces: [], hasIommu: false };
    expect(takingOver(bare, sys).split('; ')).toEqual([
      'echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode',
      bound[0],
      bound[2],
    ]);
  });
});
