import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCongestionControl } from './congestion.ts';
import type { CongestionControl, CongestionControlName } from './congestion-control.ts';
import type { SlowStart } from './slow-start.ts';
import { MAX_WINDOW_BYTES } from './slow-start.ts';

const MSS = 1000;
const names: CongestionControlName[] = ['newreno', 'cubic'];

/**
 * One round trip of a sender that always has data: the window is full, and each piece of it acknowledged
 * alone.
 */
function roundTrip(control: CongestionControl, nowUs: number, rttUs: number, pieceBytes = MSS): void {
  const sent = control.window;
  let inFlight = sent;
  while (inFlight > 0) {
    const bytes = Math.min(pieceBytes, inFlight);
    control.acknowledged(bytes, nowUs, rttUs, inFlight);
    inFlight -= bytes;
  }
}

/** A control in congestion avoidance with a window of 70 segments (cubic) or 50 (newreno), at time 0. */
function afterLossAt100(name: CongestionControlName): SlowStart {
  const control = createCongestionControl(name, MSS);
  control.window = 100 * MSS;
  control.enterRecovery(100 * MSS, 0);
  control.leaveRecovery(0);
  return control;
}

describe.each(names)('%s', (name) => {
  it.each([
    [536, 5360],
    [1460, 14600],
    [2000, 14600],
    [8948, 17896],
  ])('starts with the initial window of RFC 6928: MSS %i, window %i', (mss, window) => {
    expect(createCongestionControl(name, mss).window).toBe(window);
    const negotiated = createCongestionControl(name, 536);
    negotiated.setMss(mss);
    expect(negotiated.window).toBe(window);
  });

  it('keeps a window that was in use when the segment size changes', () => {
    const control = afterLossAt100(name);
    const { window } = control;
    control.setMss(500);
    expect(control.window).toBe(window);
  });

  it('doubles the window each round trip in slow start', () => {
    const control = createCongestionControl(name, MSS);
    for (const window of [20, 40, 80, 160]) {
      roundTrip(control, 0, 100);
      expect(control.window).toBe(window * MSS);
    }
  });

  it('grows by eight segments at most for one acknowledgement in slow start (RFC 9406, 4.2)', () => {
    const control = createCongestionControl(name, MSS);
    control.acknowledged(10 * MSS, 0, 100, 10 * MSS);
    expect(control.window).toBe(18 * MSS);
  });

  it('does not grow while the window is not used', () => {
    const control = createCongestionControl(name, MSS);
    for (let i = 0; i < 100; i++) control.acknowledged(MSS, i, 100, 2 * MSS);
    expect(control.window).toBe(10 * MSS);
    const avoiding = afterLossAt100(name);
    const { window } = avoiding;
    for (let i = 0; i < 1000; i++) avoiding.acknowledged(MSS, i * 100_000, 100, 2 * MSS);
    expect(avoiding.window).toBe(window);
  });

  it('grows by all acknowledgements of a full window that arrive together, and by no more', () => {
    const control = createCongestionControl(name, MSS);
    let inFlight = 10 * MSS;
    for (let i = 0; i < 10; i++) {
      control.acknowledged(MSS, 0, 100, inFlight);
      inFlight -= MSS;
    }
    expect(control.window).toBe(20 * MSS);
    control.acknowledged(MSS, 0, 100, 2 * MSS);
    expect(control.window).toBe(20 * MSS);
  });

  it('comes down to one segment after a timeout, and lowers the threshold once (RFC 5681, 3.1)', () => {
    const control = createCongestionControl(name, MSS);
    control.window = 100 * MSS;
    control.timedOut(60 * MSS, 0, false);
    const threshold = name === 'cubic' ? 42 * MSS : 30 * MSS;
    expect([control.window, control.slowStartThreshold]).toEqual([MSS, threshold]);
    control.timedOut(MSS, 0, true);
    expect([control.window, control.slowStartThreshold]).toEqual([MSS, threshold]);
    control.timedOut(2 * MSS, 0, false);
    expect(control.slowStartThreshold).toBe(2 * MSS);
  });

  it('grows by one segment for one acknowledgement in the slow start after a timeout (RFC 3465, 2.3)', () => {
    const control = createCongestionControl(name, MSS);
    control.window = 100 * MSS;
    control.timedOut(100 * MSS, 0, false);
    control.acknowledged(50 * MSS, 0, 100, 100 * MSS);
    expect(control.window).toBe(2 * MSS);
  });

  it.each(['reaches the threshold', 'is in recovery'])('then grows by eight again once it %s', (how) => {
    const control = createCongestionControl(name, MSS);
    control.window = 100 * MSS;
    control.timedOut(100 * MSS, 0, false);
    if (how === 'is in recovery') {
      control.enterRecovery(40 * MSS, 0);
      control.leaveRecovery(0);
    } else {
      while (control.window < control.slowStartThreshold) roundTrip(control, 0, 100);
      roundTrip(control, 0, 100);
    }
    control.restartAfterIdle();
    control.acknowledged(10 * MSS, 0, 100, 10 * MSS);
    expect(control.window).toBe(18 * MSS);
  });

  it('reduces the window to the threshold in recovery, and leaves it there', () => {
    const control = afterLossAt100(name);
    const reduced = name === 'cubic' ? 70 * MSS : 50 * MSS;
    expect([control.window, control.slowStartThreshold]).toEqual([reduced, reduced]);
    control.enterRecovery(reduced, 0);
    control.window += 3 * MSS;
    control.leaveRecovery(0);
    expect(control.window).toBe(control.slowStartThreshold);
    control.enterRecovery(MSS, 0);
    expect(control.window).toBe(2 * MSS);
  });

  it('restarts from the initial window, or less, after idle time (RFC 5681, 4.1)', () => {
    const control = afterLossAt100(name);
    const threshold = control.slowStartThreshold;
    control.restartAfterIdle();
    expect([control.window, control.slowStartThreshold]).toEqual([10 * MSS, threshold]);
    control.window = 3 * MSS;
    control.restartAfterIdle();
    expect(control.window).toBe(3 * MSS);
  });

  it('keeps whole windows between one segment and the largest, whatever happens', () => {
    const event = fc.record({
      kind: fc.constantFrom(
        'acknowledged',
        'acknowledged',
        'acknowledged',
        'recovery',
        'leave',
        'timeout',
        'idle',
      ),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      elapsedUs: fc.integer({ min: 0, max: 100_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100, size: 'max' }), (events) => {
        const control = createCongestionControl(name, MSS);
        let nowUs = 0;
        for (const { kind, share, elapsedUs } of events) {
          nowUs += elapsedUs;
          const { window } = control;
          const bytes = Math.ceil(share * window);
          if (kind === 'acknowledged') control.acknowledged(bytes, nowUs, Number.NaN, window);
          else if (kind === 'recovery') control.enterRecovery(bytes, nowUs);
          else if (kind === 'leave') control.leaveRecovery(nowUs);
          else if (kind === 'timeout') control.timedOut(bytes, nowUs, share < 0.5);
          else control.restartAfterIdle();
          expect(Number.isInteger(control.window)).toBe(true);
          expect(control.window).toBeGreaterThanOrEqual(MSS);
          expect(control.window).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
          if (kind === 'acknowledged') expect(control.window).toBeGreaterThanOrEqual(window);
        }
      }),
    );
  });
});

describe('NewReno', () => {
  it('grows by one segment a round trip in congestion avoidance (RFC 5681, 3.1)', () => {
    const control = afterLossAt100('newreno');
    for (let i = 1; i <= 20; i++) {
      roundTrip(control, i * 100, 100);
      expect(control.window).toBe((50 + i) * MSS);
    }
  });

  it('counts bytes, not acknowledgements, and none twice (RFC 3465, 2.1)', () => {
    const control = afterLossAt100('newreno');
    const windows = [];
    for (const bytes of [40_000, 20_000, 40_000, 2_000, 40_000]) {
      control.acknowledged(bytes, 0, 100, control.window);
      windows.push(control.window / MSS);
    }
    expect(windows).toEqual([50, 51, 51, 52, 52]);
  });

  it.each(['recovery', 'timeout'])('begins to count anew after a %s', (what) => {
    const control = afterLossAt100('newreno');
    control.acknowledged(49_000, 0, 100, control.window);
    if (what === 'recovery') control.enterRecovery(50_000, 0);
    else control.timedOut(50_000, 0, false);
    control.leaveRecovery(0);
    control.acknowledged(24_000, 0, 100, control.window);
    expect(control.window).toBe(25_000);
  });
});

describe('CUBIC', () => {
  /** W_cubic in segments (RFC 9438, equations 1 and 2). */
  function curve(seconds: number, maxWindow: number, epochWindow: number): number {
    const k = Math.cbrt((maxWindow - epochWindow) / 0.4);
    return 0.4 * (seconds - k) ** 3 + maxWindow;
  }

  /** Drives round trips from one time to another and returns the window in segments. */
  function run(control: CongestionControl, fromUs: number, toUs: number, rttUs: number, piece = MSS): number {
    for (let nowUs = fromUs; nowUs < toUs; nowUs += rttUs) roundTrip(control, nowUs, rttUs, piece);
    return control.window / MSS;
  }

  it.each([MSS, 5])('follows the curve to the plateau and beyond, acknowledged by %i bytes', (pieceBytes) => {
    const control = afterLossAt100('cubic');
    // At round trips of 100 ms the Reno-friendly window is far below the curve.
    let nowUs = 0;
    for (const seconds of [1, 2, 3, 4.2, 6, 8]) {
      const window = run(control, nowUs, seconds * 1e6, 100_000, pieceBytes);
      nowUs = seconds * 1e6;
      expect(Math.abs(window - curve(seconds, 100, 70))).toBeLessThan(0.02 * window);
    }
  });

  it('remembers a lower plateau when it lost before the last one (fast convergence, 4.7)', () => {
    const control = afterLossAt100('cubic');
    const window = run(control, 0, 2e6, 100_000);
    expect(window).toBeLessThan(100);
    control.enterRecovery(control.window, 2e6);
    control.leaveRecovery(2e6);
    const plateau = window * 0.85;
    const k = Math.cbrt((plateau - window * 0.7) / 0.4);
    // The round trips are longer here, lest Reno's window be the larger one.
    const there = run(control, 2e6, 2e6 + k * 1e6, 200_000);
    expect(Math.abs(there - plateau)).toBeLessThan(0.02 * plateau);
  });

  it('gets what Reno would have where round trips are short (4.3)', () => {
    const control = afterLossAt100('cubic');
    const alpha = (3 * 0.3) / 1.7;
    let reno = 70;
    for (let i = 0; i < 40; i++) {
      roundTrip(control, i * 100, 100);
      reno += reno < 100 ? alpha : 1;
      expect(Math.abs(control.window / MSS - reno)).toBeLessThan(0.5);
    }
    expect(reno).toBeGreaterThan(90);
    // Beyond the window before the loss it grows by a segment each round trip, as Reno does.
    run(control, 4000, 10_000, 100);
    const before = control.window;
    run(control, 10_000, 11_000, 100);
    expect(Math.abs(control.window - before - 10 * MSS)).toBeLessThan(0.5 * MSS);
  });

  it('grows by at most half a window in a round trip (4.2)', () => {
    const control = afterLossAt100('cubic');
    control.acknowledged(control.window, 1000e6, 100_000, control.window);
    expect(control.window).toBe(105 * MSS);
  });

  it('starts from the plateau after a timeout (4.8)', () => {
    const control = afterLossAt100('cubic');
    control.timedOut(70 * MSS, 0, false);
    let nowUs = 0;
    while (control.window < control.slowStartThreshold) {
      nowUs += 100_000;
      roundTrip(control, nowUs, 100_000);
    }
    const atStart = control.window / MSS;
    const window = run(control, nowUs, nowUs + 4e6, 100_000);
    const expected = Math.max(curve(4, atStart, atStart), Math.min(atStart + 0.53 * 40, 70));
    expect(Math.abs(window - expected)).toBeLessThan(0.03 * window);
  });

  it('grows slower than a segment a round trip up to the window before a timeout (4.3)', () => {
    const control = createCongestionControl('cubic', MSS);
    control.window = 100 * MSS;
    control.timedOut(100 * MSS, 0, false);
    while (control.window < control.slowStartThreshold) roundTrip(control, 0, 100);
    const before = control.window;
    run(control, 0, 2000, 100);
    expect(Math.abs(control.window - before - 20 * 0.53 * MSS)).toBeLessThan(MSS);
  });

  it('begins the curve anew after idle time', () => {
    const control = afterLossAt100('cubic');
    run(control, 0, 1e6, 100_000);
    control.restartAfterIdle();
    while (control.window < control.slowStartThreshold) roundTrip(control, 1000e6, 100_000);
    const before = control.window;
    roundTrip(control, 1000e6, 100_000);
    expect(control.window - before).toBeLessThan(3 * MSS);
  });

  it('takes no time into account in which the window was not used (5.8)', () => {
    const idle = afterLossAt100('cubic');
    run(idle, 0, 1e6, 100_000);
    for (let nowUs = 1e6; nowUs < 100e6; nowUs += 100_000) idle.acknowledged(MSS, nowUs, 100_000, MSS);
    const busy = afterLossAt100('cubic');
    const expected = run(busy, 0, 3e6, 100_000);
    expect(Math.abs(run(idle, 100e6, 102e6, 100_000) - expected)).toBeLessThan(0.02 * expected);
  });
});
