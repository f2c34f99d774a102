/** The knee in words. */
import type { Knee, KneeOptions, TriedRate } from './search.ts';

const perSecond = (ops: number): string => `${Math.round(ops).toLocaleString('en-US')}/s`;
const us = (latency: number): string => `${latency.toFixed(latency < 100 ? 1 : 0)} us`;

/** One line, when a rate is judged. */
export function describeRate(rate: TriedRate, percentile: number, limitUs: number): string {
  const { rateOps, verdict, upperBoundUs, trials } = rate;
  const seen = trials.map(({ latencyUs }) =>
    Number.isFinite(latencyUs) ? us(latencyUs) : 'not all answered',
  );
  const words = {
    passes: `passes, p${percentile} at most ${us(upperBoundUs ?? 0)}`,
    fails: `fails: p${percentile} above ${us(limitUs)}`,
    not_offered: 'the load generator could not offer it',
  };
  return `${perSecond(rateOps).padStart(14)}  ${words[verdict]}  (${seen.join(', ')})`;
}

/** What was found, and how sure that is. */
export function describeKnee(knee: Knee, { limitUs, trials }: KneeOptions, percentile: number): string {
  const { end, passesOps, failsOps, confidence, rates } = knee;
  const count = rates.reduce((sum, rate) => sum + rate.trials.length, 0);
  const what = `p${percentile} of the response time`;
  const passing = rates.find(({ rateOps, verdict }) => rateOps === passesOps && verdict === 'passes');
  const sure = `${(100 * confidence).toFixed(1)} % confidence, ${trials} trials`;
  const upTo = passing
    ? `${what} stays under ${us(limitUs)} at ${perSecond(passing.rateOps)} (at most ${us(passing.upperBoundUs ?? 0)}, ${sure})`
    : end === 'generator'
      ? `the load generator could offer no rate that was tried with its ${what} under ${us(limitUs)}`
      : `no rate that was tried has a ${what} under ${us(limitUs)}`;
  const tried = `${count} trials of ${rates.length} ${rates.length === 1 ? 'rate' : 'rates'}`;
  const reasons: Record<Knee['end'], string> = {
    found: `it cannot be shown to at ${perSecond(failsOps ?? 0)}`,
    generator:
      'at any higher one the load generator could not keep its schedule: the knee of the server is higher. Give the ' +
      'generator more --threads, or cores of their own (--cores)',
    highest_passes: 'no higher rate was asked for: give a higher --highest-rate',
    lowest_fails: 'no lower rate was asked for: give a lower --lowest-rate, or a higher --limit-us',
    interrupted: 'it was interrupted',
  };
  return `${upTo}; ${reasons[end]}. ${tried}.`;
}
