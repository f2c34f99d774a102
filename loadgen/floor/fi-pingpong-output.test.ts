import { describe, expect, it } from 'vitest';
import { transferNs } from './fi-pingpong-output.ts';

const HEAD = 'bytes   #sent   #ack     total       time     MB/sec    usec/xfer   Mxfers/sec\n';

describe("fi_pingpong's output", () => {
  it.each([
    ['60      20k     =20k     2.2m        0.04s     65.54       0.92       1.09', 60, 915.47],
    // A rate has more digits of a short time: 0.29 us might be anything from 0.285 to 0.295.
    ['29      10k     =10k     566k        0.01s    102.38       0.28       3.53', 29, 283.26],
    // And fewer of a long one.
    ['60      5k      =5k      585k        0.11s      5.71      10.52       0.10', 60, 10_520],
    // Columns that are too narrow run into each other.
    ['2.8m    10      =10      57m         0.01s1234567.89     296.40       0.00', 3_000_000, 2430],
    // Less than a microsecond in all.
    ['1       1       =1       2           0.00s       inf       0.00        inf', 1, null],
  ])('%s', (line, bytes, ns) => {
    if (ns === null) expect(() => transferNs(HEAD + line, bytes)).toThrow('gave no time');
    else expect(transferNs(`${HEAD}${line}\n`, bytes)).toBeCloseTo(ns, 1);
  });

  it.each([
    ['', 'it printed: nothing'],
    [HEAD, 'it printed: bytes   #sent'],
    ['60      20k     -3       2.2m        0.04s     65.54       0.92       1.09', 'it printed: 60      20k'],
  ])('%j is refused', (text, message) => {
    expect(() => transferNs(text, 60)).toThrow(
      expect.objectContaining({ code: 'FLOOR_FAILED', message: expect.stringContaining(message) }),
    );
  });
});
