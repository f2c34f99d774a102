/** A real stack under attack, with an honest connection beside the attacked one, for the tests of TCP. */
import { type HostsOptions, TestHosts } from '../../sim/test-hosts.ts';
import type { TcpConnection } from './connection.ts';
import { isTcp, type Path, type SegmentFields, tcpFrame } from './test-segments.ts';

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32 };
const ATTACKED_PORT = 7000;
const HONEST_PORT = 8000;
const STRANGER = { mac: Uint8Array.of(2, 0, 0, 0, 0, 0x77), address: '10.99.0.77' };
/**
 * Frames that a stack without slow readers may hold at any time: those that wait for neighbours, and a burst.
 */
const FRAMES_HELD = 256 + 64;

/**
 * Host a is attacked, in the name of b or of others. Both have two connections: over one an honest exchange
 * goes on, the other is the attacker's.
 */
export class Attack {
  readonly hosts: TestHosts;
  readonly attacked: { a: number; b: number };
  readonly #honest: { a: number; b: number };
  /** a's end of the attacked connection, also when that has ended. */
  readonly target: TcpConnection;
  mostHeld = 0;

  constructor(options: HostsOptions = {}) {
    this.hosts = new TestHosts({ ...options, link: { both: { delayUs: 50 }, ...options.link } });
    this.attacked = this.hosts.connect(ATTACKED_PORT);
    this.#honest = this.hosts.connect(HONEST_PORT);
    this.target = this.hosts.a.connectionOf(this.attacked.a);
  }

  get stack() {
    return this.hosts.a.stack;
  }
  /** From b to a, and from somebody else to a. */
  get path(): Path {
    const { a, b } = this.hosts;
    const to = { mac: a.device.mac, address: a.address };
    return { from: { mac: b.device.mac, address: b.address }, to };
  }
  pathFrom(address: string): Path {
    return { from: { mac: STRANGER.mac, address }, to: this.path.to };
  }

  /** Puts a frame on the wire to a. */
  send(frame: Uint8Array): void {
    const { link } = this.hosts;
    link.send(link.bToA, frame, 0, frame.length);
  }

  /**
   * A segment for the attacked connection. `ahead`: from the number that is expected; `acks`: from the oldest
   * unacknowledged.
   */
  sendSegment({ ahead, acks, ...fields }: Partial<SegmentFields> & { ahead: number; acks: number }): void {
    const { localPort, remotePort, receiver, sender } = this.target;
    this.send(
      tcpFrame(this.path, {
        flags: Flag.Ack,
        options: this.timestamps(),
        ...fields,
        sourcePort: remotePort,
        destinationPort: localPort,
        sequence: (receiver.next + ahead) | 0,
        acknowledgement: (sender.unacknowledged + acks) | 0,
      }),
    );
  }

  /** The option as the attacked connection would take it. */
  timestamps(): Uint8Array {
    const option = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0);
    new DataView(option.buffer).setInt32(4, this.target.receiver.recentTimestamp);
    return option;
  }

  /** Lets time pass and looks at what the target holds meanwhile. */
  pass(us: number): void {
    const endUs = this.hosts.nowUs + us;
    while (this.hosts.nowUs < endUs && this.hosts.round(endUs)) {
      this.mostHeld = Math.max(this.mostHeld, this.hosts.a.device.buffersOut);
    }
  }

  /** How many frames a has sent while something was done. */
  sentDuring(act: () => void): number {
    const { counters } = this.hosts.link.aToB;
    const before = counters.sent;
    act();
    return counters.sent - before;
  }

  /** The attacked host gets something to send. */
  push(length: number): void {
    const { a } = this.hosts;
    const array = a.libos.alloc(length);
    array.fill(Buffer.alloc(length, 'a'));
    a.when(a.libos.push(this.attacked.a, array), ({ sga }) => {
      if (sga !== null) a.libos.free(sga);
    });
  }

  /** Sends bytes from one host to the other over a connection, and compares what arrives. */
  exchange(queues: { a: number; b: number }, bytes = 20_000): void {
    const { a, b } = this.hosts;
    for (const [from, to, fromQd, toQd] of [
      [a, b, queues.a, queues.b],
      [b, a, queues.b, queues.a],
    ] as const) {
      const data = Buffer.alloc(bytes, `${this.hosts.nowUs} to ${to.address}`);
      const array = from.libos.alloc(bytes);
      array.fill(data);
      let pushed = false;
      from.when(from.libos.push(fromQd, array), ({ sga }) => {
        from.libos.free(sga!);
        pushed = true;
      });
      const received: Uint8Array[] = [];
      let length = 0;
      const pop = () =>
        to.when(to.libos.pop(toQd), ({ sga, error }) => {
          if (sga === null) throw new Error(`the connection ended: ${error}`);
          received.push(sga.copyOut());
          length += sga.byteLength;
          to.libos.free(sga);
          if (length < bytes) pop();
        });
      pop();
      if (!this.hosts.run(20e6, () => length >= bytes && pushed))
        throw new Error('the exchange does not end');
      if (!Buffer.concat(received).equals(data)) throw new Error('what came is not what was sent');
    }
  }

  /** The honest connection works, and no more is kept than may be. */
  checkUnharmed(mostHeld = FRAMES_HELD): void {
    this.exchange(this.#honest);
    const held = Math.max(this.mostHeld, this.hosts.a.device.buffersOut);
    if (held > mostHeld) throw new Error(`the host held ${held} frames`);
  }

  /** From now on only the attacker speaks for the peer of the attacked connection. */
  silencePeer(): void {
    const { link } = this.hosts;
    link.aToB.drops = (frame) => isTcp(frame) && ((frame[34] << 8) | frame[35]) === ATTACKED_PORT;
  }

  /** What has come over the attacked connection and nobody has read, taken out. */
  read(): Buffer {
    const pieces: Uint8Array[] = [];
    const { queue } = this.target.receiver;
    for (let segment = queue.shift(); segment !== null; segment = queue.shift()) {
      pieces.push(segment.bytes.slice(segment.offset, segment.offset + segment.length));
      segment.home.give(segment);
    }
    return Buffer.concat(pieces);
  }

  /** Closes everything: in the end nothing is left of it. */
  checkNothingLeft(): void {
    const { hosts } = this;
    for (const queues of [this.attacked, this.#honest]) {
      hosts.a.libos.close(queues.a);
      hosts.b.libos.close(queues.b);
    }
    hosts.run(3600e6);
    const left = hosts.leftovers();
    if (left.length > 0) throw new Error(`left: ${left.join(', ')}`);
  }
}
