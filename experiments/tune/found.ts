/** How a machine is set, as the kernel tells it. */
import { isIPv4 } from 'node:net';
import type { NicFacts } from '../../results/formats/index.ts';
import { coresOf } from '../machine/core-list.ts';
import { KernelFiles } from '../machine/kernel-files.ts';
import { readNics } from '../machine/nics.ts';

/** A file of the kernel, by its path without the first slash. */
export interface FoundValue {
  file: string;
  value: string;
}

export interface FoundIdleState extends FoundValue {
  name: string;
  /** To leave it. */
  latency_us: number;
}

export interface FoundMachine {
  /** Those that are on, in order. */
  cores: number[];
  /** Of each core. */
  governors: FoundValue[];
  /** With the value that turns it off; null where there is none. */
  turbo: (FoundValue & { off: string }) | null;
  /** Of each core; the value is `1` where it is disabled. */
  idleStates: FoundIdleState[];
  /** Lists of cores; null where the kernel does not say. */
  isolated: string | null;
  nohzFull: string | null;
  /** Those that something waits for, with the cores that each may go to. */
  irqs: (FoundValue & { irq: number })[];
  hasIrqbalance: boolean;
  hugepages: (FoundValue & { size_kb: number })[];
  thp: FoundValue | null;
  numaBalancing: FoundValue | null;
  nics: NicFacts[];
}

export async function readMachine(interfaces: readonly string[], root = '/'): Promise<FoundMachine> {
  const files = new TunedFiles(root);
  return {
    cores: coresOf(files.read('sys/devices/system/cpu/online') ?? ''),
    governors: files.perCore('cpufreq/scaling_governor'),
    turbo: files.turbo(),
    idleStates: files.idleStates(),
    isolated: files.read('sys/devices/system/cpu/isolated'),
    nohzFull: files.read('sys/devices/system/cpu/nohz_full'),
    irqs: files.irqs(),
    hasIrqbalance: files.isRunning('irqbalance'),
    hugepages: files.hugepages(),
    thp: files.value('sys/kernel/mm/transparent_hugepage/enabled'),
    numaBalancing: files.value('proc/sys/kernel/numa_balancing'),
    nics: await readNics(
      {
        addresses: interfaces.filter((one) => isIPv4(one)),
        interfaces: interfaces.filter((one) => !isIPv4(one)),
        pci: [],
        rdma_devices: [],
      },
      { root },
    ),
  };
}

const CPU = 'sys/devices/system/cpu';
/** What every interrupt has in its folder; what it is for has a folder of its own name beside. */
const ofEveryIrq = /^(affinity_hint|effective_affinity|smp_affinity)(_list)?$|^(node|spurious)$/;

class TunedFiles extends KernelFiles {
  value(file: string): FoundValue | null {
    const value = this.chosen(file);
    return value === null ? null : { file, value };
  }

  perCore(name: string): FoundValue[] {
    return this.#cores().flatMap((core) => this.value(`${CPU}/${core}/${name}`) ?? []);
  }

  turbo(): FoundMachine['turbo'] {
    const noTurbo = this.value(`${CPU}/intel_pstate/no_turbo`);
    if (noTurbo) return { ...noTurbo, off: '1' };
    const boost = this.value(`${CPU}/cpufreq/boost`);
    return boost && { ...boost, off: '0' };
  }

  idleStates(): FoundIdleState[] {
    return this.#cores().flatMap((core) =>
      this.list(`${CPU}/${core}/cpuidle`).flatMap((state): FoundIdleState[] => {
        const folder = `${CPU}/${core}/cpuidle/${state}`;
        const disable = this.value(`${folder}/disable`);
        const latency_us = this.number(`${folder}/latency`);
        if (disable === null || latency_us === null) return [];
        return [{ ...disable, latency_us, name: this.read(`${folder}/name`) ?? state }];
      }),
    );
  }

  irqs(): FoundMachine['irqs'] {
    const numbers = this.list('proc/irq').filter((name) => /^\d+$/.test(name));
    return numbers
      .filter((irq) => this.list(`proc/irq/${irq}`).some((name) => !ofEveryIrq.test(name)))
      .flatMap((irq) => {
        const found = this.value(`proc/irq/${irq}/smp_affinity_list`);
        return found ? [{ ...found, irq: Number(irq) }] : [];
      })
      .sort((a, b) => a.irq - b.irq);
  }

  hugepages(): FoundMachine['hugepages'] {
    const folder = 'sys/kernel/mm/hugepages';
    return this.list(folder).flatMap((name) => {
      const size_kb = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]);
      const found = this.value(`${folder}/${name}/nr_hugepages`);
      return found ? [{ ...found, size_kb }] : [];
    });
  }

  isRunning(program: string): boolean {
    return this.list('proc').some((name) => /^\d+$/.test(name) && this.read(`proc/${name}/comm`) === program);
  }

  #cores(): string[] {
    return this.list(CPU).filter((name) => /^cpu\d+$/.test(name));
  }
}
