/** What an agent tells of its machine. */
import { accessSync, constants } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { whyNotBuilt } from '../machine/built.ts';
import { commandPath, ownCheckout } from '../machine/checkout.ts';
import { clockSource, hostVersions } from '../machine/host-state.ts';
import { availableCores, machineFacts } from '../machine/machine.ts';
import { readNics } from '../machine/nics.ts';
import type { Ask, HostFacts } from './protocol.ts';

const HUGEPAGES = '/sys/kernel/mm/hugepages';
/** Where administrators' programs are, which is not on everyone's PATH. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

export async function hostFacts({ programs, products, nics, backends }: Ask<'examine'>): Promise<HostFacts> {
  const { cores: core_count, ...machine } = await machineFacts();
  return {
    ...machine,
    core_count,
    cores: availableCores(),
    nics: nics ? await readNics(nics) : [],
    versions: await hostVersions(backends ?? []),
    clock_source: await clockSource(),
    interfaces: interfaces(),
    hugepages: await hugepages(),
    programs: programs.filter((program) => canStart(commandPath(program, undefined))),
    unbuilt: products.flatMap((product) => {
      const why = whyNotBuilt(product, ownCheckout);
      return why === null ? [] : [{ product, why }];
    }),
  };
}

function interfaces(): HostFacts['interfaces'] {
  const named = Object.entries(os.networkInterfaces());
  return Object.fromEntries(
    named.map(([name, addresses = []]) => [name, addresses.map(({ cidr, address }) => cidr ?? address)]),
  );
}

async function hugepages(): Promise<HostFacts['hugepages']> {
  const names = await readdir(HUGEPAGES).catch(() => []);
  const number = async (name: string, file: string): Promise<number> =>
    Number.parseInt(await readFile(path.join(HUGEPAGES, name, file), 'utf8'), 10);
  const sizes = names.flatMap((name) => {
    const size = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return size === undefined ? [] : [{ name, size_kb: Number(size) }];
  });
  return Promise.all(
    sizes.map(async ({ name, size_kb }) => ({
      size_kb,
      count: await number(name, 'nr_hugepages'),
      free: await number(name, 'free_hugepages'),
    })),
  );
}

function canStart(program: string): boolean {
  const onPath = [...(process.env.PATH ?? '').split(path.delimiter), ...SYSTEM_FOLDERS];
  const folders = program.includes('/') ? [''] : onPath;
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
