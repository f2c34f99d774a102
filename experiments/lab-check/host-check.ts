/** What a host of a lab is, and what it lacks of what the lab file says of it. */
import { type ClockDrift, type ClockOffset, driftBetween } from '../agent/clock-offset.ts';
import { type HostClockOffsets, measureClocks } from '../agent/clocks.ts';
import type { HostConnection } from '../agent/connection.ts';
import type { Answer, Ask, HostFacts } from '../agent/protocol.ts';
import type { LabHost, LabNetwork } from '../lab/lab.ts';
import { inRanges } from '../machine/core-list.ts';
import { doctorOf, type HostFindings } from './host-doctor.ts';
import { needLacks, type SystemNeed } from './system-needs.ts';

/** In units of people, for JSON too. */
export interface HostClock {
  /** Its time of day minus ours, and how far off that may be. */
  offset_us: number;
  bound_us: number;
  /** How much faster its clock goes that nobody sets, over the time of the check. */
  drift_ppm: number | null;
  drift_bound_ppm: number | null;
}

/** Of a host that was reached. */
export interface HostReport {
  name: string;
  software: Answer<'hello'>;
  machine: HostFacts;
  doctor: HostFindings;
  clock: HostClock;
  /** A sentence each, with its remedy. */
  lacks: string[];
}

/** Programs that a check starts, and Debian's packages of them. */
const PROGRAMS = { ping: 'iputils-ping', iperf3: 'iperf3' };
const SIZES_KB = { '2M': 2048, '1G': 1024 * 1024 };

/** What is found of a host before anything is started between hosts. */
export interface ExaminedHost {
  connection: HostConnection;
  host: LabHost;
  software: Answer<'hello'>;
  machine: HostFacts;
  doctor: HostFindings;
  clocks: HostClockOffsets;
  lacks: string[];
}

/** `needs`: of the systems that are placed there. */
export async function examineHost(
  connection: HostConnection,
  host: LabHost,
  needs: readonly SystemNeed[],
): Promise<ExaminedHost> {
  const clocks = await measureClocks(connection);
  const [software, machine] = await Promise.all([
    connection.ask('hello', {}),
    connection.ask('examine', {
      programs: [
        ...Object.keys(PROGRAMS),
        ...needs.flatMap((need) => need.programs.map(({ program }) => program)),
      ],
      products: needs.flatMap((need) => need.products),
      nics: nicsOf(host.networks),
    }),
  ]);
  const { doctor, problem } = await doctorOf(connection);
  const lacks = [...lacksOf(host, machine), ...(problem === null ? [] : [problem])];
  lacks.push(...needLacks(needs, machine, doctor));
  return { connection, host, software, machine, doctor, clocks, lacks };
}

/** Those of its networks. */
function nicsOf(networks: LabHost['networks']): NonNullable<Ask<'examine'>['nics']> {
  const said = (of: (network: LabNetwork) => string | null | undefined): string[] =>
    networks.flatMap((network) => of(network) ?? []);
  return {
    addresses: said(({ address }) => address),
    interfaces: said((network) => network.interface),
    pci: said(({ pci }) => pci),
    rdma_devices: said(({ rdma }) => rdma?.device),
  };
}

/** The clocks are looked at once more: what else of the check there was lies between. */
export async function reportHost(examined: ExaminedHost): Promise<HostReport> {
  const { connection, host, software, machine, doctor, clocks: before, lacks } = examined;
  const after = await measureClocks(connection);
  const drift = driftBetween(before.monotonic, after.monotonic);
  return { name: host.name, software, machine, doctor, clock: clockOf(after.realtime, drift), lacks };
}

function clockOf({ offset_ns, bound_ns }: ClockOffset, drift: ClockDrift | null): HostClock {
  return {
    offset_us: offset_ns / 1000,
    bound_us: bound_ns / 1000,
    drift_ppm: drift?.drift_ppm ?? null,
    drift_bound_ppm: drift?.bound_ppm ?? null,
  };
}

/** What the lab file says of a host and its machine has not. */
export function lacksOf(host: LabHost, machine: HostFacts): string[] {
  return [
    ...coreLacks(host, machine),
    ...networkLacks(host, machine),
    ...hugepageLacks(host, machine),
    ...Object.entries(PROGRAMS)
      .filter(([program]) => !machine.programs.includes(program))
      .map(([program, name]) => `it has no ${program}: have ${name} installed there`),
  ];
}

function coreLacks(host: LabHost, { cores }: HostFacts): string[] {
  return (['server_cores', 'client_cores'] as const).flatMap((key) => {
    const missing = (host[key] ?? []).filter((core) => !cores.includes(core));
    return missing.length === 0
      ? []
      : [
          `${key} names core ${missing.join(', ')}, and it may use ${inRanges(cores)}: name others in the lab file`,
        ];
  });
}

function networkLacks(host: LabHost, { interfaces }: HostFacts): string[] {
  return host.networks.flatMap(({ name, address, prefix_bits, interface: device }) => {
    const holder = Object.entries(interfaces).find(([, held]) =>
      held.some((one) => one.replace(/\/.*$/, '') === address),
    )?.[0];
    const put = `as root: ip addr add ${address}/${prefix_bits} dev ${device ?? 'INTERFACE'}`;
    if (holder === undefined) return [`no interface has ${address}, its address on network ${name}; ${put}`];
    if (device !== null && holder !== device) {
      return [`${address} of network ${name} is on ${holder}, not on ${device}: mend the lab file`];
    }
    return [];
  });
}

function hugepageLacks({ hugepages }: LabHost, machine: HostFacts): string[] {
  if (hugepages === null) return [];
  const { size, count } = hugepages;
  const found = machine.hugepages.find(({ size_kb }) => size_kb === SIZES_KB[size])?.count ?? 0;
  if (found >= count) return [];
  const file = `/sys/kernel/mm/hugepages/hugepages-${SIZES_KB[size]}kB/nr_hugepages`;
  return [`it has ${found} of ${count} hugepages of ${size}; as root: echo ${count} >${file}`];
}
