/** The machines that a run was measured on, their clocks and their network interfaces. */
import type { HostState, NicFacts, RunHost } from '../formats/index.ts';
import { changesOf, nameOfField } from '../summary/host-changes.ts';
import { type Html, html } from '../text/html.ts';
import { definitions, table } from './elements.ts';

/** Nothing of a run that did not look. Of a run on one machine its processor and kernel are told already. */
export function hostTables(hosts: readonly RunHost[]): Html {
  const [first, ...others] = hosts;
  if (first === undefined) return html``;
  const whole =
    others.length === 0
      ? definitions([
          ['Clock', clockInWords(first)],
          ['Changed during the run', whatChanged(first)],
        ])
      : html`<h3>Hosts</h3>
${table(
  ['host', 'changed during the run', 'machine', 'load before', 'clock'].map((head) => ({
    head,
    number: false,
  })),
  hosts.map((host) => [
    host.name,
    whatChanged(host),
    machineInWords(host.before),
    host.before.machine.load_average_1m.toFixed(2),
    clockInWords(host),
  ]),
)}`;
  return html`${whole}${others.length === 0 ? '' : hosts.map(versionsOf)}${hosts.some(({ before }) => before.nics.length > 0) ? interfaces(hosts) : ''}`;
}

/** Of one machine they stand among those of the run. */
function versionsOf({ name, before }: RunHost): Html {
  const all = Object.entries(before.versions);
  if (all.length === 0) return html``;
  return html`<details><summary>Versions on ${name}</summary>${definitions(all)}</details>`;
}

function machineInWords({ machine }: HostState): string {
  const { cpu, cores, kernel, governor } = machine;
  return `${cpu}, ${cores} cores, ${kernel}, governor ${governor ?? 'unknown'}`;
}

/** "tsc; +120 ± 80 µs before, +150 ± 90 µs behind" */
function clockInWords({ before, after }: RunHost): string {
  const offset = ({ clock }: HostState, when: string): string[] => {
    if (clock.offset_us === null || clock.bound_us === null) return [];
    const sign = clock.offset_us < 0 ? '' : '+';
    return [`${sign}${clock.offset_us.toFixed(0)} ± ${clock.bound_us.toFixed(0)} µs ${when}`];
  };
  const offsets = [...offset(before, 'before'), ...(after ? offset(after, 'behind') : [])];
  return [before.clock.source ?? 'source unknown', ...(offsets.length > 0 ? [offsets.join(', ')] : [])].join(
    '; ',
  );
}

function whatChanged(host: RunHost): string {
  if (host.after === null) return `not known${host.after_unknown === null ? '' : `: ${host.after_unknown}`}`;
  const changes = changesOf(host);
  if (changes.length === 0) return 'nothing';
  return changes.map(({ setting, before, after }) => `${setting}: ${before}, then ${after}`).join('; ');
}

function interfaces(hosts: readonly RunHost[]): Html {
  const all = hosts.flatMap(({ name, before }) => before.nics.map((nic) => ({ host: name, nic })));
  return html`<h3>Network interfaces</h3>
${table(
  ['host', 'interface', 'driver', 'firmware', 'bus address', 'MTU', 'Mbit/s', 'queues', 'rings'].map(
    (head) => ({
      head,
      number: false,
    }),
  ),
  all.map(({ host, nic }) => [
    host,
    nic.name,
    [nic.driver, nic.driver_version].filter(Boolean).join(' ') || '–',
    nic.firmware ?? '–',
    nic.bus ?? '–',
    shown(nic.mtu_bytes),
    shown(nic.speed_mbit_per_s),
    inLine(nic.queues),
    inLine(nic.rings),
  ]),
)}
${all.map(({ host, nic }) => whole(host, nic))}`;
}

const shown = (value: number | null): string => (value === null ? '–' : String(value));

function inLine(settings: NicFacts['queues'], between = ' '): string {
  if (settings === null) return '–';
  return Object.entries(settings)
    .map(([name, value]) => `${name}${between}${value}`)
    .join(', ');
}

/** Many lines, for who looks for one of them. */
function whole(host: string, nic: NicFacts): Html {
  const reasons = Object.entries(nic.unknown).map(([field, why]) => `${nameOfField(field)} (${why})`);
  const told: [string, string][] = [
    ['coalescing', inLine(nic.coalescing)],
    ['offloads', inLine(nic.offloads)],
    ['interrupts, to cores', inLine(nic.irq_cores, ': ')],
    ['not told', reasons.join('; ') || '–'],
  ];
  const kept = told.filter(([, value]) => value !== '–');
  return html`<details><summary>All of ${nic.name} of ${host}</summary>${definitions(kept)}</details>`;
}
