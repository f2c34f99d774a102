/** What the systems of an experiment need of the hosts that they are placed on, and what a host lacks of that. */
import { findBackend } from '../../libos/index.ts';
import type { HostFacts } from '../agent/protocol.ts';
import { hostValues } from '../config/host-placeholders.ts';
import { fillPlaceholders } from '../config/placeholders.ts';
import { placementOf } from '../config/placement.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import type { ConfiguredSystem } from '../config/schema.ts';
import type { PlacedHost } from '../lab/where.ts';
import type { Product } from '../machine/built.ts';
import type { HostFindings } from './host-doctor.ts';

/** Of a server, or of a load generator, of one host. */
export interface SystemNeed {
  host: string;
  system: string;
  /** First words of command lines, with Debian's package where somebody said it. */
  programs: { program: string; package: string | null }[];
  /** Of set-up. */
  products: Product[];
  /** As `bypassbench doctor` names it; null: nothing that might not work. */
  device: string | null;
}

/** At all points of the experiment. */
export function needsOf({ config, points }: Pick<ResolvedConfig, 'config' | 'points'>): SystemNeed[] {
  const systems = [...config.systems, ...points.flatMap((point) => point.systems)];
  const needs = systems.flatMap((system) => {
    const { server, generators } = placementOf(config, system);
    return [ofServer(system, server), ...generators.map((host) => ofGenerator(system, host))];
  });
  // Of most systems the points differ in what is asked of them alone.
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
}

function ofServer(system: ConfiguredSystem, placed: PlacedHost): SystemNeed {
  const { name, backend, start, requires, client, options, server_options } = system;
  const named = requires.flatMap((one) =>
    'binary' in one && one.binary !== client.program ? [{ program: one.binary, package: one.package }] : [],
  );
  const [program = ''] = start;
  const isNamed = named.some((one) => one.program === program);
  return {
    host: placed.host.name,
    system: name,
    programs: isNamed ? named : [{ program, package: null }, ...named],
    products: requires.flatMap((one) => ('built' in one ? [one.built] : [])),
    device: deviceOf(backend, { ...options, ...server_options }, placed),
  };
}

function ofGenerator({ name, client, requires, options }: ConfiguredSystem, placed: PlacedHost): SystemNeed {
  const { program, backend } = client;
  const debian = requires.find((one) => 'binary' in one && one.binary === program);
  return {
    host: placed.host.name,
    system: name,
    programs: program ? [{ program, package: debian && 'package' in debian ? debian.package : null }] : [],
    products: [],
    device: deviceOf(backend, { ...options, ...client.options }, placed),
  };
}

function deviceOf(
  backend: string,
  options: Readonly<Record<string, string>>,
  placed: PlacedHost,
): string | null {
  const values = hostValues(placed);
  const filled = Object.entries(options).map(([key, text]) => [key, fillPlaceholders(text, values)]);
  return findBackend(backend)?.needs(Object.fromEntries(filled)) ?? null;
}

/** What of `needs`, all of this host, there is not; a sentence each, with the systems that it is for. */
export function needLacks(needs: readonly SystemNeed[], machine: HostFacts, doctor: HostFindings): string[] {
  const systems = new Map<string, Set<string>>();
  for (const need of needs) {
    for (const lack of lacksOfOne(need, machine, doctor)) {
      systems.set(lack, (systems.get(lack) ?? new Set()).add(need.system));
    }
  }
  return [...systems].map(([lack, names]) => `${lack} (for ${[...names].join(', ')})`);
}

function lacksOfOne(
  { programs, products, device }: SystemNeed,
  machine: HostFacts,
  doctor: HostFindings,
): string[] {
  const missing = programs.filter(({ program }) => !machine.programs.includes(program));
  const unbuilt = machine.unbuilt.filter(({ product }) => products.includes(product));
  return [
    ...missing.map(({ program, package: debian }) =>
      debian
        ? `${named(program)} is not on the PATH there: have ${debian} installed`
        : `${named(program)} is not on the PATH there: install it, or correct the experiment`,
    ),
    ...unbuilt.map(({ product, why }) => `${product} is not built there: ${why}`),
    ...(device === null ? [] : deviceLacks(device, doctor)),
  ];
}

/** What set-up has not built is looked for by its name. */
const named = (program: string): string => program.replace(/^built:/, '');

function deviceLacks(device: string, doctor: HostFindings): string[] {
  const finding = doctor.find(({ what }) => what === device);
  if (finding === undefined) return [`bypassbench doctor finds no ${device} there`];
  const { works, found, remedy } = finding;
  return works === false ? [`${device} does not work there: ${found}${remedy ? `; ${remedy}` : ''}`] : [];
}
