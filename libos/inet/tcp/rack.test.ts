import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flight, Mark } from './flight.ts';
import { Rack } from './rack.ts';

const MSS = 10;
const SRTT_US = 400;

/** RFC 8985, section 6.2, as its pseudo code has it, on a list of segments. Numbers do not wrap here. */
interface Segment {
  end: number;
  xmitTs: number;
  retransmitted: boolean;
  sacked: boolean;
  lost: boolean;
}

class Reference {
  segments: Segment[] = [];
  xmitTs = -Infinity;
  endSeq = 0;
  rtt = 0.5;
  minRtt = Infinity;
  fack = 0;
  reorderingSeen = false;
  multiplier = 1;
  persist = 0;
  dsackRound: number | null = null;

  static sentAfter(t1: number, seq1: number, t2: number, seq2: number): boolean {
    return t1 > t2 || (t1 === t2 && seq1 > seq2);
  }

  update(delivered: Segment[], nowUs: number, echoEndUs: number): void {
    for (const segment of delivered) {
      if (segment.end > this.fack) this.fack = segment.end;
      else if (segment.end < this.fack && !segment.retransmitted) this.reorderingSeen = true;
    }
    const counted = delivered.filter(({ retransmitted, xmitTs }) => {
      return !retransmitted || (xmitTs < echoEndUs && nowUs - xmitTs >= this.minRtt);
    });
    for (const { xmitTs, end } of counted.sort((a, b) => a.xmitTs - b.xmitTs)) {
      this.rtt = nowUs - xmitTs;
      if (Reference.sentAfter(xmitTs, end, this.xmitTs, this.endSeq))
        [this.xmitTs, this.endSeq] = [xmitTs, end];
    }
  }

  window(recovering: boolean): number {
    const sacked = this.segments.filter((segment) => segment.sacked).length;
    if (!this.reorderingSeen && (recovering || sacked >= 3)) return 0;
    // Ours is ten microseconds at least.
    return Math.max(10, Math.min((this.multiplier * this.minRtt) / 4, SRTT_US));
  }

  detect(recovering: boolean, nowUs: number): number {
    let timeout = 0;
    const window = this.window(recovering);
    for (const segment of this.segments) {
      if (segment.sacked || segment.lost) continue;
      if (!Reference.sentAfter(this.xmitTs, this.endSeq, segment.xmitTs, segment.end)) continue;
      const remaining = segment.xmitTs + this.rtt + window - nowUs;
      if (remaining < 1) segment.lost = true;
      else timeout = Math.max(timeout, remaining);
    }
    return timeout;
  }

  /** RACK_mark_losses_on_RTO (section 6.3). */
  timedOut(nowUs: number): void {
    const allowed = this.rtt + this.window(true);
    this.segments.forEach((segment, index) => {
      if (segment.sacked) return;
      if (index === 0 || segment.xmitTs + allowed - nowUs < 1) segment.lost = true;
    });
  }
}

function marksOf(flight: Flight): Omit<Segment, 'xmitTs'>[] {
  return Array.from({ length: flight.count }, (_, i) => {
    const marks = flight.marks(i);
    return {
      end: flight.end(i),
      retransmitted: (marks & Mark.Again) !== 0,
      sacked: (marks & Mark.Sacked) !== 0,
      lost: (marks & Mark.Lost) !== 0,
    };
  });
}

describe('Rack against the pseudo code of RFC 8985', () => {
  const step = fc.record({
    kind: fc.constantFrom(
      'send',
      'send',
      'send',
      'sack',
      'sack',
      'acknowledge',
      'all',
      'again',
      'look',
      'timeout',
      'duplicate',
      'ended',
    ),
    elapsedUs: fc.integer({ min: 0, max: 120 }),
    choice: fc.double({ min: 0, max: 0.999, noNaN: true }),
    recovering: fc.boolean(),
    echo: fc.constantFrom(Infinity, 0, 60, 200),
  });

  it('finds the same lost, and waits as long', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const clock = { nowUs: 1e6 };
        const flight = new Flight();
        const rack = new Rack(clock);
        const reference = new Reference();
        flight.begin(0);
        rack.begin(0);
        rack.measured(100);
        reference.minRtt = 100;
        let nxt = 0;
        for (const { kind, elapsedUs, choice, recovering, echo } of steps) {
          clock.nowUs += elapsedUs;
          const { nowUs } = clock;
          const { segments } = reference;
          const index = Math.floor(choice * segments.length);
          const echoEndUs = echo === Infinity ? Infinity : nowUs - echo;
          if (kind === 'send') {
            nxt += MSS;
            flight.sent(nxt, nowUs);
            segments.push({ end: nxt, xmitTs: nowUs, retransmitted: false, sacked: false, lost: false });
          } else if (kind === 'sack' && segments.length > 0 && !segments[index].sacked) {
            rack.acknowledgementArrives(echoEndUs);
            rack.delivered(flight, index);
            flight.markSacked(index);
            Object.assign(segments[index], { sacked: true, lost: false });
            reference.update([segments[index]], nowUs, echoEndUs);
          } else if (kind === 'acknowledge') {
            rack.acknowledgementArrives(echoEndUs);
            const taken = segments.splice(0, index);
            for (const { sacked } of taken) {
              if (!sacked) rack.delivered(flight, 0);
              flight.drop();
            }
            reference.update(
              taken.filter(({ sacked }) => !sacked),
              nowUs,
              echoEndUs,
            );
          } else if (kind === 'all' && flight.count > 0 && flight.isPlain) {
            rack.allDelivered(flight);
            flight.empty(nxt);
            reference.update(segments.splice(0), nowUs, Infinity);
          } else if (kind === 'timeout' && flight.count > 0) {
            rack.timedOut(flight, SRTT_US);
            reference.timedOut(nowUs);
          } else if (kind === 'again' && segments[index]?.lost) {
            flight.sentAgain(flight.startOf(index), flight.end(index), nowUs);
            Object.assign(segments[index], { xmitTs: nowUs, retransmitted: true, lost: false });
          } else if (kind === 'duplicate') {
            rack.duplicateReported(flight.start, nxt);
            if (reference.dsackRound !== null && flight.start >= reference.dsackRound)
              reference.dsackRound = null;
            if (reference.dsackRound === null) {
              reference.dsackRound = nxt;
              reference.multiplier++;
              reference.persist = 16;
            }
          } else if (kind === 'ended') {
            rack.recoveryEnded();
            if (--reference.persist <= 0) reference.multiplier = 1;
          }
          const waitUs = rack.detectLosses(flight, recovering, SRTT_US);
          expect(waitUs).toBeCloseTo(reference.detect(recovering, nowUs), 6);
          expect(marksOf(flight)).toEqual(segments.map(({ xmitTs: _, ...marks }) => marks));
          expect(rack.reorderingSeen).toBe(reference.reorderingSeen);
        }
      }),
    );
  });
});

describe('Rack', () => {
  function sending(count: number) {
    const clock = { nowUs: 1e6 };
    const flight = new Flight();
    const rack = new Rack(clock);
    flight.begin(0);
    rack.begin(0);
    rack.measured(100);
    for (let i = 1; i <= count; i++) flight.sent(i * MSS, clock.nowUs + i);
    const sack = (index: number) => {
      rack.acknowledgementArrives(Infinity);
      rack.delivered(flight, index);
      flight.markSacked(index);
    };
    const look = (recovering = false) => rack.detectLosses(flight, recovering, SRTT_US);
    return { clock, flight, rack, sack, look };
  }

  it('takes nothing for lost that was sent after what has been delivered, however old it is', () => {
    const { clock, flight, sack, look } = sending(5);
    clock.nowUs += 1e6;
    sack(0);
    expect(look()).toBe(0);
    expect(flight.lostBytes).toBe(0);
  });

  it('waits for a quarter of the least round trip, and no time once three are SACKed', () => {
    const { clock, flight, sack, look } = sending(5);
    clock.nowUs += 102;
    sack(1);
    expect(look()).toBeCloseTo(24, 6);
    sack(2);
    expect(look()).toBeGreaterThan(0);
    sack(3);
    expect(look()).toBe(0);
    expect(flight.lostBytes).toBe(MSS);
  });

  it('waits on with three SACKed once reordering has been seen', () => {
    const { clock, flight, sack, look } = sending(8);
    clock.nowUs += 110;
    sack(1);
    sack(0);
    for (let i = 3; i < 7; i++) sack(i);
    expect(look()).toBeGreaterThan(0);
    expect(flight.lostBytes).toBe(0);
    clock.nowUs += 40;
    look();
    expect(flight.lostBytes).toBe(MSS);
  });

  it('grows the window by a quarter a round trip with duplicates, to SRTT; sixteen recoveries without end that', () => {
    const { clock, flight, rack, sack, look } = sending(4);
    clock.nowUs += 102;
    sack(1);
    const windowUs = () => look() + clock.nowUs - 1e6 - 1 - 100;
    expect(windowUs()).toBeCloseTo(25, 6);
    for (let round = 1; round < 20; round++) {
      const nxt = 100 * round;
      rack.duplicateReported(nxt - 100, nxt);
      rack.duplicateReported(nxt - 1, nxt + 50);
      expect(windowUs()).toBeCloseTo(Math.min(25 * (round + 1), SRTT_US), 6);
    }
    for (let i = 0; i < 15; i++) rack.recoveryEnded();
    expect(windowUs()).toBeCloseTo(SRTT_US, 6);
    rack.recoveryEnded();
    expect(windowUs()).toBeCloseTo(25, 6);
    expect(flight.lostBytes).toBe(0);
  });

  it('finds a lost retransmission, and says when that had been sent', () => {
    const { clock, flight, rack, sack, look } = sending(8);
    clock.nowUs += 110;
    for (const index of [1, 2, 3]) sack(index);
    look(true);
    expect(flight.lostBytes).toBe(MSS);
    expect(rack.lostAgain).toBe(false);
    flight.sentAgain(0, MSS, clock.nowUs);
    const againUs = clock.nowUs;
    clock.nowUs += 1;
    flight.sent(9 * MSS, clock.nowUs);
    clock.nowUs += 110;
    sack(8);
    look(true);
    expect(flight.marks(0) & Mark.Lost).toBe(Mark.Lost);
    expect(rack.lostAgain).toBe(true);
    expect(rack.lostAgainSentUs).toBe(againUs);
  });

  it('takes the round trip of the last of several that are acknowledged at once', () => {
    const { clock, flight, rack } = sending(2);
    clock.nowUs += 302;
    rack.allDelivered(flight);
    flight.empty(2 * MSS);
    for (const end of [3, 4, 5]) flight.sent(end * MSS, clock.nowUs + 50 * end);
    // 300 us behind the second of them: a timeout takes the first for lost, and what has had as long.
    clock.nowUs += 499;
    rack.timedOut(flight, SRTT_US);
    expect(marksOf(flight).map(({ lost }) => lost)).toEqual([true, false, false]);
    clock.nowUs += 1;
    rack.timedOut(flight, SRTT_US);
    expect(marksOf(flight).map(({ lost }) => lost)).toEqual([true, true, false]);
  });

  it('marks after a timeout the first, and those that have had their time (6.3)', () => {
    const { clock, flight, rack, sack } = sending(4);
    clock.nowUs += 110;
    sack(1);
    clock.nowUs += 50_000;
    flight.sent(5 * MSS, clock.nowUs - 20);
    rack.timedOut(flight, SRTT_US);
    expect(marksOf(flight).map(({ lost }) => lost)).toEqual([true, false, true, true, false]);
  });

  it('takes the least round trip of the last ten to twenty seconds', () => {
    const { clock, rack } = sending(1);
    clock.nowUs += 11e6;
    rack.measured(300);
    expect(rack.minRttUs).toBe(100);
    clock.nowUs += 11e6;
    rack.measured(200);
    expect(rack.minRttUs).toBe(200);
  });
});
