/** Where a system runs and what each of its generators does, in a few lines. */
import type { Axis } from '../../results/formats/index.ts';
import type { LabHost } from '../lab/host.ts';
import { serverAddress } from './host-placeholders.ts';
import { generatorCores, placementOf } from './placement.ts';
import type { Config, ConfiguredSystem } from './schema.ts';
import { type GeneratorShare, sharesOf } from './shares.ts';
import { workloadOf } from './swept.ts';

/** Axes at whose points the parts of generators are others. */
const dividedAxes = ['clients', 'bulk.clients', 'open_loop.rate_ops'].map((key) => `workload.${key}`);

/** Of a config that is in place (placement.ts); none of a system that is said to be nowhere. */
export function placementLines(config: Config, system: ConfiguredSystem, axes: readonly Axis[]): string[] {
  if (system.place === undefined) return [];
  const placement = placementOf(config, system);
  const { server, generators, network } = placement;
  const address = serverAddress(placement, system.backend);
  const over =
    network === null ? 'over loopback' : `over ${network}${address === null ? '' : `, at ${address}`}`;
  const isSteady = !axes.some(({ path }) => dividedAxes.includes(path));
  const shares = sharesOf(workloadOf(config.workload, system), generators.length);
  return [
    `server on ${onCores(server.host, system.server_cores ?? [])}, ${over}`,
    ...generators.map(({ host }, index) => {
      const where = `load from ${onCores(host, generatorCores(system, host))}`;
      return generators.length > 1 && isSteady ? `${where}: ${inWords(shares[index])}` : where;
    }),
  ];
}

function onCores({ name }: LabHost, cores: readonly number[]): string {
  return [
    name,
    ...(cores.length === 0 ? [] : [`${cores.length === 1 ? 'core' : 'cores'} ${cores.join(' and ')}`]),
  ].join(', ');
}

function inWords({ connections, bulk_connections, rate_ops }: GeneratorShare): string {
  return [
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    ...(bulk_connections > 0 ? [`${bulk_connections} of bulk`] : []),
    ...(rate_ops === null ? [] : [`${Number(rate_ops.toPrecision(6))}/s`]),
  ].join(', ');
}
