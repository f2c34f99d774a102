/** `bypassbench config`: what an experiment comes to. */
import { Command } from 'commander';
import { leftOutInWords } from '../../results/index.ts';
import { readResolved } from '../config/config.ts';
import { configText } from '../config/config-text.ts';
import { unmeasuredInWords } from '../config/selection.ts';
import { durationInWords, runDuration_s } from '../duration.ts';
import { labOption } from './lab-option.ts';
import { setOption } from './set-option.ts';

const HELP = `
What is printed is an experiment again, and can be run as it is. Comments say which entries of the library each
system and floor is made of.

It begins with how long a run takes, what --quick leaves out, and the points of a sweep. With --lab, or \`hosts\` in the
experiment, each system has the place that follows, with its cores there, and a comment says what each generator does.

Examples:
  bypassbench config redis-figure --quick
  bypassbench config sweep --set sweep.clients=[1,64]
  bypassbench config redis-figure --set systems.kv-dpdk.options.mtu=9000 > jumbo.yaml
  bypassbench config two-hosts --lab my-lab.yaml --set hosts.server0.ssh.host=node7`;

interface ConfigOptions {
  quick: boolean;
  set: string[];
  lab?: string;
}

export function command(): Command {
  return new Command('config')
    .description(
      'Print the whole configuration of an experiment, every system and floor written out, as YAML.',
    )
    .argument('<experiment>', "name of one that ships (see 'bypassbench list'), or a YAML file")
    .option('--quick', "the config's smaller version", false)
    .addOption(setOption())
    .addOption(labOption())
    .addHelpText('after', HELP)
    .action(async (experiment: string, options: ConfigOptions) => {
      const resolved = await readResolved(experiment, options);
      const { config, axes, points, leftOut, unmeasured } = resolved;
      const takes = durationInWords(runDuration_s({ ...config, axes, points, leftOut, unmeasured }));
      process.stdout.write(`# A run takes about ${takes}.\n`);
      if (leftOut) process.stdout.write(`# --quick leaves out ${leftOutInWords(leftOut)}.\n`);
      if (unmeasured.length > 0) process.stdout.write(`# Left out: ${unmeasuredInWords(unmeasured)}.\n`);
      process.stdout.write(configText(resolved));
    });
}
