/**
 * Schedules of whatever a network and two applications can do to two real stacks, for the tests of TCP, in virtual
 * time: every user timeout and every TIME-WAIT is lived through.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type HostsOptions, TestHosts } from '../../sim/test-hosts.ts';
import { type SynOptions, withoutSynOptions } from './test-segments.ts';
import { type Script, Talker } from './test-talk.ts';

export const PORT = 7000;
const HOUR_US = 3600e6;

interface Outage {
  atUs: number;
  forUs: number;
  what: 'link' | 'toServer' | 'toClient';
}

export interface Schedule {
  hosts: HostsOptions;
  /** What somebody on the way takes out of the client's SYN. */
  withheld: SynOptions;
  /** While the link is down, or only carries one way. */
  outages: readonly Outage[];
  /** Their times count from the beginning, else from when the client is connected. */
  outagesFromStart: boolean;
  server: Script;
  client: Script;
  /** The client binds a port before it connects. */
  bindsClient: boolean;
}

/** The extent to which a schedule is hard; an honest one never breaks a connection. */
interface Hardship {
  faults: number;
  corrupt: number;
  outageUs: number;
  outagesFromStart: readonly boolean[];
  ends: readonly ('shutdown' | 'close')[];
  buffers: readonly number[];
  tcp: HostsOptions['tcp'] & object;
}

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** Small numbers are as likely as large ones. */
const upTo = (most: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: 1000 }), oneOf(0.001, 0.1, 1))
    .map(([thousandths, scale]) => (thousandths / 1000) * scale * most);
const probability = (most: number) => fc.oneof(fc.constant(0), upTo(most));

function script({ ends }: Hardship): fc.Arbitrary<Script> {
  const write = fc.record({
    waitUs: fc.oneof(fc.constant(0), upTo(3e6)),
    bytes: upTo(50_000).map((bytes) => 1 + Math.floor(bytes)),
    acknowledged: fc.boolean(),
    freed: fc.boolean(),
  });
  return fc.record({
    writes: fc.array(write, { maxLength: 8, size: 'max' }),
    end: fc.record({ how: oneOf(...ends), waitUs: upTo(5e6) }),
    pops: fc.integer({ min: 1, max: 4 }),
    rests: fc.array(fc.record({ afterBytes: upTo(50_000), forUs: upTo(40e6) }), { maxLength: 2 }),
    keeps: oneOf(0, 0, 3),
  });
}

function direction({ faults, corrupt }: Hardship) {
  return fc.record({
    rateBitsPerS: oneOf(1e6, 1e8, 1e10, Infinity),
    delayUs: oneOf(0, 20, 1000, 50_000),
    queueFrames: oneOf(4, 30, 1000),
    loss: probability(faults),
    duplicate: probability(faults),
    reorder: probability(faults),
    reorderDelayUs: upTo(20_000),
    corrupt: probability(corrupt),
    seed: fc.nat(),
  });
}

function tcpOptions() {
  return fc.record({
    congestion: oneOf('cubic' as const, 'newreno' as const),
    nagle: fc.boolean(),
    receiveWindowBytes: oneOf(100, 700, 3000, 65_535, 200_000, 1 << 20),
    delayedAckUs: oneOf(0, 10_000, 200_000),
    minRtoUs: oneOf(5000, 50_000, 1e6),
  });
}

export function schedule(hardship: Hardship): fc.Arbitrary<Schedule> {
  return fc.record({
    hosts: fc.record({
      link: fc.record({
        mtu: oneOf(576, 1500, 9000),
        buffers: oneOf(...hardship.buffers),
        aToB: direction(hardship),
        bToA: direction(hardship),
      }),
      tcp: fc.tuple(tcpOptions(), tcpOptions()).map(
        ([a, b]) =>
          [
            { ...a, ...hardship.tcp },
            { ...b, ...hardship.tcp },
          ] as const,
      ),
    }),
    withheld: fc.record({
      sack: fc.boolean(),
      timestamps: fc.boolean(),
      windowScale: fc.boolean(),
      mss: fc.boolean(),
    }),
    outages: fc.array(
      fc.record({
        atUs: upTo(10e6),
        forUs: upTo(hardship.outageUs),
        what: oneOf('link' as const, 'toServer' as const, 'toClient' as const),
      }),
      { maxLength: 2 },
    ),
    outagesFromStart: oneOf(...hardship.outagesFromStart),
    server: script(hardship),
    client: script(hardship),
    bindsClient: fc.boolean(),
  });
}

function planOutages(hosts: TestHosts, outages: readonly Outage[], withheld: SynOptions): void {
  const { link } = hosts;
  const stopped = { toServer: 0, toClient: 0 };
  link.bToA.drops = (frame) => {
    withoutSynOptions(frame, withheld);
    return stopped.toServer > 0;
  };
  link.aToB.drops = () => stopped.toClient > 0;
  let down = 0;
  for (const { atUs, forUs, what } of outages) {
    hosts.after(atUs, () => {
      if (what !== 'link') stopped[what]++;
      else if (down++ === 0) link.takeDown();
    });
    hosts.after(atUs + forUs, () => {
      if (what !== 'link') stopped[what]--;
      else if (--down === 0) link.bringUp();
    });
  }
}

/** Lets both talk until everything has come to rest. `watch` is given the hosts before anything happens. */
export function play(schedule: Schedule, watch: (hosts: TestHosts) => void = () => {}) {
  const hosts = new TestHosts(schedule.hosts);
  watch(hosts);
  const { a, b } = hosts;
  const { outages, outagesFromStart, withheld } = schedule;
  planOutages(hosts, outagesFromStart ? outages : [], withheld);
  let server: Talker | null = null;
  let client: Talker | null = null;
  let refused = false;

  const listener = a.libos.socket('stream');
  a.libos.bind(listener, { address: a.address, port: PORT });
  a.libos.listen(listener, 4);
  let accepting = true;
  a.when(a.libos.accept(listener), ({ error, newQd }) => {
    accepting = false;
    if (error === null) server = new Talker(hosts, a, newQd, schedule.server, 0);
  });
  const qd = b.libos.socket('stream');
  if (schedule.bindsClient) b.libos.bind(qd, { address: b.address, port: PORT + 1 });
  b.when(b.libos.connect(qd, { address: a.address, port: PORT }), ({ error }) => {
    refused = error !== null;
    if (refused) b.libos.close(qd);
    else client = new Talker(hosts, b, qd, schedule.client, 1);
    if (!outagesFromStart) planOutages(hosts, outages, withheld);
  });

  const done = () => (refused || client?.closed === true) && (server === null || server.closed);
  expect(hosts.run(HOUR_US, done), 'both applications come to an end').toBe(true);
  // A connection that the server's side has not made by now is never made.
  hosts.run(HOUR_US, () => !accepting && server?.closed === true);
  a.libos.close(listener);
  hosts.run(HOUR_US);
  expect(accepting).toBe(false);
  return { hosts, server: server as Talker | null, client: client as Talker | null };
}

/** Breaks no connection. */
export const HONEST: Hardship = {
  faults: 0.05,
  corrupt: 0.005,
  outageUs: 20e6,
  outagesFromStart: [false],
  ends: ['shutdown'],
  buffers: [600, 1024],
  tcp: { connectTimeoutUs: 300e6, userTimeoutUs: 600e6, keepAliveUs: 300e6 },
};
/** Hopeless. */
export const ROUGH: Hardship = {
  faults: 0.4,
  corrupt: 0.2,
  outageUs: 400e6,
  outagesFromStart: [false, true],
  ends: ['shutdown', 'close'],
  buffers: [80, 600, 1024],
  tcp: { keepAliveUs: 60e6 },
};
