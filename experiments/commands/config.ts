/** `bypassbench config`: what an experiment comes to. */
import { Command } from 'commander';
import { readResolved } from '../config/config.ts';
import { configText } from '../config/config-text.ts';
import { durationInWords, runDuration_s } from '../duration.ts';
import { setOption } from './set-option.ts';

const HELP = `
What is printed is an experiment again, and can be run as it is. Comments say which entries of the library each
system and floor is made of.

Of a sweep it begins with its points, and how long a run of them takes.

Examples:
  bypassbench config redis-figure --quick
  bypassbench config sweep --set sweep.clients=[1,64]
  bypassbench config redis-figure --set systems.kv-dpdk.options.mtu=9000 > jumbo.yaml`;

interface ConfigOptions {
  quick: boolean;
  set: string[];
}

export function command(): Command {
  return new Command('config')
    .description(
      'Print the whole configuration of an experiment, every system and floor written out, as YAML.',
    )
    .argument('<experiment>', "name of one that ships (see 'bypassbench list'), or a YAML file")
    .option('--quick', "the config's smaller version", false)
    .addOption(setOption())
    .addHelpText('after', HELP)
    .action(async (experiment: string, options: ConfigOptions) => {
      const resolved = await readResolved(experiment, options);
      const { config, axes, points } = resolved;
      const takes = durationInWords(runDuration_s({ ...config, axes, points }));
      if (axes.length > 0) process.stdout.write(`# A run takes about ${takes}.\n`);
      process.stdout.write(configText(resolved));
    });
}
