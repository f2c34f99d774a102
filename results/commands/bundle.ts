/** `bypassbench bundle DIR`: an artifact of a run, for reviewers and readers of a paper. */
import { basename, resolve } from 'node:path';
import { Command } from 'commander';
import { bundleOf } from '../bundle/bundle.ts';
import { replaceFile } from '../formats/index.ts';

export function command(): Command {
  return new Command('bundle')
    .summary('pack a run as an artifact: data, report, configuration, script, Containerfile, README')
    .description(
      'Packs a run folder as an artifact (.tar.gz): its data and the report made from it, configuration, versions, a ' +
        'script that repeats it, a Containerfile, and a README that says what is claimed and how long it takes. Paths and ' +
        'the names of user and host are taken out of the data.',
    )
    .argument('<dir>', "the run's folder, as 'bypassbench run' wrote it")
    .option('--out <file>', 'where to; NAME.tar.gz of the folder, in the current one, when left out')
    .addHelpText('after', HELP)
    .action(async (dir: string, { out }: { out?: string }) => {
      const name = basename(resolve(dir));
      const file = out ?? `${name}.tar.gz`;
      await replaceFile(file, await bundleOf(dir, name));
      process.stdout.write(`written: ${file}\n`);
    });
}

const HELP = `
Of an absolute path outside of the system's own folders its last name is left (PATH/redis-server); the user and the
host of this machine become USER and HOST. Look through the archive before it is published: what programs wrote into
their logs is in it. 'bypassbench report' of the unpacked run makes the same report, byte by byte.`;
