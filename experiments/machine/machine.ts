/**
 * Facts about the machine and the software that the manifest records. No host name, no user name, no path of
 * somebody's home: a run folder is made to be given to others.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { Manifest } from '../../results/formats/index.ts';
import { ExperimentError } from '../errors.ts';
import { ownCheckout } from './checkout.ts';
import { coresOf } from './core-list.ts';
import { readKnobs } from './knobs.ts';

/** Libraries that take part in a measurement, so that their versions belong beside its numbers. */
const libraries = ['koffi', 'hdr-histogram-js'];

/** Keys of the manifest's versions that no system can be named after. */
export const softwareNames = ['node', 'bypassbench', ...libraries];

/** Cores that this process may use, by their Linux numbers (proc(5), Cpus_allowed_list: `0-3,6`). */
export function availableCores(): number[] {
  const status = readLinuxFile('/proc/self/status');
  return coresOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)![1]);
}

/** Processes that wanted to run, on average over the last minute, above which a user is warned. */
const BUSY_LOAD_AVERAGE = 1;

/** What to warn of before the first run; later the load is that of the runs themselves. Null on an idle machine. */
export function busyWarning(): string | null {
  const load = os.loadavg()[0];
  return load > BUSY_LOAD_AVERAGE
    ? `this machine has been busy (load average ${load.toFixed(1)}): other work shows in the latencies`
    : null;
}

export async function machineFacts(): Promise<Manifest['machine']> {
  const cpuinfo = readLinuxFile('/proc/cpuinfo');
  const governor = await readOrNull('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  const osRelease = (await readOrNull('/etc/os-release')) ?? '';
  const hypervisor = await detectHypervisor();
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    governor: governor?.trim() ?? null,
    kernel: `${os.type()} ${os.release()} ${os.machine()}`,
    os: /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(osRelease)?.[1] ?? os.type(),
    virtual: hypervisor !== null || /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
    hypervisor,
    memory_bytes: os.totalmem(),
    load_average_1m: os.loadavg()[0],
    knobs: readKnobs(),
  };
}

/** What this machine's kernel runs in (systemd-detect-virt(1), or the kernel's own word for it), or null. */
async function detectHypervisor(): Promise<string | null> {
  const detected = await execa('systemd-detect-virt', ['--vm'], { reject: false });
  const name = typeof detected.stdout === 'string' ? detected.stdout.trim() : '';
  if (name !== '' && name !== 'none') return name;
  return (await readOrNull('/sys/hypervisor/type'))?.trim() ?? null;
}

/** Versions of node, of this package and of its libraries. */
export async function softwareVersions(): Promise<Manifest['versions']> {
  const own = await packageVersion(ownCheckout);
  const versions: Manifest['versions'] = { node: process.versions.node, bypassbench: own };
  for (const library of libraries) {
    versions[library] = await packageVersion(path.dirname(findPackageJSON(library, import.meta.url)!));
  }
  return versions;
}

async function packageVersion(folder: string): Promise<string> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')).version;
}

/**
 * The first line that a system's version command prints, or null when it fails: a version is worth having,
 * but its lack is no reason to measure nothing.
 */
export async function versionOf(command: readonly [string, ...string[]]): Promise<string | null> {
  const [file, ...args] = command;
  const run = await execa(file, args, { reject: false, timeout: 10_000, stdin: 'ignore', all: true });
  return run.failed ? null : (run.all.split('\n')[0] ?? null);
}

/** `text` without the path of this user's home folder. */
export function withoutHome(text: string): string {
  const home = os.homedir();
  return home.length > 1 ? text.replaceAll(home, '~') : text;
}

function readLinuxFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ExperimentError(
      'MACHINE_UNSUPPORTED',
      `${file} is not readable: experiments run on Linux, where it tells about the processor`,
      { cause: error },
    );
  }
}

async function readOrNull(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}
