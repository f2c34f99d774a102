/** What a million right replies cost, in a few lines for a person. */
import type { Cost, CostOfSide } from '../../results/formats/index.ts';

const MILLION = 1e6;

export function describeCost({ replies, server, client, joules, unknown }: Cost): string[] {
  const perMillion = (value: number): number => (value / replies) * MILLION;
  const sides = [
    ['server', server],
    ['client', client],
  ] as const;
  return [
    'cost of a million right replies:',
    ...sides.flatMap(([name, side]) =>
      side === null ? [] : [`  ${name}: ${describeSide(side, perMillion)}`],
    ),
    ...(joules === null ? [] : [`  energy: ${perMillion(joules).toFixed(1)} J`]),
    ...unknown.map((sentence) => `  ${sentence}`),
  ];
}

function describeSide(side: CostOfSide, perMillion: (value: number) => number): string {
  const seconds = (value: number): string => perMillion(value).toFixed(2);
  const count = (value: number): string => Math.round(perMillion(value)).toLocaleString('en-US');
  const { user_s, system_s, vain_s, voluntary_switches, involuntary_switches } = side;
  const { cycles, instructions, cache_misses } = side;
  const vain = vain_s === null ? '' : `, of which ${seconds(vain_s)} polling in vain`;
  const counters = [
    ['cycles', cycles],
    ['instructions', instructions],
    ['cache misses', cache_misses],
  ] as const;
  const counted = counters.flatMap(([what, value]) =>
    value === null ? [] : [`${what} ${count(value / MILLION)}`],
  );
  return [
    `${seconds(user_s + system_s)} core-seconds (${seconds(user_s)} user, ${seconds(system_s)} system${vain})`,
    `switches ${count(voluntary_switches)} voluntary, ${count(involuntary_switches)} involuntary`,
    ...(counted.length === 0 ? [] : [`for each reply: ${counted.join(', ')}`]),
  ].join('; ');
}
