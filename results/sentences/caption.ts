/** What stands on a figure: the few sentences that a reader needs before he believes it, most important first. */
import type { Manifest, Measured, Provenance, Summary, SystemUnderTest } from '../formats/index.ts';
import { type State, stateOf } from '../summary/doubt.ts';
import { formatPercent } from '../text/format.ts';
import { outsideBackends } from './backends.ts';
import { distanceOfFigure } from './distance.ts';
import { changedHosts } from './hosts.ts';
import {
  clientsInWords,
  otherAxes,
  ownWorkloads,
  pipelinesInWords,
  ratesInWords,
  sizesInWords,
} from './load.ts';
import { unmetRates } from './rates.ts';

/** What a floor is, as part of a sentence. */
export const FLOOR_MEANING = 'the same exchange with nothing of the system but its device';

export const provenanceNames: Record<Provenance, string> = {
  real_device: 'a real device',
  software_device: 'a software device',
  shared_memory: 'a shared-memory link',
};

/** The caption of the figure of medians; the long text is figure.txt (description.ts). */
export function shortCaption(manifest: Manifest, summary: Summary): string[] {
  return [
    ...runState(manifest),
    howToRead(summary),
    ...distanceOfFigure(summary),
    ...marksMeaning([...summary.points, ...summary.floors].map((one) => stateOf(one, ['p50']))),
    ...mixture(manifest.systems),
    ...outsideBackends(manifest),
    shortWorkload(manifest),
    ...unmetRates(summary),
  ];
}

export function runState(manifest: Manifest): string[] {
  return [
    ...(manifest.quick ? ['Quick run.'] : []),
    ...(manifest.finished_at ? [] : ['The run did not finish.']),
    ...changedHosts(manifest),
  ];
}

function howToRead({ points }: Summary): string {
  const confidence = intervalConfidence(points);
  const bars = `p50 of ${trialRange(points)}`;
  return confidence ? `${bars}; whiskers: ${confidence} interval.` : `${bars}; no interval.`;
}

/** Of the marks behind values, those that there are. */
export function marksMeaning(states: readonly State[]): string[] {
  const meanings = [
    ...(states.includes('suspect') ? ['?: suspect'] : []),
    ...(states.includes('invalid') ? ['✗, hollow: invalid'] : []),
  ];
  return meanings.length === 0 ? [] : [`${meanings.join('; ')}.`];
}

/** A figure that sets unlike links side by side says so; nothing where all are alike. */
export function mixture(systems: SystemUnderTest[]): string[] {
  const kinds = new Set(systems.flatMap(({ provenance }) => provenance ?? []));
  if (kinds.size < 2) return [];
  return [`Unlike links: ${[...kinds].map((kind) => provenanceNames[kind]).join(' and ')}.`];
}

function shortWorkload({ plan, systems }: Manifest): string {
  const targets = plan.measurements;
  const rates = ratesInWords(targets);
  const parts = [
    rates ? `Open loop of ${rates}` : 'Closed loop',
    clientsInWords(targets),
    ...(targets.some(({ pipeline }) => pipeline > 1) ? [pipelinesInWords(targets)] : []),
    sizesInWords(targets, plan.protocol),
    ...otherAxes(plan.axes),
    ...ownWorkloads(systems),
  ];
  return `${parts.join(', ')}.`;
}

/** "5 trials", "3 to 5 trials". */
export function trialRange(measured: { trials: number }[]): string {
  const trials = measured.map((one) => one.trials);
  const [fewest, most] = [Math.min(...trials), Math.max(...trials)];
  const range = fewest === most ? `${most}` : `${fewest} to ${most}`;
  return `${range} ${most === 1 ? 'trial' : 'trials'}`;
}

/** What the hollow marks of a figure mean; nothing where it has none. */
export function hollowMeaning(hasHollow: boolean): string[] {
  return hasHollow ? ['Hollow: invalid, backs no claim.'] : [];
}

/** "93.8 %", or "at least 75 %" where points have unlike numbers of trials; null where none has an interval. */
export function intervalConfidence(points: Measured[]): string | null {
  const confidences = points.flatMap((point) => point.p50_interval_us?.confidence ?? []);
  if (confidences.length === 0) return null;
  const least = Math.min(...confidences);
  return `${Math.max(...confidences) > least ? 'at least ' : ''}${formatPercent(least)}`;
}
