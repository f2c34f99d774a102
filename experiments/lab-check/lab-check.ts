/** What the hosts of a lab are, what lies between them, and what each lacks. Nothing is changed on them. */
import { connect, type HostConnection } from '../agent/connection.ts';
import { ExperimentError } from '../errors.ts';
import type { LabHost } from '../lab/lab.ts';
import { type ExaminedHost, examineHost, type HostReport, reportHost } from './host-check.ts';
import { checkPair, type PairEnd, type PairReport } from './pair-check.ts';
import type { SystemNeed } from './system-needs.ts';

/** A host that could not be reached, or was lost. */
export interface MissingHost {
  name: string;
  code: string;
  why: string;
}

export interface LabReport {
  hosts: HostReport[];
  missing: MissingHost[];
  pairs: PairReport[];
}

/** Whether something is lacking somewhere. */
export function isLacking({ hosts, missing, pairs }: LabReport): boolean {
  return missing.length > 0 || [...hosts, ...pairs].some(({ lacks }) => lacks.length > 0);
}

/**
 * `needs` are those of systems that are placed on the hosts. `say` is called with what is done now. When `signal`
 * aborts, all hosts count as missing.
 */
export async function checkLab(
  hosts: readonly LabHost[],
  needs: readonly SystemNeed[],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<LabReport> {
  const missing: MissingHost[] = [];
  /** Of all of a step what came of it; what failed is noted as missing. */
  const each = async <Item extends { name: string }, Result>(
    items: readonly Item[],
    step: (item: Item) => Promise<Result>,
  ): Promise<Result[]> => {
    const done = await Promise.all(items.map((item) => step(item).catch((error) => noted(item.name, error))));
    return done.filter((one) => one !== null);
  };
  const noted = (name: string, error: unknown): null => {
    if (!(error instanceof ExperimentError)) throw error;
    missing.push({ name, code: error.code, why: error.message });
    return null;
  };

  const ofHost = ({ name }: LabHost): SystemNeed[] => needs.filter(({ host }) => host === name);
  const open: HostConnection[] = [];
  try {
    say(`connecting to ${hosts.map(({ name }) => name).join(', ')}`);
    const reached = await each(hosts, async (host) => {
      const connection = await connect(host, { say, signal });
      open.push(connection);
      return { name: host.name, host, connection };
    });
    say('looking at the hosts; bypassbench doctor tries their devices');
    const examined = await each(reached, ({ connection, host }) =>
      examineHost(connection, host, ofHost(host)),
    );
    const pairs = await checkPairs(examined, signal, say);
    const named = examined.map((one) => ({ name: one.host.name, one }));
    return { hosts: await each(named, ({ one }) => reportHost(one)), missing, pairs };
  } finally {
    await Promise.all(open.map((connection) => connection.close()));
  }
}

/** One after the other: two at a time would share a link. */
async function checkPairs(
  examined: readonly ExaminedHost[],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<PairReport[]> {
  const pairs = pairsOf(examined);
  const reports: PairReport[] = [];
  for (const [index, { network, from, to }] of pairs.entries()) {
    if (signal.aborted) break;
    const [one, other] = [from.connection.name, to.connection.name];
    say(`network ${network}, pair ${index + 1} of ${pairs.length}: ${one} and ${other}`);
    reports.push(await checkPair(network, from, to).catch((error) => failedPair(network, one, other, error)));
  }
  return reports;
}

/** Its hosts may have been lost meanwhile. */
function failedPair(network: string, from: string, to: string, error: unknown): PairReport {
  if (!(error instanceof ExperimentError)) throw error;
  const none = { ping: null, to_bits_per_s: null, from_bits_per_s: null };
  return { network, from, to, ...none, lacks: [error.message] };
}

interface Pair {
  network: string;
  from: PairEnd;
  to: PairEnd;
}

/** Each two hosts of each network, once. */
function pairsOf(examined: readonly ExaminedHost[]): Pair[] {
  const networks = [...new Set(examined.flatMap(({ host }) => host.networks.map(({ name }) => name)))];
  return networks.flatMap((network) => {
    const ends = examined.flatMap(({ connection, host, machine }) => {
      const here = host.networks.find(({ name }) => name === network);
      return here ? [{ connection, address: here.address, programs: machine.programs }] : [];
    });
    return ends.flatMap((from, index) => ends.slice(index + 1).map((to) => ({ network, from, to })));
  });
}
