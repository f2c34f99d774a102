/** The guest's initial file system: busybox, the modules, init.sh, and the steps as scripts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpioEntry, file, folder, link, writeCpio } from './cpio.ts';
import { type GuestKernel, moduleFile } from './kernel.ts';

/** One command that is run in the guest. */
export interface Step {
  title: string;
  /** Program and arguments; a program without a slash is looked up on the guest's PATH. */
  command: string[];
  /** In addition to the guest's environment. */
  env?: Record<string, string>;
  /** Then the command is ended. */
  timeoutS: number;
}

export interface GuestSettings {
  /** See channel.ts. */
  key: string;
  /** Folder in which the steps run. */
  project: string;
  networkDevice: string;
  rdmaDevice: string;
  /** IPv4 address of the network device. */
  address: string;
  /** Set aside for programs. */
  hugepages: number;
}

/** What init.sh uses of busybox by its name alone. */
const APPLETS = ['cp', 'insmod', 'ln', 'mkdir', 'mount', 'poweroff', 'seq', 'sh', 'sleep', 'switch_root'];
const FOLDERS = [
  'bin',
  'dev',
  'guest',
  'guest/modules',
  'guest/steps',
  'host',
  'proc',
  'root',
  'sys',
  'written',
];
/** A command that does not end when it is asked to is killed this much later. */
export const KILL_AFTER_S = 5;

/** As the shell reads it back. */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The script that runs a step. It stays in between as process 1 of its namespace, to reap what the step leaves. */
export function stepScript({ command, env, timeoutS }: Step, project: string): string {
  const path = `${join(project, 'node_modules', '.bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const preload = { LD_PRELOAD: '/run/guest/one-processor.so' };
  const all = { HOME: '/root', PATH: path, LANG: 'C.UTF-8', CI: 'true', NO_COLOR: '1', ...preload, ...env };
  return [
    ...Object.entries(all).map(([name, value]) => `export ${name}=${quote(value)}`),
    `cd ${quote(project)} || exit`,
    `timeout -k ${KILL_AFTER_S} ${timeoutS} ${command.map(quote).join(' ')}`,
    // Not the last command's own exit, for which the shell would make way to it.
    'exit $?',
    '',
  ].join('\n');
}

/** The archive's bytes. */
export async function initramfs(
  kernel: GuestKernel,
  steps: Step[],
  settings: GuestSettings,
): Promise<Buffer> {
  const beside = (name: string) => readFile(join(import.meta.dirname, name));
  const lines = (names: string[]) => names.map((name) => `${name}\n`).join('');
  const shellSettings = [
    `KEY=${settings.key}`,
    `STEPS=${steps.length}`,
    `PROJECT=${quote(settings.project)}`,
    `NETWORK_DEVICE=${settings.networkDevice}`,
    `RDMA_DEVICE=${settings.rdmaDevice}`,
    `ADDRESS=${settings.address}`,
    `HUGEPAGES=${settings.hugepages}`,
  ];
  const entries: CpioEntry[] = [
    ...FOLDERS.map(folder),
    file('bin/busybox', await readFile(kernel.busybox)),
    ...APPLETS.map((name) => link(`bin/${name}`, 'busybox')),
    file('init', await beside('init.sh')),
    file('guest/steps.sh', await beside('steps.sh')),
    file('guest/settings', lines(shellSettings)),
    file('guest/channel-modules', lines(kernel.channelModules)),
    file('guest/other-modules', lines(kernel.modules)),
    ...steps.map((step, index) => file(`guest/steps/${index + 1}`, stepScript(step, settings.project))),
  ];
  for (const name of [...kernel.channelModules, ...kernel.modules]) {
    entries.push(file(`guest/modules/${name}.ko`, await readFile(moduleFile(name))));
  }
  return writeCpio(entries);
}
