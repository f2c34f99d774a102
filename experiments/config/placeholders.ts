/** The {placeholders} of command lines, and what is filled in for them when they are run. */

import { backendModuleUrl } from '../../libos/index.ts';

/** What may stand in braces in `start`, `env` and the options of a system. */
export const systemPlaceholders = ['host', 'port', 'core', 'dir', 'stamps', 'pauses'] as const;
/** What may stand in braces in `command` of a floor. */
export const floorPlaceholders = [
  'operation',
  'value_bytes',
  'warmup_s',
  'duration_s',
  'cores',
  'out',
] as const;
/** What may stand in both, and is filled in when the experiment is read (experiment-folder.ts). */
export const FOLDER_PLACEHOLDER = 'here';
export type SystemValues = Record<(typeof systemPlaceholders)[number], string>;
export type FloorValues = Record<(typeof floorPlaceholders)[number], string>;

/** A word of `start` in whose place the module of its backend and the server's options stand, each as two words. */
export const OPTIONS_WORD = '{options}';

/** Lower-case words in braces; other braces, as in a JSON argument, are left alone. */
const placeholderPattern = /\{([a-z_]+)\}/g;

/** The names in braces in `text`, in their order. */
export function placeholderNames(text: string): string[] {
  return [...text.matchAll(placeholderPattern)].map((match) => match[1] as string);
}

/** `text` with each {placeholder} replaced for which there is a value. */
export function fillPlaceholders(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(placeholderPattern, (braces, name: string) => values[name] ?? braces);
}

/** The command line of a server, its options written out, with {placeholders} still in it. */
export function startWithOptions(system: {
  backend: string;
  start: readonly string[];
  options: Readonly<Record<string, string>>;
  server_options: Readonly<Record<string, string>>;
}): string[] {
  const words = [
    ...moduleWords(system.backend),
    ...optionWords({ ...system.options, ...system.server_options }),
  ];
  return system.start.flatMap((word) => (word === OPTIONS_WORD ? words : [word]));
}

/** The module of a backend from outside, as commands take it; nothing for others. */
export function moduleWords(backend: string): string[] {
  const url = backendModuleUrl(backend);
  return url === null ? [] : ['--backend-module', url];
}

/** As `bypassbench serve` and `bypassbench load` take them. */
export function optionWords(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).flatMap(([key, value]) => ['--backend-option', `${key}=${value}`]);
}
