/**
 * Reads the line that fi_pingpong prints for a run (libfabric, util/pingpong.c, show_perf):
 *
 *     bytes   #sent   #ack     total       time     MB/sec    usec/xfer   Mxfers/sec
 *     60      20k     =20k     2.2m        0.04s     65.54       0.92       1.09
 *
 * usec/xfer is the time of the run over twice the number of its round trips: the mean of one transfer, half a
 * round trip.
 */
import { LoadError } from '../errors.ts';

/** `=` in front of the third number: every message was answered. */
const result = /^\d\S* +\S+ +=\S+ +\S+ +[\d.]+s *([\d.]+) +([\d.]+) +\S+$/m;

/** Mean time of one transfer of `bytes` in nanoseconds. Throws FLOOR_FAILED where there is none. */
export function transferNs(text: string, bytes: number): number {
  const [, megabytes, us] = (result.exec(text) ?? []).map(Number);
  if (!(megabytes > 0 || us > 0)) {
    const printed = text.trim().split('\n').at(-1) || 'nothing';
    throw new LoadError(
      'FLOOR_FAILED',
      `fi_pingpong gave no time for messages of ${bytes} bytes (it printed: ${printed}): the provider may have a ` +
        'lower limit, so give a smaller --value-bytes',
    );
  }
  // Both have two decimals, so the larger one is more precise: a transfer often takes less than 1 us.
  return (megabytes > us ? bytes / megabytes : us) * 1000;
}
