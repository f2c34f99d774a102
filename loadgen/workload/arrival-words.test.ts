import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type ArrivalPattern,
  arrivalPattern,
  arrivalsProblem,
  arrivalsText,
} from '../../results/formats/index.ts';
import { parseArrivals } from './arrival-words.ts';

/** As people write numbers. */
const decimal = (least: number, most: number) =>
  fc.integer({ min: Math.ceil(least * 1000), max: most * 1000 }).map((thousandths) => thousandths / 1000);
const pattern: fc.Arbitrary<ArrivalPattern> = fc.oneof(
  fc.constantFrom('poisson' as const, 'constant' as const),
  fc.record({
    kind: fc.constant('onoff' as const),
    on_ms: decimal(0.001, 3_600_000),
    off_ms: decimal(0.001, 3_600_000),
    times: fc.constantFrom('fixed' as const, 'exponential' as const),
  }),
  fc.record({ kind: fc.constant('pareto' as const), shape: decimal(1.01, 100) }),
);

it('reads what files and experiments may say, as their text has it', () => {
  fc.assert(
    fc.property(pattern, (one) => {
      expect(parseArrivals(arrivalsText(one))).toEqual(one);
      expect(arrivalPattern.parse(one)).toEqual(one);
    }),
  );
});

it.each([
  ['uniform', "'uniform' is no pattern of arrivals. Give one of these: constant, poisson, onoff:"],
  ['poisson:rate=1', 'poisson has no parameters'],
  ['onoff', 'onoff lacks on_ms'],
  ['onoff:on_ms=1,off_ms=1', 'onoff lacks times'],
  ['onoff:on_ms=1,off_ms=0,times=fixed', 'off_ms of onoff must be a number from 0.001 to 3,600,000'],
  ['onoff:on_ms=1,off_ms=1,times=uniform', 'times of onoff is fixed or exponential'],
  ['onoff:on_ms=1,on_ms=2,off_ms=1,times=fixed', "'on_ms' is there twice"],
  ['pareto:1.5', "'1.5' is no parameter of pareto"],
  ['pareto:shape=1', 'shape of pareto must be a number from 1.01 to 100'],
  ['pareto:shape=1.5:2', 'has two colons'],
])('refuses %s', (text, message) => {
  expect(() => parseArrivals(text)).toThrow(message);
});

it('tells rates that bursts cannot have', () => {
  const bursts: ArrivalPattern = { kind: 'onoff', on_ms: 1, off_ms: 999, times: 'fixed' };
  expect(arrivalsProblem(bursts, 1_000_000, 1e9)).toBe(null);
  expect(arrivalsProblem(bursts, 1_000_001, 1e9)).toMatch(
    /^1000001 requests a second are 1\.00e\+9 within a burst/,
  );
  expect(arrivalsProblem(bursts, 0.001, 1e9)).toMatch('are 0.00100 in a burst, on average, less than 0.01');
  expect(arrivalsProblem('poisson', 1e9, 1e9)).toBe(null);
});
