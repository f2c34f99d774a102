/** The states of a connection (RFC 9293, section 3.3.2). LISTEN is a Listener, not a connection. */
export const TcpState = {
  Closed: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait1: 4,
  FinWait2: 5,
  CloseWait: 6,
  Closing: 7,
  LastAck: 8,
  TimeWait: 9,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];
