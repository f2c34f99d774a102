/** What a device has counted of why a peer is not reached, for messages. */
import type { ErrorCode } from '../errors.ts';
import type { StackChoices } from './stack-options.ts';

/** Half a sentence with the remedy, or null. */
export function connectHint(
  error: ErrorCode,
  counters: Readonly<Record<string, number>>,
  { checksum }: Pick<StackChoices, 'checksum'>,
): string | null {
  const { rx_bad_checksum: bad } = counters;
  if (error !== 'TIMED_OUT' || bad === 0) return null;
  const option = checksum === 'verify' ? ' or give -o checksum=partial,' : '';
  return (
    `${bad} frames with wrong checksums were dropped (rx_bad_checksum): a kernel at the other end of a veth pair leaves ` +
    `checksums to a NIC:${option} ethtool -K PEER tx off, where PEER is its interface`
  );
}
