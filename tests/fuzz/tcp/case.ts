/**
 * What one run of the TCP fuzzer is made of: the stack's options and its application, a network, and a peer with whims.
 * All of it is plain JSON, so that a case can be kept in a file. Times are microseconds of virtual time.
 */
import fc from 'fast-check';

export interface Network {
  delayUs: number;
  jitterUs: number;
  /** 0: no limit. */
  kbitPerS: number;
  loss: number;
  duplicate: number;
  reorder: number;
  reorderDelayUs: number;
  corrupt: number;
}

export interface Application {
  writes: readonly { waitUs: number; bytes: number; acknowledged: boolean; freed: boolean }[];
  /** Where in the stream it stops to read, and for how long. */
  rests: readonly { afterBytes: number; forUs: number }[];
  /** So long behind its last write. With close it does not read to the end. */
  end: { how: 'shutdown' | 'close'; waitUs: number };
}

/** How the peer takes the stack's stream. */
export interface Taking {
  /** Full segments for an acknowledgement, and how long that waits for them. */
  every: number;
  delayUs: number;
  /** Acknowledgements for what one would do for; and how often each goes. */
  pieces: number;
  copies: number;
  /** It acknowledges half of the last segment first. */
  halves: boolean;
  /** Probability of an old acknowledgement behind a new one. */
  stale: number;
  /** Of forgetting what it has out of order, SACKed or not. */
  reneges: number;
  /** Of a SACK block that cannot be. */
  lies: number;
  /** Windows one after the other, over and over. */
  windows: readonly { bytes: number; forUs: number }[];
  /** A smaller one takes back what was offered. */
  takesBack: boolean;
  /** It tells a window that has opened. */
  tellsOpening: boolean;
}

/** How the peer writes its own stream. */
export interface Giving {
  bytes: number;
  /** Of segments, one after the other, over and over. */
  sizes: readonly number[];
  burst: number;
  paceUs: number;
  shuffles: boolean;
  /** Probability of a segment that reaches beyond the window. */
  exceeds: number;
  retransmitUs: number;
  /** The FIN goes with the last data, if that is to be sent anyway. */
  finWithData: boolean;
  /** The end comes so long behind the last byte. */
  holdsFinUs: number;
}

export const timestampKinds = [
  'off',
  'ms',
  'us',
  'coarse',
  'constant',
  'wraps',
  'no echo',
  'odd echo',
] as const;
export type TimestampKind = (typeof timestampKinds)[number];

export interface Peer {
  opening: 'its SYN' | 'our SYN' | 'both';
  initialSequence: number;
  /** 0: it says none. */
  mss: number;
  /** -1: it says none. */
  windowScale: number;
  sack: boolean;
  timestamps: TimestampKind;
  /** Probability of leaving them out. */
  omitsTimestamps: number;
  /** Its SYN is repeated so often as if it had been lost, and first ignored so often. */
  deafToSyns: number;
  taking: Taking;
  giving: Giving;
  /** It resets the connection then; 0: never. */
  resetAfterUs: number;
  /** Reserved bits, URG and PSH as it likes. */
  oddFlags: boolean;
}

export interface Icmp {
  atUs: number;
  code: number;
  mtu: number;
  /** It quotes what is in flight; else a number of long ago. */
  inFlight: boolean;
}

export interface TcpCase {
  seed: number;
  stack: {
    congestion: 'cubic' | 'newreno';
    nagle: boolean;
    receiveWindowBytes: number;
    delayedAckUs: number;
    minRtoUs: number;
    keepAliveUs: number;
  };
  application: Application;
  toStack: Network;
  toPeer: Network;
  peer: Peer;
  icmp: readonly Icmp[];
  /** From then on network and peer are as they should be. */
  oddForUs: number;
}

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** Small numbers are as likely as large ones. */
const upTo = (most: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: 1000 }), oneOf(1, 10, 1000))
    .map(([thousandths, part]) => Math.round((thousandths * most) / (1000 * part)));
const probability = (most: number) =>
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 100 }).map((parts) => (parts * most) / 100),
  );

const network: fc.Arbitrary<Network> = fc.record({
  delayUs: oneOf(0, 20, 1000, 20_000, 150_000),
  jitterUs: oneOf(0, 0, 10, 5000),
  kbitPerS: oneOf(0, 0, 100_000, 1000),
  loss: probability(0.3),
  duplicate: probability(0.3),
  reorder: probability(0.3),
  reorderDelayUs: upTo(300_000),
  corrupt: probability(0.1),
});

const application: fc.Arbitrary<Application> = fc.record({
  writes: fc.array(
    fc.record({
      waitUs: fc.oneof(fc.constant(0), upTo(3e6)),
      bytes: upTo(30_000).map((bytes) => bytes + 1),
      acknowledged: fc.boolean(),
      freed: fc.boolean(),
    }),
    { maxLength: 6, size: 'max' },
  ),
  rests: fc.array(fc.record({ afterBytes: upTo(30_000), forUs: upTo(20e6) }), { maxLength: 2 }),
  end: fc.record({
    how: oneOf('shutdown' as const, 'shutdown' as const, 'close' as const),
    waitUs: upTo(3e6),
  }),
});

const windowBytes = fc.oneof(
  oneOf(0, 0, 1, 2, 63, 64, 500, 1460, 3000, 65_535, 1 << 20),
  fc.nat({ max: 70_000 }),
);

const taking: fc.Arbitrary<Taking> = fc.record({
  every: oneOf(1, 1, 2, 5),
  delayUs: oneOf(0, 40_000, 500_000),
  pieces: oneOf(1, 1, 2, 8),
  copies: oneOf(1, 1, 2, 3),
  halves: fc.boolean(),
  stale: probability(0.3),
  reneges: probability(0.1),
  lies: probability(0.1),
  windows: fc.array(fc.record({ bytes: windowBytes, forUs: upTo(30e6).map((us) => us + 1000) }), {
    minLength: 1,
    maxLength: 5,
  }),
  takesBack: fc.boolean(),
  tellsOpening: fc.boolean(),
});

/** A stream in tiny segments is a short one, so that a case takes milliseconds. */
const SEGMENTS_MAX = 500;
const inBounds = (giving: Giving): Giving => {
  const mean = giving.sizes.reduce((sum, size) => sum + size, 0) / giving.sizes.length;
  return { ...giving, bytes: Math.min(giving.bytes, Math.floor(SEGMENTS_MAX * mean)) };
};

const giving: fc.Arbitrary<Giving> = fc
  .record({
    bytes: fc.oneof(fc.constant(0), upTo(60_000)),
    sizes: fc.array(oneOf(1, 2, 10, 100, 536, 1400), { minLength: 1, maxLength: 4 }),
    burst: oneOf(1, 2, 10, 60),
    paceUs: oneOf(10, 1000, 100_000),
    shuffles: fc.boolean(),
    exceeds: probability(0.2),
    retransmitUs: oneOf(20_000, 300_000, 3_000_000),
    finWithData: fc.boolean(),
    holdsFinUs: fc.oneof(fc.constant(0), upTo(5e6)),
  })
  .map(inBounds);

const peer: fc.Arbitrary<Peer> = fc.record({
  opening: oneOf('its SYN' as const, 'our SYN' as const, 'both' as const),
  initialSequence: fc.oneof(oneOf(0, -1, -1000, 0x7fff_ff00), fc.integer()),
  mss: fc.oneof(oneOf(0, 1, 63, 64, 536, 1000, 1460, 9000, 65_535), fc.integer({ min: 1, max: 3000 })),
  windowScale: oneOf(-1, 0, 2, 7, 14, 15, 255),
  sack: fc.boolean(),
  timestamps: oneOf(...timestampKinds),
  omitsTimestamps: probability(0.1),
  deafToSyns: oneOf(0, 0, 1, 3),
  taking,
  giving,
  resetAfterUs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: upTo(10e6) }),
  oddFlags: fc.boolean(),
});

/** Network, host, source route failed, the four that do not end a connection either, and too large for a hop. */
const icmp: fc.Arbitrary<Icmp> = fc.record({
  atUs: upTo(10e6),
  code: oneOf(0, 1, 2, 3, 4, 4, 4, 5, 13),
  mtu: oneOf(0, 68, 576, 1000, 1499, 1500, 65_535),
  inFlight: fc.boolean(),
});

export const tcpCases: fc.Arbitrary<TcpCase> = fc.record({
  seed: fc.nat(),
  stack: fc.record({
    congestion: oneOf('cubic' as const, 'newreno' as const),
    nagle: fc.boolean(),
    receiveWindowBytes: oneOf(100, 700, 3000, 65_535, 200_000, 1 << 20),
    delayedAckUs: oneOf(0, 10_000, 200_000),
    minRtoUs: oneOf(5000, 50_000, 1_000_000),
    keepAliveUs: oneOf(0, 5_000_000, 300_000_000),
  }),
  application,
  toStack: network,
  toPeer: network,
  peer,
  icmp: fc.array(icmp, { maxLength: 3 }),
  oddForUs: upTo(60e6),
});
