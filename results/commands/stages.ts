/** `bypassbench stages DIR`: the stages of the requests that one load stamped, as a table. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { type BreakdownAt, breakdownAt, breakdownQuantiles } from '../summary/stages/breakdown.ts';
import { stagesOf } from '../summary/stages/stage.ts';
import { joinStampsOf } from '../summary/stages/stages-file.ts';
import { formatPercent, formatUs } from '../text/format.ts';

export function command(): Command {
  return new Command('stages')
    .summary('split the latency that one load has stamped into stages')
    .description(
      `Joins the stamps that 'bypassbench load --stamps-every 1 --out DIR' wrote (client.stamps, and server.stamps where
the server has stamps) and prints how the latency splits into stages near the p50 and near the p99: means over the
requests there, which add up to their mean latency.

  bypassbench serve --frontend libos --core 0 --stamps /dev/shm/server.stamps
  bypassbench load --target 127.0.0.1:6379 --populate --keys 100000 --core 1 \\
    --stamps-every 1 --server-stamps /dev/shm/server.stamps --out /tmp/load
  bypassbench stages /tmp/load

A server on another machine: serve --stamps FILE --stamps-every 1, and FILE put into DIR as server.stamps when it has ended. Its
counter is another one; what lies between the machines is then one stage for both ways.`,
    )
    .argument('<dir>', "folder of the load's --out")
    .action(async (dir: string) => console.log(await describeStages(dir)));
}

async function describeStages(dir: string): Promise<string> {
  const { stages, requests, incomplete, inconsistent } = await joinStampsOf(dir);
  const found = breakdownQuantiles.map((quantile) => ({
    quantile,
    at: breakdownAt(requests, stages, quantile, null),
  }));
  const lines = [
    `${requests.length} requests with all their stamps, ${incomplete} without, ${inconsistent} out of order`,
  ];
  const known = found.flatMap(({ quantile, at }) => (at ? [{ quantile, at }] : []));
  if (known.length === 0) return [...lines, 'too few to split: stamp for longer'].join('\n');
  const table = new Table({
    head: ['stage', ...known.flatMap(({ quantile }) => [`${quantile} us`, 'share'])],
    colAligns: ['left', ...known.flatMap(() => ['right', 'right'] as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const { stage } of stagesOf(known[0].at)) {
    table.push([stage.label, ...known.flatMap(({ at }) => cells(at, at.stages_us[stage.name] ?? 0))]);
  }
  table.push(['latency', ...known.flatMap(({ at }) => cells(at, at.latency_us))]);
  return [...lines, table.toString()].join('\n');
}

function cells({ latency_us }: BreakdownAt, us: number): string[] {
  return [formatUs(us), formatPercent(us / latency_us)];
}
