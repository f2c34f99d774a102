/** Reads what a line of a script says of a segment. */
import { ABSENCES, type Absence, FLAG_ORDER, PLAIN_SEGMENT, type SegmentLine } from './test-script.ts';
import type { Words } from './test-script-words.ts';

const FLAGS = /^([SFRPU]*)(\.?)$/;
const RANGE = /^(-?\d{1,10}):(-?\d{1,10})$/;
const ADDED = /^\+(\d{1,9})$/;
const SINGLE = /^-?\d{1,10}$/;
const OFFERS = ['win', 'mss', 'wscale', 'sackok', 'ts'];
const OF_ANY = [...OFFERS, 'ack', 'sack', 'no', 'from', 'to'];
const OF_SENT = [...OF_ANY, 'opt', 'offset', 'urgent', 'badsum'];
const OF_EXPECTED = [...OF_ANY, 'by'];

export class SegmentReader {
  readonly #words: Words;
  readonly #segment = { ...PLAIN_SEGMENT };
  readonly #said = new Set<string>();
  #rttUs: number | null = null;
  #dot = false;

  constructor(words: Words) {
    this.#words = words;
  }

  /** A segment that the peer sends. */
  sent(): SegmentLine {
    this.#flagsAndNumbers();
    this.#fields(OF_SENT);
    const { flags, ack, absent } = this.#segment;
    if (ack === null && !/[SR]/.test(flags) && !absent.includes('ack'))
      this.#words.fail(
        '"ack" is missing; every segment but a first SYN and a reset has it, unless it says "no ack"',
      );
    if (ack !== null && absent.includes('ack')) this.#words.fail('"ack" and "no ack"');
    return this.#segment;
  }

  /** One that is to come. */
  expected(): SegmentLine {
    this.#flagsAndNumbers();
    this.#fields(OF_EXPECTED);
    const { by, bytes, absent } = this.#segment;
    if (absent.includes('ack'))
      this.#words.fail('what comes has an ACK unless it is a SYN or reset without "ack"');
    if (by !== null && bytes === 0) this.#words.fail('"by" is for segments with data');
    return this.#segment;
  }

  /** What the peer's SYN offers in a handshake that is not the script's subject. */
  opening(): { syn: SegmentLine; rttUs: number | null } {
    this.#fields([...OFFERS, 'rtt']);
    return { syn: this.#segment, rttUs: this.#rttUs };
  }

  #flagsAndNumbers(): void {
    const words = this.#words;
    const flags = words.peek() === undefined ? null : words.takeIfMatches(FLAGS);
    if (flags !== null) {
      const [, letters, dot] = flags;
      this.#dot = dot !== '';
      if (new Set(letters).size < letters.length) words.fail(`"${letters}" has a flag twice`);
      this.#segment.flags = [...FLAG_ORDER].filter((flag) => letters.includes(flag)).join('');
    }
    const range = words.takeIfMatches(RANGE);
    const added = range === null ? words.takeIfMatches(ADDED) : null;
    if (range !== null) {
      const [start, end] = [Number(range[1]), Number(range[2])];
      if (end <= start) words.fail(`${start}:${end} is no range; an empty segment is written as ${start}`);
      this.#segment.seq = start;
      this.#segment.bytes = end - start;
    } else if (added !== null) {
      this.#segment.bytes = Number(added[1]);
      if (this.#segment.bytes === 0) words.fail('+0 are no bytes');
    } else {
      const single = words.takeIfMatches(SINGLE);
      if (single !== null) this.#segment.seq = Number(single[0]);
    }
  }

  #fields(allowed: readonly string[]): void {
    const words = this.#words;
    while (!words.isAtEnd) {
      const name = words.word('a field');
      if (!allowed.includes(name)) words.fail(`"${name}" is none of ${allowed.join(', ')}`);
      if (this.#said.has(name) && name !== 'no') words.fail(`"${name}" twice`);
      this.#said.add(name);
      this.#field(name);
    }
    if (this.#dot && this.#segment.ack === null) words.fail('"." is an ACK, whose number "ack" says');
  }

  #field(name: string): void {
    const words = this.#words;
    const segment = this.#segment;
    switch (name) {
      case 'ack': {
        const added = words.takeIfMatches(ADDED);
        const number = added === null ? words.integer('the acknowledgement number') : Number(added[1]);
        segment.ack = { number, relative: added !== null };
        return;
      }
      case 'sackok':
        segment.sackok = true;
        return;
      case 'ts':
        segment.ts = this.#timestamps();
        return;
      case 'sack':
        segment.sack = this.#blocks();
        return;
      case 'no':
        segment.absent = [...segment.absent, words.oneOf(ABSENCES, '"no" is for') as Absence];
        return;
      case 'opt':
        segment.raw = this.#bytes();
        return;
      case 'badsum':
        segment.badChecksum = true;
        return;
      case 'rtt':
        this.#rttUs = words.timeOf(words.word('the round-trip time'));
        return;
      case 'by':
        segment.by = words.count('of bytes in each segment');
        return;
      default:
        segment[name as 'win' | 'mss' | 'wscale' | 'offset' | 'urgent' | 'from' | 'to'] = words.number0(name);
    }
  }

  #timestamps() {
    const words = this.#words;
    const value = words.takeIf('val') ? words.integer('milliseconds of the clock of who sends') : null;
    if (!words.takeIf('ecr')) return { value, echo: null };
    if (words.takeIf('none')) return { value, echo: 'none' as const };
    return { value, echo: words.integer('milliseconds of the other clock, or none') };
  }

  #blocks(): [number, number][] {
    const blocks: [number, number][] = [];
    for (let block = this.#block(); block !== null; block = this.#block()) {
      blocks.push([Number(block[1]), Number(block[2])]);
    }
    if (blocks.length === 0) this.#words.fail('"sack" is followed by blocks, such as 1001:2001');
    return blocks;
  }

  #block(): RegExpExecArray | null {
    return this.#words.takeIfMatches(RANGE);
  }

  #bytes(): number[] {
    const hex = this.#words.word('bytes, such as fd040909');
    if (!/^([0-9a-f]{2})+$/.test(hex)) this.#words.fail(`"${hex}" are no bytes, such as fd040909`);
    return [...Buffer.from(hex, 'hex')];
  }
}
