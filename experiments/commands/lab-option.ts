/** `--lab`, of every command that reads an experiment. */
import { Option } from 'commander';

export function labOption(): Option {
  return new Option(
    '--lab <file>',
    'the machines that systems run on: a lab file, or the name of one of experiments/labs (docs/labs.md)',
  );
}
