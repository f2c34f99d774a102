/** `{here}` in what a system or floor is started with: the folder of the experiment, where programs may lie, too. */
import { FOLDER_PLACEHOLDER, fillPlaceholders } from './placeholders.ts';
import type { Config } from './schema.ts';

type ByName = Readonly<Record<string, string>>;

/** The config with the folder in all places that may name it. */
export function inFolder(config: Config, folder: string): Config {
  const fill = (text: string): string => fillPlaceholders(text, { [FOLDER_PLACEHOLDER]: folder });
  const each = (texts: ByName): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)]));
  const words = ([program, ...rest]: [string, ...string[]]): [string, ...string[]] => [
    fill(program),
    ...rest.map(fill),
  ];
  return {
    ...config,
    systems: config.systems.map((system) => ({
      ...system,
      start: words(system.start),
      ...(system.version && { version: words(system.version) }),
      env: each(system.env),
      options: each(system.options),
      server_options: each(system.server_options),
      client: { ...system.client, options: each(system.client.options) },
    })),
    floors: config.floors.map((floor) => ({ ...floor, command: words(floor.command) })),
  };
}
