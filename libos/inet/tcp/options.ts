/** What can be set of TCP. Times are microseconds. */
import type { CongestionControlName } from './congestion-control.ts';

export interface TcpOptions {
  congestion: CongestionControlName;
  /** Holds a short segment back while others are unacknowledged (RFC 9293, section 3.7.4). */
  nagle: boolean;
  /** Received data that may wait for the application, and the largest window offered. At most 2^30. */
  receiveWindowBytes: number;
  /** Floor of the retransmission timeout: RFC 6298 says a second, a data centre wants less. */
  minRtoUs: number;
  maxRtoUs: number;
  /**
   * How long an acknowledgement may wait for data to go with (RFC 9293, section 3.8.6.3: at most half a
   * second).
   */
  delayedAckUs: number;
  /** Silence after which the peer is asked whether it is still there (RFC 9293, section 3.8.4); 0: never. */
  keepAliveUs: number;
  /**
   * For how long unacknowledged data is sent again before the connection has failed (R2 of RFC 9293, section
   * 3.8.3).
   */
  userTimeoutUs: number;
  connectTimeoutUs: number;
  /** Answers SYNs beyond the bound of half-open connections with cookies (RFC 4987), in place of dropping them. */
  synCookies: boolean;
  /** Twice the maximum segment lifetime. */
  timeWaitUs: number;
}

export const defaultTcpOptions: TcpOptions = {
  congestion: 'cubic',
  nagle: false,
  receiveWindowBytes: 1024 * 1024,
  minRtoUs: 50_000,
  maxRtoUs: 60_000_000,
  delayedAckUs: 10_000,
  keepAliveUs: 300_000_000,
  userTimeoutUs: 100_000_000,
  connectTimeoutUs: 10_000_000,
  synCookies: true,
  timeWaitUs: 60_000_000,
};
