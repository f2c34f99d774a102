/** What of a machine was another way behind the last trial of a run than before its first one. */
import { type HostState, type Manifest, type RunHost, THIS_MACHINE } from '../formats/index.ts';
import type { Doubt } from './doubt.ts';

export interface SettingChange {
  /** "governor", "rx-usecs of ens1f1". */
  setting: string;
  before: string;
  after: string;
}

/**
 * All that ought to stay as it is, by name. No load and no memory, which a hypervisor's balloon takes and gives, and
 * not how far its time of day is from ours: no latency is measured by that.
 */
export function settingsOf({ machine, versions, nics, clock }: HostState): Map<string, string> {
  const { cpu, cores, governor, kernel, os, hypervisor, knobs } = machine;
  const found = new Map<string, string>();
  const note = (name: string, value: string | number | null): void => {
    found.set(name, value === null ? 'unknown' : `${value}`);
  };
  for (const [name, value] of Object.entries({ cpu, cores, governor, kernel, os, hypervisor }))
    note(name, value);
  for (const [name, version] of Object.entries(versions)) note(`${VERSION_OF}${name}`, version);
  note('clock source', clock.source);
  for (const { name, value } of knobs) note(name, value);
  for (const { name: nic, unknown: _, ...fields } of nics) {
    for (const [field, value] of Object.entries(fields)) {
      if (value !== null && typeof value === 'object') {
        for (const [key, one] of Object.entries(value)) note(nameOfSetting(field, key, nic), one);
      } else note(`${nameOfField(field)} of ${nic}`, value);
    }
  }
  return found;
}

const fieldNames: Record<string, string> = {
  driver_version: 'driver version',
  bus: 'bus address',
  mtu_bytes: 'MTU',
  speed_mbit_per_s: 'speed (Mbit/s)',
  irq_cores: 'cores of interrupts',
};

/** What of a NIC a field tells. */
export function nameOfField(field: string): string {
  return fieldNames[field] ?? field;
}

/** "rx-usecs of ens1f1", "combined queues of ens1f1", "cores of interrupt 42 of ens1f1" */
function nameOfSetting(field: string, key: string, nic: string): string {
  if (field === 'queues' || field === 'rings') return `${key} ${field} of ${nic}`;
  if (field === 'irq_cores') return `cores of interrupt ${key} of ${nic}`;
  return `${key} of ${nic}`;
}

/** In the order of the settings; nothing where it is not known what was behind the last trial. */
export function changesOf({ before, after }: Pick<RunHost, 'before' | 'after'>): SettingChange[] {
  if (after === null) return [];
  const [first, last] = [settingsOf(before), settingsOf(after)];
  const names = new Set([...first.keys(), ...last.keys()]);
  return [...names].flatMap((setting) => {
    const [was, is] = [first.get(setting) ?? 'not there', last.get(setting) ?? 'not there'];
    return was === is ? [] : [{ setting, before: was, after: is }];
  });
}

/** In front of the name of what it is of. */
export const VERSION_OF = 'version of ';

/** So many are named. */
const MOST_NAMED = 4;

/** "governor was performance and is powersave, rx-usecs of ens1f1 was 8 and is 0" */
export function changesInWords(changes: readonly SettingChange[]): string {
  const named = changes
    .slice(0, MOST_NAMED)
    .map(({ setting, before, after }) => `${setting} was ${before} and is ${after}`);
  const more = changes.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Nobody knows when it changed, so that no trial of a system there can be told from the others. */
export function hostDoubts(
  { hosts, systems, floors }: Pick<Manifest, 'hosts' | 'systems' | 'floors'>,
  subject: string,
): Doubt[] {
  const served = floors.find(({ name }) => name === subject)?.systems[0];
  const place = systems.find(({ name }) => name === (served ?? subject))?.place;
  const names = place ? [place.server, ...place.generators] : [THIS_MACHINE];
  return hosts
    .filter(({ name }) => names.includes(name))
    .flatMap((host): Doubt[] => {
      const changes = changesOf(host);
      if (changes.length === 0) return [];
      const which = place ? `Its host ${host.name}` : 'The machine';
      const reason = `${which} changed during the run: ${changesInWords(changes)}.`;
      return [{ state: 'suspect', about: ['p50', 'p99', 'p999', 'throughput', 'stages'], reason }];
    });
}

/** A sentence for each of which it is not known whether it changed. */
export function unknownChanges({ hosts }: Pick<Manifest, 'hosts'>): string[] {
  return hosts.flatMap(({ name, after_unknown }) =>
    after_unknown === null ? [] : [`Whether ${name} changed during the run is not known: ${after_unknown}.`],
  );
}
