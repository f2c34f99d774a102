/** Flags that have another name now: who gives the old one hears the new one. */
import { InvalidArgumentError, Option } from 'commander';

/** `--wait poll|block` was what `--idle poll|sleep` is, as a server calls it. The help says nothing of it. */
export function formerIdleFlag(): Option {
  return new Option('--wait <how>').hideHelp().argParser((how: string) => {
    throw new InvalidArgumentError(`It is --idle ${how === 'block' ? 'sleep' : how} now.`);
  });
}
