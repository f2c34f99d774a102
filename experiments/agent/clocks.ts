/** The clocks of a host beside ours, measured over its connection. */
import { ExperimentError } from '../errors.ts';
import { readClocks } from '../machine/linux.ts';
import { type ClockOffset, clockOffset, type RoundTrip } from './clock-offset.ts';
import type { HostConnection } from './connection.ts';

/** The smallest delay of so many trips is soon that of an idle link. */
const TRIPS = 16;

export interface HostClockOffsets {
  /** Of the time of day (CLOCK_REALTIME), which somebody may set. */
  realtime: ClockOffset;
  /** Of CLOCK_MONOTONIC, which nobody sets; it begins anywhere. */
  monotonic: ClockOffset;
  /** Of all round trips, by our monotonic clock. */
  longest_trip_ns: number;
}

/** Throws HOST_CLOCK_SET where the time of day was set during each of the trips. */
export async function measureClocks(connection: HostConnection): Promise<HostClockOffsets> {
  const trips: Record<'realtime' | 'monotonic', RoundTrip[]> = { realtime: [], monotonic: [] };
  for (let trip = 0; trip < TRIPS; trip++) {
    const sent = readClocks();
    const { received, sent: answered } = await connection.ask('clock', {});
    const arrived = readClocks();
    for (const clock of ['realtime', 'monotonic'] as const) {
      const [a, b, c, d] = [sent, received, answered, arrived].map((one) => BigInt(one[`${clock}_ns`]));
      trips[clock].push({ sent: a!, received: b!, answered: c!, arrived: d! });
    }
  }
  const took_ns = trips.monotonic.map(({ sent, arrived }) => Number(arrived - sent));
  const realtime = clockOffset(trips.realtime);
  if (realtime === null) {
    const { name } = connection;
    const why = `the time of day was set as it was read, here or on host ${name}: wait until the clocks are in step`;
    throw new ExperimentError('HOST_CLOCK_SET', why);
  }
  return {
    realtime,
    monotonic: clockOffset(trips.monotonic)!,
    longest_trip_ns: Math.max(...took_ns),
  };
}
