/** Flags of another program that a command with its flags lacks: each is refused by its name, and says why. */
import { type Command, Option } from 'commander';
import { LoadError } from './errors.ts';

export interface MissingFlag {
  /** As commander writes them: '-S, --unix-socket'. */
  flags: string;
  /** Ends the sentence "not here, because". */
  because: string;
  /** What to do about it: a sentence without its end. */
  instead: string;
}

/** The help says nothing of them. Throws INVALID_OPTION when one is given. */
export function withoutFlags(command: Command, program: string, missing: readonly MissingFlag[]): Command {
  for (const { flags, because, instead } of missing) {
    const option = new Option(`${flags} [value]`).hideHelp();
    const name = option.long ?? option.short;
    command.addOption(option).on(`option:${option.name()}`, () => {
      throw new LoadError('INVALID_OPTION', `${program}'s ${name}: not here, because ${because}; ${instead}`);
    });
  }
  return command;
}
