/** How long a server says that its commands take: Redis's and Valkey's INFO commandstats. */
import { TrialFailure } from '../errors.ts';
import type { TrialHost } from '../machine/trial-host.ts';
import type { WorkloadOperation } from './measurement.ts';
import type { Address } from './readiness.ts';

/** Calls so far of one command, and the time that they took. */
export interface CommandStats {
  calls: number;
  usec: number;
}

/** The line `cmdstat_get:calls=21,usec=175,usec_per_call=8.33,...`; zeros where there is none yet. */
export function parseCommandStats(info: string, operation: WorkloadOperation): CommandStats {
  const line = new RegExp(`^cmdstat_${operation}:calls=(\\d+),usec=(\\d+)`, 'm').exec(info);
  return line ? { calls: Number(line[1]), usec: Number(line[2]) } : { calls: 0, usec: 0 };
}

/** Asks the server, from `asking`. Throws TrialFailure where it does not answer or counts nothing. */
export async function readCommandStats(
  asking: TrialHost,
  address: Address,
  operation: WorkloadOperation,
): Promise<CommandStats> {
  try {
    return parseCommandStats(await asking.redisInfo(address.host, address.port, 'commandstats'), operation);
  } catch (error) {
    throw new TrialFailure(
      `the server did not answer INFO commandstats (${(error as Error).message}): leave command_stats out of its config`,
    );
  }
}

/** Mean time of a command between two readings, or null where none was carried out. */
export function commandTime_us(before: CommandStats, after: CommandStats): number | null {
  const calls = after.calls - before.calls;
  return calls > 0 ? (after.usec - before.usec) / calls : null;
}
