/**
 * Does what a script of segments says, in virtual time: the peer of test-peer.ts sends what the script sends, and what
 * the stack sends is held against what the script expects. All that it sends must be expected, at its time.
 */
import { ipv4Packet, plainChecksum } from '../test-device.ts';
import { Unreachable } from '../wire/icmp.ts';
import {
  OUR_ADDRESS,
  OUR_PORT,
  PEER_ADDRESS,
  PEER_CLOCK,
  PEER_PORT,
  type Script,
  TestPeer,
} from './test-peer.ts';
import {
  type IcmpMessage,
  PLAIN_SEGMENT,
  printSegment,
  printStatement,
  printTime,
  type ScriptLine,
  type SegmentLine,
  type SegmentScript,
  type Statement,
  type When,
} from './test-script.ts';
import { checkFault } from './test-script-checks.ts';
import { differences } from './test-script-compare.ts';
import { Flow, type Heard, numbers } from './test-script-flow.ts';
import { worldOf } from './test-script-options.ts';
import { ScriptSyntaxError } from './test-script-words.ts';

/** A timer may be due a fraction of a microsecond beside what a script can say. */
const TOLERANCE_US = 1;
/** What the clock and the last segment say. */
const CURRENT = { value: null, echo: null } as const;
/** Of the exchange, in an error. */
const LINES_SHOWN = 12;
const icmpCodes: Record<IcmpMessage, number> = {
  'net-unreachable': Unreachable.Network,
  'host-unreachable': Unreachable.Host,
  'protocol-unreachable': Unreachable.Protocol,
  'port-unreachable': Unreachable.Port,
  'fragmentation-needed': Unreachable.FragmentationNeeded,
  'source-route-failed': Unreachable.SourceRouteFailed,
};

/** The stack does not do what a script expects, or the script cannot be done. */
export class ScriptFailure extends Error {
  constructor(file: string, line: number, message: string, exchange: readonly string[]) {
    const shown = exchange.slice(-LINES_SHOWN).map((text) => `    ${text}`);
    const head = exchange.length > LINES_SHOWN ? ['    ...'] : [];
    super([`${file}:${line}: ${message}`, '  the exchange until then:', ...head, ...shown].join('\n'));
    this.name = 'ScriptFailure';
  }
}

/**
 * Runs a script. What the test has around the stack lives until TestPeer.checkAll.
 *
 * @param onLine is called with each line of the exchange as it happens
 * @throws ScriptFailure
 */
export function runScript(
  script: SegmentScript,
  file: string,
  onLine: (text: string) => void = () => {},
): void {
  new ScriptRun(script, file, onLine).run();
}

class ScriptRun {
  readonly #script: SegmentScript;
  readonly #file: string;
  readonly #onLine: (text: string) => void;
  readonly #peer: TestPeer;
  readonly #flows = new Map<string, Flow>();
  readonly #exchange: string[] = [];
  /** What the stack has sent and the script has not come to yet. */
  #heard: Heard[] = [];
  readonly #startUs: number;
  /** Time of the line before. */
  #markUs: number;
  #line: ScriptLine;
  /** The stack has not looked yet at what the peer has sent. */
  #together = false;

  constructor(script: SegmentScript, file: string, onLine: (text: string) => void) {
    this.#script = script;
    this.#file = file;
    this.#onLine = onLine;
    this.#line = script.lines[0] as ScriptLine;
    try {
      this.#peer = new TestPeer(worldOf(script.options, script.optionsNumber));
    } catch (error) {
      if (error instanceof ScriptSyntaxError) throw new ScriptFailure(file, error.line, error.message, []);
      throw error;
    }
    const peer = this.#peer;
    peer.ourIss = 0;
    this.#startUs = peer.nowUs;
    this.#markUs = peer.nowUs;
    peer.onTold = (told) => {
      const heard = this.#flow(told.port, told.peerPort).hear(told, this.#startUs);
      this.#heard.push(heard);
      this.#log(`> ${printSegment(heard)}`);
    };
  }

  run(): void {
    this.#runLines(this.#script.lines);
    this.#requireSilence('at the end of the script');
  }

  #runLines(lines: readonly ScriptLine[]): void {
    for (const line of lines) {
      this.#line = line;
      try {
        this.#do(line);
      } catch (error) {
        // What the peer finds wrong by itself, such as a checksum.
        if (error instanceof ScriptFailure) throw error;
        this.#fail((error as Error).message);
      }
    }
  }

  #fail(message: string): never {
    throw new ScriptFailure(this.#file, this.#line.number, message, this.#exchange);
  }

  #do({ when, statement }: ScriptLine): void {
    if (statement.kind === 'comes') {
      this.#expect(statement.segment, when);
      return;
    }
    if (when !== null) this.#passUntil(this.#timeOf(when), `before "${printStatement(statement)}"`);
    switch (statement.kind) {
      case 'repeat':
        for (let i = 0; i < statement.times; i++) this.#runLines(statement.lines);
        return;
      case 'established':
        this.#establish(statement.syn, statement.rttUs ?? 0);
        return;
      case 'passes':
        this.#pass(statement);
        return;
      case 'state':
      case 'error':
      case 'value':
      case 'counter': {
        const fault = checkFault(this.#peer, statement);
        if (fault !== null) this.#fail(fault);
        return;
      }
      default:
        this.#requireSilence(`before "${printStatement(statement)}"`);
        this.#act(statement);
    }
  }

  // Time

  #timeOf({ since, us }: When): number {
    return (since === 'start' ? this.#startUs : this.#markUs) + us;
  }

  /** Lets time pass until `us`, or until the stack has sent something. */
  #advance(us: number): void {
    const peer = this.#peer;
    if (us < peer.nowUs - TOLERANCE_US) this.#fail(`it is later already: ${this.#time(peer.nowUs)}`);
    while (this.#heard.length === 0) {
      const nextUs = Math.max(peer.nowUs, peer.stack.pollAt());
      if (nextUs > us + TOLERANCE_US) {
        if (us > peer.nowUs) peer.link.advanceTo(us);
        return;
      }
      peer.link.advanceTo(nextUs);
      peer.run();
    }
  }

  /** The stack looks at what has come. */
  #look(): void {
    if (this.#together) this.#peer.run();
    this.#together = false;
  }

  #passUntil(us: number, when: string): void {
    this.#look();
    this.#requireSilence(when);
    this.#advance(us);
    this.#requireSilence(when);
    this.#markUs = us;
  }

  #pass({ what, since, us }: Extract<Statement, { kind: 'passes' }>): void {
    const endUs = this.#timeOf({ since, us, untilUs: null });
    this.#look();
    if (what === 'nothing') {
      this.#passUntil(endUs, `in "${printStatement(this.#line.statement)}"`);
      return;
    }
    for (;;) {
      for (const heard of this.#heard.splice(0)) heard.flow.note(heard);
      this.#advance(endUs);
      if (this.#heard.length === 0) break;
    }
    this.#markUs = endUs;
  }

  #requireSilence(when: string): void {
    const first = this.#heard[0];
    if (first === undefined) return;
    this.#fail(
      `nothing was to be sent ${when}, but at ${this.#time(first.atUs)} came\n    > ${printSegment(first)}`,
    );
  }

  // The stack's segments

  #expect(segment: SegmentLine, when: When | null): void {
    this.#look();
    const fromUs = when === null ? this.#markUs : this.#timeOf(when);
    const toUs = when?.untilUs == null ? fromUs : fromUs + when.untilUs - when.us;
    if (this.#heard.length === 0) this.#advance(toUs);
    const first = this.#heard[0];
    const wanted = `expected > ${printSegment(segment)}`;
    if (first === undefined)
      this.#fail(`${wanted}\n  but nothing came until ${this.#time(toUs)}, ${this.#next()}`);
    if (first.atUs < fromUs - TOLERANCE_US || first.atUs > toUs + TOLERANCE_US) {
      const times = fromUs === toUs ? this.#time(fromUs) : `${this.#time(fromUs)} to ${this.#time(toUs)}`;
      this.#fail(
        `${wanted} at ${times}\n  but at ${this.#time(first.atUs)} came\n    > ${printSegment(first)}`,
      );
    }
    const flow = this.#flow(segment.from ?? OUR_PORT, segment.to ?? PEER_PORT);
    const seq = segment.seq ?? (segment.flags.includes('S') ? 0 : flow.ourNext);
    const whole = { ...segment, seq, ack: absolute(segment.ack, flow.ourAck) };
    this.#take(whole, flow, wanted);
    this.#markUs = when === null ? this.#markUs : first.atUs;
  }

  /** What comes behind the end of the script's patience, in words. */
  #next(): string {
    this.#advance(this.#peer.nowUs + 60e6);
    const next = this.#heard[0];
    if (next === undefined) return 'nor in the minute behind that';
    return `and at ${this.#time(next.atUs)}\n    > ${printSegment(next)}`;
  }

  /** Takes the segments that make up what is expected: several, if it is more data than one has. */
  #take(expected: SegmentLine & { seq: number }, flow: Flow, wanted: string): void {
    let left = expected.bytes;
    let { seq } = expected;
    let each = expected.by;
    do {
      const heard = this.#heard.shift();
      if (heard === undefined) this.#fail(`${wanted}\n  but only ${expected.seq}:${seq} came`);
      each ??= Math.min(left, heard.bytes);
      const bytes = Math.min(left, each);
      left -= bytes;
      const last = left <= 0;
      // FIN and PSH are with the last of it.
      const flags = last ? expected.flags : expected.flags.replace(/[FP]/g, '');
      const found = differences({ ...expected, flags, seq, bytes }, heard);
      if (heard.flow !== flow) found.unshift('its ports are others');
      if (found.length > 0) this.#fail(`${wanted}\n  but ${found.join(', ')}:\n    > ${printSegment(heard)}`);
      flow.note(heard);
      seq += bytes;
      if (last) return;
    } while (left > 0);
  }

  #flow(ourPort: number, peerPort: number): Flow {
    const key = `${ourPort} ${peerPort}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = new Flow(this.#peer, ourPort, peerPort);
      this.#flows.set(key, flow);
    }
    return flow;
  }

  // The peer and the application

  #act(statement: Statement): void {
    const peer = this.#peer;
    // What has come together with it is seen first, and answered with what follows.
    if (this.#together && statement.kind !== 'sends') {
      peer.stack.poll();
      this.#together = false;
    }
    // Of these the exchange shows what they have come to.
    if (!['sends', 'pop', 'pop-end'].includes(statement.kind)) this.#log(printStatement(statement));
    switch (statement.kind) {
      case 'sends':
        this.#send(statement.segment, statement.together);
        return;
      case 'icmp':
        peer.injectPacket(1, this.#icmpMessage(statement));
        break;
      case 'listen':
        peer.listen(statement.backlog ?? undefined);
        break;
      case 'push':
        this.#requireConnection();
        peer.push(statement.bytes, statement.by ?? undefined);
        return;
      case 'pop':
        this.#pop(statement.bytes, statement.of);
        break;
      case 'pop-end':
        this.#popEnd();
        break;
      case 'set':
        this.#requireConnection();
        if (statement.option === 'keep-alive') peer.connection.keepAliveAfter(statement.us);
        else peer.connection.sender.giveUpAfter(statement.us);
        break;
      case 'link':
        if (statement.up) peer.link.bringUp();
        else peer.link.takeDown();
        break;
      case 'arp':
        peer.answersArp = statement.answers;
        break;
      case 'call':
        this.#call(statement);
        break;
      default:
        throw new Error(`${statement.kind} is no act`);
    }
    peer.run();
  }

  #call(statement: Extract<Statement, { kind: 'call' }>): void {
    const peer = this.#peer;
    switch (statement.name) {
      case 'connect':
        peer.connect();
        return;
      case 'accept':
        if (peer.listener === null) this.#fail('"accept" without "listen"');
        peer.accepted();
        return;
      case 'shutdown':
        this.#requireConnection();
        peer.finish();
        return;
      case 'close':
        this.#requireConnection();
        peer.abandon();
        return;
      case 'stop-listening':
        peer.tcp.listeners.clear();
    }
  }

  #send(segment: SegmentLine, together: boolean): void {
    const peer = this.#peer;
    this.#together = together;
    const flow = this.#flow(segment.to ?? OUR_PORT, segment.from ?? PEER_PORT);
    const { flags, bytes, absent, offset, urgent } = segment;
    const seq = segment.seq ?? (flags.includes('S') ? 0 : flow.peerNext);
    const ack = absolute(segment.ack, flow.peerAck);
    if (segment.win !== null) peer.window = segment.win;
    const isMain = segment.from === null && segment.to === null;
    if (isMain && flags.includes('S')) peer.timestamps = segment.ts !== null;
    const ts = segment.ts ?? (peer.timestamps && !absent.includes('ts') ? CURRENT : null);
    this.#log(`< ${printSegment({ ...segment, seq, ack, ts, win: peer.window })}`);
    const script: Script = {
      flags: ack === null ? flags : `${flags}A`,
      seq,
      ack: ack === null ? undefined : flow.forPeer(ack.number),
      bytes,
      mss: segment.mss ?? undefined,
      windowScale: segment.wscale ?? undefined,
      sackPermitted: segment.sackok,
      timestamps: absent.includes('ts') ? null : this.#timestamps(segment, flow),
      sack:
        segment.sack.length > 0
          ? segment.sack.map(([start, end]) => [flow.forPeer(start), flow.forPeer(end)])
          : undefined,
      options: segment.raw,
      port: segment.to ?? undefined,
      peerPort: segment.from ?? undefined,
      badChecksum: segment.badChecksum,
      spoil: (header) => {
        if (offset !== null) header[12] = offset << 4;
        if (urgent !== null) header.set([urgent >> 8, urgent & 0xff], 18);
      },
    };
    peer.inject(script);
    if (!flags.includes('R')) flow.peerNext = Math.max(flow.peerNext, seq + numbers(bytes, flags));
    if (ack !== null) flow.peerAck = ack.number;
    if (!together) peer.run();
  }

  /** undefined: as the peer's clock and the last segment say. */
  #timestamps({ ts }: SegmentLine, flow: Flow): Script['timestamps'] {
    if (ts === null || (ts.value === null && ts.echo === null)) return undefined;
    const value = ts.value === null ? this.#peer.peerClock() : (PEER_CLOCK + ts.value) | 0;
    if (ts.echo === 'none' || (ts.echo === null && flow.clock === null)) return [value, 0];
    if (flow.clock === null) return this.#fail('nothing that can be echoed has come');
    const elapsed = Math.floor(this.#peer.nowUs / 1000) - Math.floor(this.#startUs / 1000);
    return [value, (flow.clock + (ts.echo ?? elapsed)) | 0];
  }

  #icmpMessage({ message, mtu, quoting }: Extract<Statement, { kind: 'icmp' }>): Uint8Array {
    const start = new Uint8Array(8);
    const view = new DataView(start.buffer);
    view.setUint16(0, OUR_PORT);
    view.setUint16(2, PEER_PORT);
    view.setInt32(4, (this.#flow(OUR_PORT, PEER_PORT).base + quoting) | 0);
    const quote = ipv4Packet({ protocol: 6, source: OUR_ADDRESS, destination: PEER_ADDRESS }, start);
    const hop = mtu ?? 0;
    const bytes = Uint8Array.of(3, icmpCodes[message], 0, 0, 0, 0, hop >> 8, hop & 0xff, ...quote);
    const checksum = plainChecksum(bytes);
    bytes.set([checksum >> 8, checksum & 0xff], 2);
    return bytes;
  }

  #pop(bytes: number | null, of: number | null): void {
    this.#requireConnection();
    const unread = this.#peer.connection.receiver.queue.bytes;
    const there = of ?? bytes;
    if (there !== null && unread !== there)
      this.#fail(`${unread} bytes have come that nobody has read, not ${there}`);
    const read = this.#peer.read(bytes ?? undefined);
    if (bytes !== null && read !== bytes)
      this.#fail(`pop hands out whole arrays: ${read} bytes, not ${bytes}`);
    this.#log(`pop ${read}`);
  }

  #requireConnection(): void {
    if (this.#peer.connection === undefined) this.#fail('no connection: "connect" or "accept" comes before');
  }

  #popEnd(): void {
    this.#requireConnection();
    const { receiver } = this.#peer.connection;
    if (receiver.queue.bytes > 0)
      this.#fail(`${receiver.queue.bytes} bytes stand before the end of the stream`);
    if (!receiver.finReceived) this.#fail('the stream has not ended: no FIN, or data before it is missing');
    this.#log('pop end');
  }

  /** A handshake that is not the script's subject. */
  #establish(said: SegmentLine, rttUs: number): void {
    const offers = said.mss !== null || said.sackok || said.wscale !== null || said.ts !== null;
    const syn = { ...said, ...(offers ? {} : { mss: 1000, sackok: true }), flags: 'S' };
    const answer: SegmentLine = { ...PLAIN_SEGMENT, ack: { number: 1, relative: false } };
    if (this.#peer.listener === null) this.#peer.listen();
    this.#requireSilence('before the handshake');
    this.#send(syn, false);
    this.#expect({ ...answer, flags: 'S' }, null);
    this.#passUntil(this.#markUs + rttUs, 'in the handshake');
    this.#send(answer, false);
    this.#requireSilence('at the end of the handshake');
    this.#peer.accepted();
  }

  // The exchange

  #time(us: number): string {
    return printTime(Math.round(us - this.#startUs));
  }

  #log(text: string): void {
    const line = `${this.#time(this.#peer.nowUs).padStart(10)}  ${text}`;
    this.#exchange.push(line);
    this.#onLine(line);
  }
}

function absolute(ack: SegmentLine['ack'], before: number): SegmentLine['ack'] {
  return ack?.relative ? { number: before + ack.number, relative: false } : ack;
}
