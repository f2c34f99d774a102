/** How far one host's monotonic clock is ahead of another's, by way of this machine's. */
import type { ClockAhead } from '../../results/formats/index.ts';
import type { TrialHost } from '../machine/trial-host.ts';

/** Of the server's host beside the load generator's, which `at_ns` is of. The bounds of both count. */
export async function clockAhead(
  server: Pick<TrialHost, 'readClock'>,
  client: Pick<TrialHost, 'readClock'>,
): Promise<ClockAhead> {
  const { monotonic: theirs } = await server.readClock();
  const { monotonic: ours } = await client.readClock();
  return {
    at_ns: ours.at_ns + ours.offset_ns,
    offset_ns: theirs.offset_ns - ours.offset_ns,
    bound_ns: theirs.bound_ns + ours.bound_ns,
  };
}
