/** What this machine is now, for the manifest. */
import { readFile } from 'node:fs/promises';
import type { HostState } from '../../results/formats/index.ts';
import { describeBackends } from './backends.ts';
import { machineFacts, softwareVersions } from './machine.ts';
import { type AskedNics, readNics } from './nics.ts';

const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';

/** What the kernel reads time from; null where it does not say. */
export async function clockSource(): Promise<string | null> {
  return readFile(CLOCK_SOURCE, 'utf8').then(
    (text) => text.trim() || null,
    () => null,
  );
}

/** Of this software, and of what these backends stand on here. Names that are none of a backend are passed over. */
export async function hostVersions(backends: readonly string[]): Promise<Record<string, string>> {
  const described = await describeBackends(backends);
  return Object.assign({}, await softwareVersions(), ...described.map(({ versions }) => versions));
}

/** With those of its NICs that are asked for, and with what `backends` stand on. */
export async function localState(asked: AskedNics, backends: readonly string[]): Promise<HostState> {
  return {
    at: new Date().toISOString(),
    machine: await machineFacts(),
    versions: await hostVersions(backends),
    nics: await readNics(asked),
    clock: { source: await clockSource(), offset_us: null, bound_us: null },
  };
}
