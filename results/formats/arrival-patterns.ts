/**
 * How the requests of an open loop are spread: the patterns, and as text. Like lists.ts this file imports nothing, for
 * the load generator's thread; fields.ts has the check of files.
 */

/** Bursts last so long, each of them or on average (exponential times). */
export const burstTimes = ['fixed', 'exponential'] as const;

/** Bursts, in which requests come as independent users send, and time without any. */
export interface OnOffPattern {
  kind: 'onoff';
  on_ms: number;
  off_ms: number;
  times: (typeof burstTimes)[number];
}

/** Heavy-tailed gaps. */
export interface ParetoPattern {
  kind: 'pareto';
  /** The tail's index, more than 1. */
  shape: number;
}

/** Patterns without parameters: as independent users send, or evenly. */
export const plainPatterns = ['poisson', 'constant'] as const;
export type ArrivalPattern = (typeof plainPatterns)[number] | OnOffPattern | ParetoPattern;

/** Requests a second, as they may be written; what threads can send of it load-checks.ts says. */
export const RATE_OPS_RANGE = [0.001, 1e9] as const;
export const BURST_MS_RANGE = [0.001, 3_600_000] as const;
export const PARETO_SHAPE_RANGE = [1.01, 100] as const;

/** A schedule passes each burst, also those without a request: so many must be in one, on average. */
export const BURST_REQUESTS_MIN = 0.01;

/** Requests per second while there are some: more than the mean rate where they come in bursts. */
export function peakRateOps(pattern: ArrivalPattern, rateOps: number): number {
  const isOnOff = typeof pattern === 'object' && pattern.kind === 'onoff';
  return isOnOff ? (rateOps * (pattern.on_ms + pattern.off_ms)) / pattern.on_ms : rateOps;
}

/** Why no schedule has this rate and pattern, with at most `mostOps` at any time; null where one has. */
export function arrivalsProblem(pattern: ArrivalPattern, rateOps: number, mostOps: number): string | null {
  const peakOps = peakRateOps(pattern, rateOps);
  if (peakOps > mostOps) {
    const most = mostOps.toLocaleString('en-US');
    return (
      `${rateOps} requests a second are ${peakOps.toPrecision(3)} within a burst, more than ${most}: ` +
      'give a lower rate, or a longer on_ms'
    );
  }
  if (typeof pattern === 'string' || pattern.kind === 'pareto') return null;
  const perBurst = (peakOps * pattern.on_ms) / 1000;
  if (perBurst >= BURST_REQUESTS_MIN) return null;
  return (
    `${rateOps} requests a second are ${perBurst.toPrecision(3)} in a burst, on average, less than ${BURST_REQUESTS_MIN}: ` +
    'give a higher rate, or longer on_ms and off_ms'
  );
}

/** As `bypassbench load --arrivals` takes it: `onoff:on_ms=10,off_ms=90,times=fixed`. */
export function arrivalsText(pattern: ArrivalPattern): string {
  if (typeof pattern === 'string') return pattern;
  const { kind, ...parameters } = pattern;
  const words = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${kind}:${words.join()}`;
}
