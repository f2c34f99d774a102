/** What TCP counts, for all connections of a stack together. */
export class TcpCounters {
  segmentsReceived = 0;
  segmentsSent = 0;
  malformed = 0;
  badChecksum = 0;
  /**
   * To segments of no connection and no listener or with an unacceptable acknowledgement, and at ends of
   * connections.
   */
  resetsSent = 0;
  resetsReceived = 0;
  /** Outside the window, or older than what came before (PAWS). */
  unacceptable = 0;
  challengeAcks = 0;
  outOfOrder = 0;
  /** Not kept for lack of memory; the peer sends it again. */
  receiveDropped = 0;
  retransmitted = 0;
  retransmissionTimeouts = 0;
  fastRecoveries = 0;
  tailLossProbes = 0;
  /** Reductions of a congestion window that were taken back, as nothing had been lost. */
  needlessRecoveries = 0;
  probes = 0;
  /** Larger segments that were sent to find out whether the path carries them, and times that they became smaller. */
  sizeProbes = 0;
  sizesReduced = 0;
  /** ICMP errors about segments in flight, but for those that tell of a narrow hop. */
  errorsReported = 0;
  /** SYNs, and acknowledgements that would complete a connection, dropped because the listener's backlog was full. */
  backlogDropped = 0;
  /** SYNs answered with a cookie, connections that these have opened, and acknowledgements of none meanwhile. */
  cookiesSent = 0;
  cookiesAccepted = 0;
  cookiesRefused = 0;
}
