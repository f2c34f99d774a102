/** What --quick makes of a config: some of its systems, other values of its axes, shorter and fewer trials. */
import type { LeftOut } from '../../results/formats/index.ts';
import type { ResolvedConfig } from './resolved.ts';
import { ofSystems, withSystems } from './selection.ts';

export interface QuickOptions {
  /** Systems that the command line asks for, above what `quick` says; null where it does not. */
  only: readonly string[] | null;
  /** Whether the command line says how long a run may go on. */
  saysExtension: boolean;
}

/** Of a config whose sweep is that of `quick` already (swept.ts): the smaller one, which has no `quick` section. */
export function quickened(whole: ResolvedConfig, { only, saysExtension }: QuickOptions): ResolvedConfig {
  const { quick: smaller = {}, ...full } = whole.config;
  const config = {
    ...full,
    trials: smaller.trials ?? full.trials,
    stages: full.stages && {
      ...full.stages,
      duration_s: smaller.stages?.duration_s ?? full.stages.duration_s,
    },
    calibration: full.calibration && {
      duration_s: smaller.calibration?.duration_s ?? full.calibration.duration_s,
    },
    workload: { ...full.workload, ...smaller.workload },
    distance: saysExtension ? full.distance : { ...full.distance, extend_s: smaller.distance?.extend_s ?? 0 },
  };
  const points = whole.points.map((point) => ({
    ...point,
    workload: { ...point.workload, ...smaller.workload },
  }));
  const kept = only ?? smaller.systems ?? null;
  const selected = withSystems({ ...whole, config, points }, kept);
  return { ...selected, leftOut: leftOutOf(whole, selected, only) };
}

/** Systems that the command line leaves out are no matter of `quick`. */
function leftOutOf(
  { config, wholeAxes }: ResolvedConfig,
  { config: smaller, axes }: ResolvedConfig,
  only: readonly string[] | null,
): LeftOut | null {
  const kept = smaller.systems.map(({ name }) => name);
  const systems = only ? [] : config.systems.map(({ name }) => name).filter((name) => !kept.includes(name));
  const left = wholeAxes
    .flatMap((axis) => ofSystems(axis, kept))
    .map(({ name, path, values }) => {
      const measured = axes.find((axis) => axis.path === path)?.values ?? [];
      return { name, values: values.filter((value) => !measured.includes(value)) };
    })
    .filter(({ values }) => values.length > 0);
  return systems.length === 0 && left.length === 0 ? null : { systems, axes: left };
}
