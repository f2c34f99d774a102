/** The network interfaces that a run goes over, as sysfs and ethtool(8) tell them. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NicFacts } from '../../results/formats/index.ts';
import { type AskEthtool, askEthtool, ethtoolField, ethtoolSettings, type Told } from './ethtool.ts';
import { KernelFiles } from './kernel-files.ts';

/** Which of a machine's are asked for; those that it has not are passed over. */
export interface AskedNics {
  /** Addresses of interfaces. */
  addresses: readonly string[];
  /** Names of interfaces. */
  interfaces: readonly string[];
  /** PCI addresses. */
  pci: readonly string[];
  /** Names of RDMA devices, of the kernel. */
  rdma_devices: readonly string[];
}

/** Each once, in the order in which they are asked for. `root` is where /proc and /sys are. */
export async function readNics(
  asked: AskedNics,
  { root = '/', ask = askEthtool }: { root?: string; ask?: AskEthtool } = {},
): Promise<NicFacts[]> {
  const sys = new NicFiles(root);
  const names = [
    ...asked.addresses.flatMap(interfacesWith),
    ...asked.interfaces.filter((name) => sys.isInterface(name)),
  ];
  const pci = [...asked.pci, ...asked.rdma_devices.flatMap((device) => sys.pciOfRdma(device) ?? [])];
  for (const address of pci) names.push(...sys.interfacesOf(address));
  const bare = pci.filter((address) => sys.isDevice(address) && sys.interfacesOf(address).length === 0);
  return [
    ...(await Promise.all([...new Set(names)].map((name) => ofInterface(name, sys, ask)))),
    ...[...new Set(bare)].map((address) => withoutInterface(address, sys)),
  ];
}

/** Also those of which each is the same PCI device: SR-IOV and bonds have several. */
function interfacesWith(address: string): string[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) =>
    addresses?.some((one) => one.address === address) ? [name] : [],
  );
}

/** Fields as found, and why those are null that are. */
class Facts {
  readonly unknown: Record<string, string> = {};

  known<T>(field: keyof NicFacts, value: T | null, otherwise: string): T | null {
    if (value === null) this.unknown[field] = otherwise;
    return value;
  }

  settings(field: keyof NicFacts, told: Told): Record<string, string> | null {
    if ('why' in told) return this.known(field, null, told.why);
    const found = ethtoolSettings(told.text);
    return this.known(field, Object.keys(found).length > 0 ? found : null, 'its driver has none');
  }
}

async function ofInterface(name: string, sys: NicFiles, ask: AskEthtool): Promise<NicFacts> {
  const [identity, offloads, coalescing, rings, queues] = await Promise.all(
    ['-i', '-k', '-c', '-g', '-l'].map((flag) => ask(flag, name)),
  );
  const facts = new Facts();
  const device = sys.deviceOf(name);
  const field = (key: string): string | null =>
    identity && 'text' in identity ? ethtoolField(identity.text, key) : null;
  const why = identity && 'why' in identity ? identity.why : 'its driver does not tell';
  const speed = sys.number(`sys/class/net/${name}/speed`);
  return {
    name,
    driver: facts.known('driver', field('driver') ?? sys.driverOf(device), why),
    driver_version: facts.known('driver_version', field('version'), why),
    firmware: facts.known('firmware', field('firmware-version'), why),
    bus: facts.known('bus', field('bus-info') ?? sys.busOf(device), 'it is no device of a bus'),
    mtu_bytes: facts.known('mtu_bytes', sys.number(`sys/class/net/${name}/mtu`), 'sysfs does not tell'),
    speed_mbit_per_s: facts.known(
      'speed_mbit_per_s',
      speed !== null && speed > 0 ? speed : null,
      'its driver knows none, or its link is down',
    ),
    queues: facts.settings('queues', queues!),
    rings: facts.settings('rings', rings!),
    coalescing: facts.settings('coalescing', coalescing!),
    offloads: facts.settings('offloads', offloads!),
    irq_cores: facts.known('irq_cores', sys.irqCoresOf(device), 'no interrupt of it is known'),
    unknown: facts.unknown,
  };
}

function withoutInterface(address: string, sys: NicFiles): NicFacts {
  const facts = new Facts();
  const device = sys.realpath(`sys/bus/pci/devices/${address}`);
  const driver = sys.driverOf(device);
  const why = `the kernel has no interface of it: ${driver ?? 'no driver'} has it`;
  const none = (field: keyof NicFacts): null => facts.known(field, null, why);
  return {
    name: address,
    driver: facts.known('driver', driver, 'no driver has it'),
    driver_version: none('driver_version'),
    firmware: facts.known('firmware', sys.firmwareOf(device), why),
    bus: address,
    mtu_bytes: none('mtu_bytes'),
    speed_mbit_per_s: none('speed_mbit_per_s'),
    queues: none('queues'),
    rings: none('rings'),
    coalescing: none('coalescing'),
    offloads: none('offloads'),
    irq_cores: facts.known('irq_cores', sys.irqCoresOf(device), 'no interrupt of it is known'),
    unknown: facts.unknown,
  };
}

/** What the kernel tells of them in files. */
class NicFiles extends KernelFiles {
  isInterface(name: string): boolean {
    return /^[^\s/]{1,15}$/.test(name) && existsSync(path.join(this.root, 'sys/class/net', name));
  }

  isDevice(pci: string): boolean {
    return existsSync(path.join(this.root, 'sys/bus/pci/devices', pci));
  }

  /** The folder of the device behind an interface; null of one that has none, such as veth. */
  deviceOf(name: string): string | null {
    return this.realpath(`sys/class/net/${name}/device`);
  }

  /** Those of a PCI device, also where another bus is between: `virtio0/net/eth0`. */
  interfacesOf(pci: string): string[] {
    const folder = `sys/bus/pci/devices/${pci}`;
    const between = this.list(folder).filter((name) => /^virtio\d+$/.test(name));
    return [folder, ...between.map((name) => `${folder}/${name}`)].flatMap((one) => this.list(`${one}/net`));
  }

  pciOfRdma(device: string): string | null {
    return this.busOf(this.realpath(`sys/class/infiniband/${device}/device`));
  }

  driverOf(device: string | null): string | null {
    const driver = device && this.realpath(path.relative(this.root, path.join(device, 'driver')));
    return driver && path.basename(driver);
  }

  /** The PCI address, also where another bus is between. */
  busOf(device: string | null): string | null {
    const steps = device?.split('/').toReversed() ?? [];
    return steps.find((step) => /^[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.[0-7]$/.test(step)) ?? steps[0] ?? null;
  }

  /** As its RDMA device tells it. */
  firmwareOf(device: string | null): string | null {
    if (device === null) return null;
    const folder = path.relative(this.root, path.join(device, 'infiniband'));
    return this.list(folder).map((name) => this.read(`${folder}/${name}/fw_ver`))[0] ?? null;
  }

  /** Numbers of its interrupts. */
  irqsOf(device: string | null): number[] {
    // Interrupts are those of the PCI device, whose child a virtio device is.
    for (const folder of [device, device && path.dirname(device)]) {
      const irqs = folder ? this.list(path.relative(this.root, path.join(folder, 'msi_irqs'))) : [];
      if (irqs.length > 0) return irqs.map(Number).sort((a, b) => a - b);
    }
    return [];
  }

  /** Cores that each interrupt goes to: those that the kernel chose of the allowed ones, where it tells. */
  irqCoresOf(device: string | null): Record<string, string> | null {
    const cores = this.irqsOf(device).flatMap((irq): [string, string][] => {
      const list =
        this.read(`proc/irq/${irq}/effective_affinity_list`) ||
        this.read(`proc/irq/${irq}/smp_affinity_list`);
      return list ? [[String(irq), list]] : [];
    });
    return cores.length > 0 ? Object.fromEntries(cores) : null;
  }
}
