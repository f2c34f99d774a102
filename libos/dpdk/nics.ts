/** The NICs on the PCI bus as Linux shows them in sysfs, and what must be done before DPDK can have one. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Nic {
  /** Such as 0000:3b:00.0. */
  address: string;
  /** Vendor and device, such as 8086:10d3. */
  id: string;
  /** Null for none. */
  driver: string | null;
  /** Linux' names of its interfaces, where its driver makes some. */
  interfaces: string[];
  /** What it may reach of the memory is up to an IOMMU. */
  hasIommu: boolean;
}

/** The driver for programs that have a device of their own, with an IOMMU between. One process opens it at a time. */
export const VFIO = 'vfio-pci';
/** These leave the interface to the kernel and need no other driver (DPDK's mlx5 and mlx4 guides). */
const bifurcated = ['mlx5_core', 'mlx4_core'];
const userspace = [VFIO, 'igb_uio', 'uio_pci_generic'];
/** Of PCI: network controllers. */
const CLASS = '0x02';
const SYS = '/sys';

export function readNics(sys = SYS): Nic[] {
  const bus = join(sys, 'bus/pci/devices');
  return list(bus)
    .filter((address) => read(join(bus, address, 'class')).startsWith(CLASS))
    .map((address) => readNic(join(bus, address), address));
}

/** Null where there is no such device. */
export function nicAt(address: string, sys = SYS): Nic | null {
  const path = join(sys, 'bus/pci/devices', address.toLowerCase());
  return existsSync(path) ? readNic(path, address.toLowerCase()) : null;
}

function readNic(path: string, address: string): Nic {
  const driver = join(path, 'driver');
  const word = (name: string) => read(join(path, name)).slice('0x'.length);
  return {
    address,
    id: `${word('vendor')}:${word('device')}`,
    driver: existsSync(driver) ? basename(readlinkSync(driver)) : null,
    // Those of virtio are a level lower.
    interfaces: ['.', ...list(path).filter((name) => /^virtio\d+$/.test(name))].flatMap((below) =>
      list(join(path, below, 'net')),
    ),
    hasIommu: existsSync(join(path, 'iommu_group')),
  };
}

/** Whether DPDK can have it as it is bound now. */
export function isForDpdk({ driver }: Nic): boolean {
  return driver !== null && [...bifurcated, ...userspace].includes(driver);
}

/** What takes it from the kernel, for root's shell. */
export function takingOver(nic: Nic, sys = SYS): string {
  const { address, driver, interfaces, hasIommu } = nic;
  const device = `${SYS}/bus/pci/devices/${address}`;
  return [
    ...(existsSync(join(sys, 'bus/pci/drivers', VFIO)) ? [] : [`modprobe ${VFIO}`]),
    ...(hasIommu ? [] : [`echo 1 > ${SYS}/module/vfio/parameters/enable_unsafe_noiommu_mode`]),
    ...interfaces.map((name) => `ip link set ${name} down`),
    `echo ${VFIO} > ${device}/driver_override`,
    ...(driver === null ? [] : [`echo ${address} > ${device}/driver/unbind`]),
    `echo ${address} > ${SYS}/bus/pci/drivers_probe`,
  ].join('; ');
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
