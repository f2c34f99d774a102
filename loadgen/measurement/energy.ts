/** Energy that the processor's packages have used, by their own count (Linux, powercap: intel-rapl). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In microjoules, which begin again behind `range_uj`. */
interface Zone {
  name: string;
  energy_uj: number;
  range_uj: number;
}

/** Reads all packages; half a sentence where that cannot be, with the remedy. */
export function readEnergy(folder = '/sys/class/powercap'): Zone[] | string {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return 'this machine does not count it: there is no /sys/class/powercap, as in virtual machines';
  }
  const read = (zone: string, file: string): string =>
    readFileSync(join(folder, zone, file), 'latin1').trim();
  try {
    const packages = names.filter((zone) => /:\d+$/.test(zone) && !/:\d+:\d+$/.test(zone));
    const zones = packages
      .filter((zone) => read(zone, 'name').startsWith('package'))
      .map((zone) => ({
        name: zone,
        energy_uj: Number(read(zone, 'energy_uj')),
        range_uj: Number(read(zone, 'max_energy_range_uj')),
      }));
    return zones.length > 0 ? zones : 'this machine does not count it: /sys/class/powercap has no package';
  } catch (error) {
    return `the kernel keeps it to root (${(error as Error).message}): run as root`;
  }
}

/** Of all packages together. */
export function joulesBetween(before: Zone[], after: Zone[]): number {
  return after.reduce((sum, { name, energy_uj, range_uj }) => {
    const earlier = before.find((zone) => zone.name === name)?.energy_uj ?? energy_uj;
    return sum + (energy_uj >= earlier ? energy_uj - earlier : energy_uj + range_uj - earlier) / 1e6;
  }, 0);
}
