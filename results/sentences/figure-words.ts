/** What the figure of a run shows, in words, by its kind: what it is of, how it is read, and what it rests on. */
import type { Manifest, Point, Statistic, Summary } from '../formats/index.ts';
import { type FigureKind, figureKind, mainAxis } from '../run/main-axis.ts';
import { isPingPong } from '../summary/bandwidth.ts';
import { intervalConfidence, trialRange } from './caption.ts';
import { axisTitle, payload } from './load.ts';

/** Of these operations: "p50 latency of SET and GET". */
export const figureSubjects: Record<FigureKind, (operations: string) => string> = {
  latency: (operations) => `p50 latency of ${operations}`,
  curve: (operations) => `p50 and p99 latency of ${operations} by throughput`,
  throughput: (operations) => `throughput of ${operations}`,
  bandwidth: (operations) => `bandwidth of ${operations}`,
  bulk: (operations) => `p99 latency of ${operations} beside bulk, and bandwidth of the bulk`,
};

/** What the values in the figure are judged by. */
export function figureStatistics(kind: FigureKind, points: readonly Point[]): readonly Statistic[] {
  switch (kind) {
    case 'latency':
      return ['p50'];
    case 'curve':
      return ['p50', 'p99', 'throughput'];
    case 'throughput':
      return ['throughput'];
    case 'bandwidth':
      return points.every(isPingPong) ? ['p50'] : ['throughput'];
    case 'bulk':
      return ['p99', 'throughput'];
  }
}

/** Whether floors are drawn in it: they are one exchange at a time. */
export function figureHasFloors(kind: FigureKind): boolean {
  return kind === 'latency' || kind === 'bandwidth';
}

/** The highest rate of a curve whose p99 is no more than so many times that at the lowest load is its knee. */
export const KNEE_FACTOR = 2;
export const KNEE_MEANING = `the knee, the highest rate at which the p99 is at most ${KNEE_FACTOR} times that at the lowest load`;

/** What whiskers are that are no interval (lowestToHighest). */
export const FROM_LOWEST = 'from the lowest to the highest trial';

/** A sentence or two: marks, what they stand for, whiskers. */
export function howToReadFigure(manifest: Manifest, { points }: Summary): string {
  const kind = figureKind(manifest);
  const axis = mainAxis(manifest);
  const marks = axis ? 'Lines' : 'Bars';
  const over = axis ? ` over the ${axisTitle(axis, manifest)}` : '';
  const trials = trialRange(points);
  switch (kind) {
    case 'latency':
      return `${marks} show the p50 of ${trials}, merged by count${axis ? `,${over}` : ''}; ${ofInterval(points)}.`;
    case 'curve': {
      const along = axis ? `, a point for each of the values of the ${axisTitle(axis, manifest)}` : '';
      return (
        `Curves show p50 and p99 of ${trials}, merged by count, over the right replies per second${along}. ` +
        `Where a curve has one, a ring is ${KNEE_MEANING}.`
      );
    }
    case 'throughput':
      return axis
        ? `Lines show the right replies per second of ${trials}${over}; whiskers go ${FROM_LOWEST}.`
        : `Bars show the right replies per second of ${trials}.`;
    case 'bandwidth': {
      const what = payload(manifest.plan.protocol);
      const how = points.every(isPingPong)
        ? `their size over half of the p50, as NetPIPE has it, of ${trials}${over}; ${ofInterval(points)}`
        : `of ${trials}${over}; whiskers go ${FROM_LOWEST}`;
      return `Lines show the bandwidth of the ${what} alone, ${how}.`;
    }
    case 'bulk':
      return (
        `Lines show the p99 of ${trials}, merged by count, and the bandwidth of the bulk${over}; ` +
        `whiskers of the bandwidth go ${FROM_LOWEST}.`
      );
  }
}

function ofInterval(points: readonly Point[]): string {
  const confidence = intervalConfidence([...points]);
  return confidence
    ? `whiskers show its interval over the trials, with ${confidence} confidence`
    : 'with fewer than two trials there is no interval';
}

/** "Beside them 1 / 4 streams read values of 1,048,576 bytes."; nothing where no bulk was carried. */
export function bulkInWords({ points }: Summary): string[] {
  const carried = points.flatMap(({ bulk }) => bulk ?? []);
  const [first] = carried;
  if (first === undefined) return [];
  const streams = [...new Set(carried.map(({ connections }) => connections))].toSorted((a, b) => a - b);
  const sizes = [...new Set(carried.map(({ value_bytes }) => value_bytes.toLocaleString('en-US')))];
  const does = first.request === 'get' ? 'read' : 'wrote';
  const number = streams.length === 1 && streams[0] === 1 ? 'stream' : 'streams';
  return [
    `Beside it ${streams.join(' / ')} ${number} ${does} values of ${sizes.join(' / ')} bytes, one at a time each.`,
  ];
}
