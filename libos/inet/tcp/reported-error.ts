/** What the network has reported of a connection by ICMP, and how that is told. */
import { formatIpv4 } from '../../endpoint.ts';
import { icmpErrorInWords } from '../wire/icmp.ts';

/**
 * An ICMP error about a segment, kept for when the connection is given up (RFC 9293, section 3.9.2.2). It says
 * something only as long as nothing of what was in flight then has been acknowledged.
 */
export interface ReportedError {
  readonly type: number;
  readonly code: number;
  /** Who said so: a signed 32-bit integer. */
  readonly reporter: number;
  /** The oldest unacknowledged number at that time. */
  readonly unacknowledged: number;
}

/** Half a sentence for a message. */
export function reportedErrorInWords({ type, code, reporter }: ReportedError): string {
  return `${formatIpv4(reporter >>> 0)} reported by ICMP: ${icmpErrorInWords(type, code)}`;
}
