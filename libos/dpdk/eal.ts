/**
 * DPDK's environment abstraction layer, started once a process with what the first device needs. Ports are
 * plugged in afterwards, so that each libOS opens and closes its own.
 */
import { readFileSync } from 'node:fs';
import { currentCores } from '../affinity.ts';
import { LibosError } from '../errors.ts';
import { reachableBase } from './address-space.ts';
import { type Glue, glue } from './glue.ts';

export interface EalOptions {
  /** A real NIC is to be used: EAL scans the PCI bus for it. */
  pciAddress: string | null;
  hugepages: boolean;
  memoryMb: number;
  /** Further arguments as the user typed them. */
  extraArguments: readonly string[];
}

/** Starts EAL unless it runs. Throws BACKEND_UNAVAILABLE with what EAL said. */
export function startEal(options: EalOptions): Glue {
  const library = glue();
  if (library.init(ealArguments(options).join('\n')) < 0) {
    const reason = `${library.error()}: ${reasonFromLog(library.log())}`;
    throw new LibosError('BACKEND_UNAVAILABLE', 'dpdk', -1, `${reason}.${remedy(options, reason)}`);
  }
  const started = library.arguments().split('\n');
  if (options.pciAddress !== null && started.includes('--no-pci')) {
    const detail =
      'this process has started DPDK for a virtual device already: use a PCI device in a process of its own';
    throw new LibosError('INVALID_STATE', 'dpdk', -1, detail);
  }
  return library;
}

function ealArguments({ pciAddress, hugepages, memoryMb, extraArguments }: EalOptions): string[] {
  return [
    'bypassbench',
    // One lcore, this thread, on the cores that it may use now: EAL then starts no thread for it and moves
    // nobody.
    `--lcores=0@(${currentCores().join(',')})`,
    `--file-prefix=bypassbench-${process.pid}`,
    '--no-telemetry',
    '--log-level=lib.eal:warning',
    ...(pciAddress === null ? ['--no-pci'] : nicArguments(pciAddress)),
    ...(hugepages
      ? ['--in-memory', '-m', `${memoryMb}`]
      : ['--no-shconf', '--no-huge', '-m', `${memoryMb}`, '--iova-mode=va']),
    ...extraArguments,
  ];
}

function nicArguments(address: string): string[] {
  const base = reachableBase(readFileSync('/proc/self/maps', 'utf8'));
  return [`--allow=${address}`, `--base-virtaddr=0x${base.toString(16)}`];
}

function remedy({ hugepages, extraArguments }: EalOptions, reason: string): string {
  if (extraArguments.length > 0) return ` Check the option eal='${extraArguments.join(' ')}'.`;
  if (!hugepages || !/hugepage/i.test(reason)) return '';
  return ' Reserve hugepages as root, such as echo 512 > /proc/sys/vm/nr_hugepages, or give hugepages=no.';
}

/** What DPDK logs whether or not it fails. */
const chatter =
  /mp action callback|multiq qdisc|qdisc kind|Disabling rte flow|invalid .*command line.* arguments/i;

/** The lines of DPDK's log that give the reason, without its prefixes and its pages of help. */
export function reasonFromLog(log: string): string {
  const help = log.search(/^\s*Usage:/m);
  const lines = (help >= 0 ? log.slice(0, help) : log)
    .split('\n')
    .map((line) => line.replace(/^EAL: |^ETHDEV: |^bypassbench: |^[a-z_]+\(\): /gi, '').trim())
    .filter((line) => line !== '' && !chatter.test(line));
  return lines.length > 0 ? [...new Set(lines)].slice(-4).join('; ') : 'DPDK gives no reason';
}
