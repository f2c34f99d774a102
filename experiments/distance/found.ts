/** What `bypassbench distance` found: as JSON has it, and as text. */
import Table from 'cli-table3';
import { type CoreRelation, type DistanceSurvey, describeRelation } from '../../libos/index.ts';
import { type DistanceState, findStates, stateAt } from '../../results/index.ts';
import { plot } from './plot.ts';
import { type Stays, staysOf } from './stays.ts';
import { type CoreWork, describeWork, percent, workOn } from './work.ts';

export interface DistanceFound extends DistanceSurvey {
  cores: readonly [number, number];
  topology: CoreRelation;
  failed: number;
  states: (DistanceState & { stays: Stays })[];
  /** Of the busy core, and of the one of the helper. */
  work: CoreWork[];
}

const ROWS = 12;
/** The plot's scale goes so far beyond the states. */
const BEYOND = 1.15;

/** Of a survey with at least one reading that did not fail. */
export function foundIn(
  survey: DistanceSurvey,
  cores: readonly [number, number],
  topology: CoreRelation,
): DistanceFound {
  const { at_s, median_ns } = survey;
  const read = median_ns.filter((ns) => ns !== null);
  const states = findStates(read);
  const stays = staysOf(
    at_s,
    median_ns.map((ns) => stateAt(states, ns)),
  );
  return {
    cores,
    topology,
    ...survey,
    failed: median_ns.length - read.length,
    states: states.map((state) => ({ ...state, stays: stays.get(state) as Stays })),
    work: [workOn(cores[0], survey.client_work_ns), workOn(cores[1], survey.server_work_ns)],
  };
}

/** The plot, the states, who else used the cores, and what a reading costs; the plot in so many columns. */
export function describeDistance(found: DistanceFound, columns: number): string {
  const { cores, topology, helper, at_s, median_ns, states, work, failed } = found;
  const [client, server] = cores;
  const numa = { same: ', one memory', different: ', two memories', unknown: '' }[topology.numa];
  const scheduled = helper === 'real_time' ? 'has a real-time priority' : 'is scheduled as any thread';
  const scale = { low: states[0].low_ns / BEYOND, high: states[states.length - 1].high_ns * BEYOND };
  const plotted = plot({
    at_s,
    values: median_ns,
    seconds: at_s[at_s.length - 1],
    scale,
    columns,
    rows: ROWS,
  });
  const beyond = median_ns.filter((ns) => ns !== null && (ns < scale.low || ns > scale.high)).length;
  const count = [
    `${median_ns.length} readings`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(beyond > 0 ? [`${beyond} beyond the scale, at its edge`] : []),
  ].join(', ');
  return [
    `cores ${client} and ${server}: ${describeRelation(topology)}${numa}; the helper on core ${server} ${scheduled}`,
    '',
    `ns that a cache line takes from core ${client} to core ${server} and back; ${count}`,
    ...plotted,
    '',
    statesTable(states),
    ...work.map(describeWork),
    costs(found),
  ].join('\n');
}

function statesTable(states: DistanceFound['states']): string {
  const table = new Table({
    head: ['state', 'median ns', 'from, to', 'share', 'stays', 'median stay', 'longest'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, median_ns, low_ns, high_ns, share, stays } of states) {
    table.push([
      name,
      median_ns.toFixed(0),
      `${low_ns.toFixed(0)}, ${high_ns.toFixed(0)}`,
      percent(share),
      stays.count,
      `${stays.median_s.toFixed(2)} s`,
      `${stays.longest_s.toFixed(2)} s`,
    ]);
  }
  return table.toString();
}

function costs({ cores: [, server], waited_ns, cost_ns }: DistanceFound): string {
  const waited = waited_ns.filter((ns) => ns !== null).sort((a, b) => a - b);
  const waitedUs = (quantile: number) => (waited[Math.floor(waited.length * quantile)] / 1000).toFixed(1);
  const cost = cost_ns === null ? '' : `A reading costs core ${server} ${(cost_ns / 1000).toFixed(1)} us. `;
  return `${cost}The helper comes after ${waitedUs(0.5)} us at the p50, ${waitedUs(0.99)} us at the p99.`;
}
