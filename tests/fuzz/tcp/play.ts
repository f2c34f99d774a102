/**
 * Plays a case of the TCP fuzzer in virtual time: our stack and its application at one end of a simulated link, the odd
 * peer at the other. Throws when the stack breaks a rule of watch.ts, keeps too much, waits for nothing, turns in
 * circles, or has not brought both streams whole to their ends, although the network and the peer have been as they
 * should be for a long time.
 */
import type { TcpConnection } from '../../../libos/inet/tcp/connection.ts';
import { TcpState } from '../../../libos/inet/tcp/states.ts';
import { arpFrame, icmpFrame, type Path, tcpFrame } from '../../../libos/inet/tcp/test-segments.ts';
import type { DirectionOptions } from '../../../libos/sim/direction.ts';
import { SimulatedLink } from '../../../libos/sim/link.ts';
import { addresses, Host } from '../../../libos/sim/test-hosts.ts';
import { Application } from './application.ts';
import { requireBounded } from './bounds.ts';
import type { Icmp, Network, TcpCase } from './case.ts';
import { OddPeer } from './odd-peer.ts';
import { Flag } from './segment.ts';
import { Watch } from './watch.ts';

const STACK_PORT = 7000;
const PEER_PORT = 6000;
/** 10.99.0.2 */
const PEER_ADDRESS = 0x0a630002;
const START_US = 1e6;
/** For both streams, once all is as it should be: RTOs have backed off to a minute. */
const PATIENCE_US = 1800e6;
/** For what is left of the connection then: TIME-WAIT, and what it waited for before. */
const REST_US = 7200e6;
const SETTLE_US = 1e6;
const ROUNDS_MAX = 400_000;
const LONGEST_PAUSE_US = 10_000;
const SHORTEST_PAUSE_US = 0.1;
const BUFFERS = 1024;
/** Half of the device's stay for others, and a burst is on its way. */
const BUFFERS_HELD_MAX = BUFFERS / 2 + 64;
const POOL_BYTES_MAX = 4 * 1024 * 1024;

export function playTcp(testCase: TcpCase, tell: (line: string) => void = () => {}): void {
  new Play(testCase, tell).run();
}

class Play {
  readonly #case: TcpCase;
  readonly #link: SimulatedLink;
  readonly #host: Host;
  readonly #peer: OddPeer;
  readonly #watch: Watch;
  readonly #path: Path;
  readonly #planned: { atUs: number; act: () => void }[] = [];
  #application: Application | null = null;
  #connection: TcpConnection | null = null;
  #connectError: string | null = null;
  #listener: number | null = null;
  #rounds = 0;
  #pauseUs = SHORTEST_PAUSE_US;

  constructor(testCase: TcpCase, tell: (line: string) => void) {
    this.#case = testCase;
    const seeds = { aToB: { seed: testCase.seed }, bToA: { seed: testCase.seed + 1 } };
    this.#link = new SimulatedLink({ buffers: BUFFERS, both: { queueFrames: 1e6 }, ...seeds });
    this.#link.advanceTo(START_US);
    const tcp = { ...testCase.stack, userTimeoutUs: 1e12, connectTimeoutUs: PATIENCE_US };
    this.#host = new Host(this.#link.a, 0, tcp, {});
    const to = { mac: this.#link.a.mac, address: this.#host.address };
    this.#path = { from: { mac: this.#link.b.mac, address: addresses[1] }, to };
    const link = this.#link;
    this.#watch = new Watch(testCase, PEER_PORT, () => link.nowUs, tell);
    const after = (us: number, act: () => void): void => this.#after(us, act);
    this.#peer = new OddPeer(testCase.peer, testCase.seed, {
      get nowUs() {
        return link.nowUs;
      },
      after,
      send: (frame) => this.#send(frame),
      path: this.#path,
      stackPort: STACK_PORT,
      peerPort: PEER_PORT,
    });
    this.#listenToBoth();
  }

  run(): void {
    const { oddForUs, toPeer, toStack, icmp } = this.#case;
    // The stack knows the peer's Ethernet address.
    this.#send(arpFrame(this.#path, 1));
    this.#round(START_US);
    impair(this.#link.aToB.options, toPeer);
    impair(this.#link.bToA.options, toStack);
    this.#open();
    for (const message of icmp) this.#after(message.atUs, () => this.#sendIcmp(message));
    this.#after(oddForUs, () => {
      for (const { options } of [this.#link.aToB, this.#link.bToA]) impair(options, HONEST);
      this.#peer.calmDown();
    });
    const gone = (): boolean => this.#host.stack.tcp.connections.size === 0;
    // A peer that resets a connection before we know that it stands has never been there.
    const neverWas = (): boolean => this.#application === null && this.#peer.state === 'gone' && gone();
    const ended = (): boolean =>
      this.#connectError !== null || this.#application?.closed === true || neverWas();
    if (!this.#turn(oddForUs + PATIENCE_US, ended))
      throw new Error(`it does not come to an end: ${this.#where()}`);
    if (!this.#turn(REST_US, gone)) throw new Error(`the connection stays: ${this.#where()}`);
    this.#closeListener();
    // A last reset leaves with the next exchange.
    this.#turn(SETTLE_US, () => false);
    this.#checkOutcome();
    this.#checkNothingLeft();
  }

  #open(): void {
    const { opening } = this.#case.peer;
    const { libos } = this.#host;
    const address = this.#host.address;
    const qd = libos.socket('stream');
    libos.bind(qd, { address, port: STACK_PORT });
    if (opening === 'its SYN') {
      libos.listen(qd, 4);
      this.#listener = qd;
      this.#host.when(libos.accept(qd), ({ newQd, error }) => {
        if (error !== null) return;
        this.#closeListener();
        this.#start(newQd);
      });
      this.#peer.open();
      return;
    }
    this.#host.when(libos.connect(qd, { address: addresses[1], port: PEER_PORT }), ({ error }) => {
      this.#connectError = error;
      if (error === null) this.#start(qd);
      else libos.close(qd);
    });
  }

  #closeListener(): void {
    if (this.#listener !== null) this.#host.libos.close(this.#listener);
    this.#listener = null;
  }

  #start(qd: number): void {
    this.#connection = this.#host.connectionOf(qd);
    this.#application = new Application(this.#host, qd, this.#case.application, (us, act) =>
      this.#after(us, act),
    );
  }

  #listenToBoth(): void {
    const { a, aToB } = this.#link;
    aToB.drops = (frame) => {
      this.#watch.sent(frame);
      return false;
    };
    const exchange = a.exchange.bind(a);
    a.exchange = () => {
      const count = exchange();
      for (const { bytes, offset, length } of a.received.slice(0, count)) {
        this.#watch.delivered(bytes.subarray(offset, offset + length));
      }
      return count;
    };
    const { tcp } = this.#host.stack;
    const find = (): TcpConnection | null => tcp.connections.find(STACK_PORT, PEER_ADDRESS, PEER_PORT);
    const transmit = a.transmit.bind(a);
    a.transmit = (frame) => {
      this.#watch.made(find());
      transmit(frame);
    };
    const process = tcp.process.bind(tcp);
    tcp.process = (frame, checksum) => {
      const { bytes, offset, length } = frame;
      return this.#watch.looks(bytes.slice(offset, offset + length), find, () => process(frame, checksum));
    };
  }

  #send(frame: Uint8Array): void {
    this.#link.send(this.#link.bToA, frame, 0, frame.length);
  }

  #sendIcmp({ code, mtu, inFlight }: Icmp): void {
    if (this.#connection === null || this.#connection.hasEnded) return;
    const { from, to } = this.#path;
    const { unacknowledged } = this.#connection.sender;
    const sequence = inFlight ? unacknowledged : (unacknowledged - 1_000_000) | 0;
    const ports = { sourcePort: STACK_PORT, destinationPort: PEER_PORT };
    const quoted = tcpFrame({ from: to, to: from }, { ...ports, sequence, flags: Flag.Ack });
    const message = new Uint8Array(36);
    message.set([3, code, 0, 0, 0, 0, mtu >> 8, mtu & 0xff]);
    message.set(quoted.subarray(14, 14 + 28), 8);
    this.#send(icmpFrame(this.#path, message));
  }

  // Time

  #after(us: number, act: () => void): void {
    const atUs = this.#link.nowUs + us;
    let index = this.#planned.length;
    while (index > 0 && this.#planned[index - 1].atUs > atUs) index--;
    this.#planned.splice(index, 0, { atUs, act });
  }

  /** Lets time pass until `done`, until nothing is to come, or for `us`. Returns whether it is done. */
  #turn(us: number, done: () => boolean): boolean {
    const endUs = this.#link.nowUs + us;
    while (!done()) {
      if (this.#link.nowUs >= endUs || !this.#round(endUs)) return done();
      if (this.#rounds > ROUNDS_MAX) throw new Error(`${ROUNDS_MAX} rounds, and no end: ${this.#where()}`);
    }
    return true;
  }

  /** Everybody acts once. Returns whether something is to come. */
  #round(endUs: number): boolean {
    const link = this.#link;
    this.#rounds++;
    const before = this.#watch.framesSent + this.#watch.framesDelivered;
    while (this.#planned.length > 0 && this.#planned[0].atUs <= link.nowUs) this.#planned.shift()?.act();
    for (let count = link.b.exchange(); count > 0; count = link.b.exchange()) {
      for (const frame of link.b.received.slice(0, count)) {
        this.#peer.receive(frame.bytes.slice(frame.offset, frame.offset + frame.length));
        link.b.give(frame);
      }
    }
    const completed = this.#host.poll();
    this.#checkState();
    const idle = completed === 0 && before === this.#watch.framesSent + this.#watch.framesDelivered;
    this.#pauseUs = idle ? Math.min(2 * this.#pauseUs, LONGEST_PAUSE_US) : SHORTEST_PAUSE_US;
    const nextUs = this.#nextUs();
    // Whoever asks to be polled at once gets that only while something comes of it.
    const atUs = nextUs <= link.nowUs ? link.nowUs + this.#pauseUs : nextUs;
    if (Math.min(atUs, endUs) < Infinity) link.advanceTo(Math.max(link.nowUs, Math.min(atUs, endUs)));
    return nextUs < Infinity;
  }

  #nextUs(): number {
    const { stack, libos } = this.#host;
    if (libos.tokens.readyCount > 0) return this.#link.nowUs;
    const planned = this.#planned.length > 0 ? this.#planned[0].atUs : Infinity;
    return Math.min(planned, this.#link.nextEventUs(), stack.pollAt());
  }

  // What holds at any time, and in the end

  #checkState(): void {
    const { stack, pool, device } = this.#host;
    const { nowUs } = this.#link;
    requireBounded(stack);
    if (stack.tcp.connections.size > 2) throw new Error(`${stack.tcp.connections.size} connections`);
    if (device.buffersOut > BUFFERS_HELD_MAX) throw new Error(`${device.buffersOut} frames are held`);
    if (pool.mappedBytes > POOL_BYTES_MAX)
      throw new Error(`${pool.mappedBytes} bytes of the pool are in use`);
    // At rest, whoever waits for an answer has a timer.
    if (stack.pollAt() <= nowUs || device.waitingFrames > 0) return;
    stack.tcp.connections.forEach(({ state, sender, deadlines }) => {
      if (state === TcpState.TimeWait || !sender.hasUnfinished || deadlines.retransmissionRuns) return;
      throw new Error(`something is outstanding in state ${state}, and no timer runs`);
    });
  }

  #checkOutcome(): void {
    const { peer } = this.#case;
    const application = this.#application;
    const resets = peer.resetAfterUs > 0;
    if (application === null) {
      // It was reset before; or nobody answered, nor did the neighbour's address.
      if (resets || this.#connectError === 'HOST_UNREACHABLE') return;
      throw new Error(`connect: ${this.#connectError}`);
    }
    if (application.error !== null) {
      if (resets && application.error === 'CONNECTION_RESET') return;
      throw new Error(`the application is told ${application.error}`);
    }
    if (!application.closedEarly && application.receivedBytes !== peer.giving.bytes) {
      throw new Error(`the end came behind ${application.receivedBytes} of ${peer.giving.bytes} bytes`);
    }
    // Whoever closes without having read all resets the peer, which may not hear of it.
    if (resets || (application.closedEarly && this.#watch.resets > 0)) return;
    // What it says late, to a connection that has ended well, is answered with a reset too.
    const { ended, next } = this.#peer.taking;
    if (!ended || next - 1 !== application.pushedBytes) {
      const reset = this.#peer.wasReset ? 'was reset' : 'was not reset';
      throw new Error(`the peer, which ${reset}, has ${next - 1} of ${application.pushedBytes} bytes`);
    }
  }

  #checkNothingLeft(): void {
    const { pool, device, libos, pending } = this.#host;
    const pooled = pool.mappedBytes - pool.freeBytes;
    const operations = pending + libos.tokens.readyCount;
    if (device.buffersOut + pooled + operations === 0) return;
    throw new Error(
      `left: ${device.buffersOut} frames, ${pooled} bytes of the pool, ${operations} operations`,
    );
  }

  #where(): string {
    const { unacknowledged, sent } = this.#peer.giving;
    const told = [
      `after ${Math.round((this.#link.nowUs - START_US) / 1000)} ms`,
      `state ${this.#connection?.state}, in flight ${this.#connection?.sender.inFlight}`,
      `peer ${this.#peer.state}, has ${this.#peer.taking.next}, gave ${unacknowledged} of ${sent}`,
      `application has ${this.#application?.receivedBytes}, end ${this.#application?.endOfStream}`,
    ];
    return told.join('; ');
  }
}

const HONEST: Network = {
  delayUs: 1000,
  jitterUs: 0,
  kbitPerS: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderDelayUs: 0,
  corrupt: 0,
};

function impair(options: DirectionOptions, { kbitPerS, ...faults }: Network): void {
  Object.assign(options, faults, { rateBitsPerS: kbitPerS === 0 ? Infinity : kbitPerS * 1000 });
}
