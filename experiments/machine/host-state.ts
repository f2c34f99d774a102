/** What this machine is now, for the manifest. */
import { readFile } from 'node:fs/promises';
import type { HostState } from '../../results/formats/index.ts';
import { machineFacts } from './machine.ts';
import { type AskedNics, readNics } from './nics.ts';

const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';

/** What the kernel reads time from; null where it does not say. */
export async function clockSource(): Promise<string | null> {
  return readFile(CLOCK_SOURCE, 'utf8').then(
    (text) => text.trim() || null,
    () => null,
  );
}

/** With those of its NICs that are asked for. */
export async function localState(asked: AskedNics): Promise<HostState> {
  return {
    at: new Date().toISOString(),
    machine: await machineFacts(),
    nics: await readNics(asked),
    clock: { source: await clockSource(), offset_us: null, bound_us: null },
  };
}
