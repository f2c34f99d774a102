/**
 * DPDK's environment abstraction layer, started once a process with what the first device needs. Ports are plugged
 * in afterwards, so that each libOS opens and closes its own.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { currentCores } from '../affinity.ts';
import { LibosError } from '../errors.ts';
import { type Glue, glue } from './glue.ts';

export interface EalOptions {
  /** A real NIC is to be used: EAL scans the PCI bus for it. */
  pciAddress: string | null;
  hugepages: boolean;
  memoryMb: number;
  /** Further arguments as the user typed them. */
  extraArguments: readonly string[];
}

const PREFIX = 'bypassbench-';

/** Starts EAL unless it runs. Throws BACKEND_UNAVAILABLE with what EAL said. */
export function startEal(options: EalOptions): Glue {
  const library = glue();
  if (library.arguments() === '') removeLeftovers();
  if (library.init(ealArguments(options).join('\n')) < 0) {
    const typed = options.extraArguments.length > 0 ? ` Check the option eal='${options.extraArguments.join(' ')}'.` : '';
    const detail = `${library.error()}: ${reasonFromLog(library.log())}.${typed}`;
    throw new LibosError('BACKEND_UNAVAILABLE', 'dpdk', -1, detail);
  }
  const started = library.arguments().split('\n');
  if (options.pciAddress !== null && started.includes('--no-pci')) {
    const detail = 'this process has started DPDK for a virtual device already: use a PCI device in a process of its own';
    throw new LibosError('INVALID_STATE', 'dpdk', -1, detail);
  }
  return library;
}

function ealArguments({ pciAddress, hugepages, memoryMb, extraArguments }: EalOptions): string[] {
  return [
    'bypassbench',
    // One lcore, this thread, on the cores that it may use now: EAL then starts no thread for it and moves nobody.
    `--lcores=0@(${currentCores().join(',')})`,
    `--file-prefix=${PREFIX}${process.pid}`,
    '--no-telemetry',
    '--log-level=lib.eal:warning',
    ...(pciAddress === null ? ['--no-pci'] : [`--allow=${pciAddress}`]),
    ...(hugepages ? ['--in-memory', '-m', `${memoryMb}`] : ['--no-shconf', '--no-huge', '-m', `${memoryMb}`, '--iova-mode=va']),
    ...extraArguments,
  ];
}

/** The lines of DPDK's log that tell why, without its prefixes and its pages of help. */
export function reasonFromLog(log: string): string {
  const lines = log
    .split('\n')
    .map((line) => line.replace(/^EAL: |^ETHDEV: |^[a-z_]+\(\): /gi, '').trim())
    .filter((line) => line !== '');
  const help = lines.findIndex((line) => line.startsWith('Usage:'));
  const said = (help >= 0 ? lines.slice(0, help) : lines).slice(-4);
  return said.length > 0 ? said.join('; ') : 'DPDK gives no reason';
}

/** Removes the folders that processes of ours left which were killed. */
function removeLeftovers(): void {
  const base = process.getuid?.() === 0 ? '/var/run/dpdk' : join(process.env.XDG_RUNTIME_DIR ?? '/tmp', 'dpdk');
  let names: string[] = [];
  try {
    names = readdirSync(base);
  } catch {
    // There is none before the first start.
  }
  for (const name of names) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN;
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(base, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
