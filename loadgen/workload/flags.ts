/** What is sent, as flags of a command line: operations, keys, values. */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { decimal, wholeNumber } from '../../libos/index.ts';
import {
  type KeySizes,
  meanKeyBytes,
  parseKeySizes,
  shapes,
  USUAL_KEY_BYTES,
} from '../../results/formats/key-sizes.ts';
import { hotspotIn, keyDistributions, MIX, NO_HOTSPOT } from '../../results/formats/lists.ts';
import {
  type LoadNames,
  ofDistributions,
  requestProblems,
  uselessProblem,
} from '../../results/formats/load-checks.ts';
import type { Commands } from '../../results/formats/operations.ts';
import {
  meanBytes,
  mostBytes,
  parseValueSizes,
  readSizes,
  type ValueSizes,
} from '../../results/formats/value-sizes.ts';
import { flagNames, refuseProblems, valueBytes } from '../arguments.ts';
import { LoadError } from '../errors.ts';
import { type KeyOptions, MAX_KEYS } from './key-space.ts';
import { type Mix, nameAndCommand, operationsOf } from './operations.ts';
import { parseWeights } from './weights.ts';
import type { WorkloadOptions } from './workload.ts';

/** Further ones would be rounded to each other. */
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const EXPONENT_MAX = 20;
const VALUE_BYTES = 64;
/** That of YCSB. */
const ZIPF_EXPONENT = 0.99;
const HOTSPOT = { keys: 0.2, requests: 0.8 };
/** Of --operation mix without --mix. */
const EVEN: Mix = [
  { name: 'get', weight: 1 },
  { name: 'set', weight: 1 },
];

/** As commander names the options. */
export interface WorkloadFlags {
  operation?: string;
  mix?: Mix;
  command?: Commands;
  keys: number;
  keyDistribution: KeyOptions['keyDistribution'];
  zipfExponent?: number;
  hotspot?: KeyOptions['hotspot'];
  shape?: (typeof shapes)[number];
  keyBytes?: NamedKeySizes;
  valueBytes?: number;
  valueSizes?: NamedSizes;
  sizes?: string;
  seed: number;
}

/** How long values are, and the words for it. */
interface NamedSizes {
  sizes: ValueSizes;
  name: string;
}

/** How long keys are, and the words for it. */
interface NamedKeySizes {
  sizes: KeySizes;
  name: string;
}

/** The workload, with what a result says of it. */
export interface NamedWorkload extends WorkloadOptions {
  /** The mean, where they differ, and then words for them; null where all have one length. */
  keyBytes: number;
  keySizesName: string | null;
  /** The mean, where they differ. */
  valueBytes: number;
  /** Words for the lengths of values; null where all have one. */
  valueSizesName: string | null;
}

export function withWorkloadFlags(command: Command): Command {
  return command
    .option(
      '--operation <name>',
      'operation to send: get, set, the name of a --command, or mix (default: get)',
    )
    .option(
      '--mix <weights>',
      'send a mix of operations with these weights, such as get=95,set=5 (of --operation mix: get=1,set=1)',
      parseWeights,
    )
    .option(
      '--command <name=command>',
      `an operation of your own, such as 'hset=HSET user:{key} f {value} -> integer'; can be repeated. {key} is a key, \
{new_key} one that does not exist yet, {keys:10} one to ten that follow each other, {value} the value of the key. {fields:10} \
are names and values of the ten fields of a record, {field:10} is the name of one of them, by chance. {number} is the number of \
the key, {count:10} how many keys are asked for from there on, {each} each key that the command before asked for. Behind -> \
stands the kind of the right reply: ok, integer, value (the key's), values (those of {keys}), fields:10 (a record), keys (those of \
{count}), bulk, array, nil, any. Of several commands, divided by semicolons, each follows the reply to the one before it, and all \
are one sample`,
      withCommand,
    )
    .option('--keys <n>', 'size of the key space', wholeNumber(1, MAX_KEYS), 1_000_000)
    .addOption(
      new Option('--key-distribution <name>', 'how keys are drawn')
        .choices([...keyDistributions])
        .default('uniform'),
    )
    .option(
      '--zipf-exponent <s>',
      `with zipf and latest: the key of rank k is drawn k^s times less often than the first (default: ${ZIPF_EXPONENT})`,
      decimal(0, EXPONENT_MAX),
    )
    .option(
      '--hotspot <keys:requests>',
      `with hotspot: a share of the keys, and the share of the requests that it gets (default: ${HOTSPOT.keys}:${HOTSPOT.requests})`,
      parseHotspot,
    )
    .addOption(
      new Option(
        '--shape <pool>',
        "lengths of keys and values as in a pool of Facebook's (SIGMETRICS 2012)",
      ).choices([...shapes]),
    )
    .option(
      '--key-bytes <n>',
      `length of each key, or lengths of different ones: uniform:20-40, list:16=3,21=1, gev:LOCATION,SCALE,SHAPE, etc or \
usr (default: ${USUAL_KEY_BYTES})`,
      namedKeySizes,
    )
    .option(
      '--value-bytes <n>',
      `length of each value, field or message (default: ${VALUE_BYTES})`,
      valueBytes,
    )
    .option(
      '--value-sizes <distribution>',
      'lengths of the values of different keys: uniform:1-1024, list:64=9,1024=1, pareto:LOCATION,SCALE,SHAPE, etc or \
usr (Facebook, SIGMETRICS 2012)',
      parseSizes,
    )
    .option('--sizes <file>', 'the same, drawn from a list: a line has a length and, behind it, its weight')
    .option('--seed <n>', 'seed of keys, values and times of sending', wholeNumber(-SEED_MAX, SEED_MAX), 1);
}

/** Throws INVALID_OPTION for flags that contradict each other, and for what cannot be sent or told apart. */
export async function workloadOf(flags: WorkloadFlags, fills: boolean): Promise<NamedWorkload> {
  const { mix, command: commands = {}, keys, keyDistribution, seed } = flags;
  const { sizes, name } = await sizesOf(flags);
  const keySizes = keySizesOf(flags);
  const operation = flags.operation ?? (mix === undefined ? 'get' : MIX);
  if (mix !== undefined && operation !== MIX) {
    throw invalid(`--mix is what --operation ${MIX} sends: leave out --operation ${operation}`);
  }
  const workload: NamedWorkload = {
    operation,
    mix: mix ?? EVEN,
    commands,
    keys,
    keyDistribution,
    zipfExponent: flags.zipfExponent ?? ZIPF_EXPONENT,
    hotspot: flags.hotspot ?? HOTSPOT,
    keySizes: keySizes.sizes,
    keyBytes: meanKeyBytes(keySizes.sizes),
    keySizesName: keySizes.sizes.kind === 'fixed' ? null : keySizes.name,
    valueSizes: sizes,
    valueBytes: meanBytes(sizes),
    valueSizesName: sizes.kind === 'fixed' ? null : name,
    seed,
  };
  checkDistribution(flags);
  const asked = {
    operations: operationsOf(operation, workload.mix, commands),
    commands,
    fills,
    keys,
    keyDistribution,
    keySizes: keySizes.sizes,
    // Those of usr have two bytes, and tell a hundred keys apart.
    valueBytes: sizes.kind === 'fixed' && name !== 'usr' ? sizes.bytes : null,
    valueBytesMost: mostBytes(sizes),
  };
  const names = namesOf(flags);
  refuseProblems(requestProblems(asked, names), names);
  return workload;
}

function checkDistribution({ keyDistribution, zipfExponent, hotspot }: WorkloadFlags): void {
  const given = { zipf_exponent: zipfExponent, hotspot };
  for (const at of ['zipf_exponent', 'hotspot'] as const) {
    const isUsed = ofDistributions[at].some((distribution) => distribution === keyDistribution);
    if (given[at] !== undefined && !isUsed) refuseProblems([uselessProblem(at, flagNames)]);
  }
}

/** What says the lengths is what cannot be. */
function namesOf({ shape, valueSizes, sizes }: WorkloadFlags): LoadNames {
  if (shape !== undefined) return { ...flagNames, key_bytes: '--shape', value_bytes: '--shape' };
  const said = valueSizes !== undefined ? '--value-sizes' : sizes !== undefined ? '--sizes' : '--value-bytes';
  return { ...flagNames, value_bytes: said };
}

function keySizesOf({ shape, keyBytes }: WorkloadFlags): NamedKeySizes {
  if (shape === undefined) return keyBytes ?? namedKeySizes(String(USUAL_KEY_BYTES));
  if (keyBytes !== undefined) throw invalid('--shape says how long keys are: leave out --key-bytes');
  return namedKeySizes(shape);
}

async function sizesOf({ shape, valueBytes, valueSizes, sizes: file }: WorkloadFlags): Promise<NamedSizes> {
  if (shape !== undefined) {
    if ([valueBytes, valueSizes, file].some((one) => one !== undefined)) {
      throw invalid('--shape says how long values are: leave out --value-bytes, --value-sizes and --sizes');
    }
    return parseSizes(shape);
  }
  const given = [valueBytes, valueSizes, file].filter((one) => one !== undefined);
  if (given.length > 1) {
    throw invalid('--value-bytes, --value-sizes and --sizes each say how long values are: give one of them');
  }
  if (valueSizes !== undefined) return valueSizes;
  if (file === undefined)
    return { sizes: { kind: 'fixed', bytes: valueBytes ?? VALUE_BYTES }, name: 'fixed' };
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(`--sizes ${file} cannot be read (${(error as Error).message})`);
  }
  const sizes = readSizes(text);
  if (typeof sizes === 'string') throw invalid(`--sizes ${file}: ${sizes}`);
  return { sizes, name: `file ${file}` };
}

function withCommand(text: string, before: Commands = {}): Commands {
  const [name, command] = nameAndCommand(text);
  if (Object.hasOwn(before, name))
    throw invalid(`--command ${name} is there twice: give one of them another name`);
  return { ...before, [name]: command };
}

function parseSizes(name: string): NamedSizes {
  const sizes = parseValueSizes(name);
  if (typeof sizes === 'string') throw new InvalidArgumentError(sizes);
  return { sizes, name };
}

function namedKeySizes(name: string): NamedKeySizes {
  const sizes = parseKeySizes(name);
  if (typeof sizes === 'string') throw new InvalidArgumentError(sizes);
  return { sizes, name };
}

function parseHotspot(text: string): KeyOptions['hotspot'] {
  const hotspot = hotspotIn(text);
  if (hotspot === null) throw new InvalidArgumentError(`It ${NO_HOTSPOT}.`);
  return hotspot;
}

function invalid(message: string): LoadError {
  return new LoadError('INVALID_OPTION', message);
}
