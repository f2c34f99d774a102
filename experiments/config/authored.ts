/**
 * What the author of an experiment, or of a file of the library, may write: names of systems and floors in
 * the place of what they stand for, command lines as one string, `defaults:`. The JSON Schemas that editors
 * use are made of it.
 */
import { z } from 'zod';
import { shapes } from '../../results/formats/index.ts';
import { authoredHosts } from '../lab/schema.ts';
import { argv, client, configSchema, floor, system, text, timeout_s } from './schema.ts';
import { arrivals, name } from './workload-schema.ts';

export type Keys = readonly string[];

const words = z.union([text, argv]);
const names = z.union([name, z.array(name)]);

const readyParts = z
  .strictObject({
    by: z.enum(['json_line', 'resp_ping', 'tcp_connect', 'output']),
    pattern: text.describe(
      'With `by: output`: regular expression that a line matches once the server is ready.',
    ),
    timeout_s,
  })
  .partial()
  .describe('How to know that the server is ready for requests.');

const { shape } = system;
const defaults = z
  .strictObject({
    server_cores: shape.server_cores,
    cores: shape.cores,
    client: client.partial(),
    ready: readyParts,
    env: shape.env,
    share_cores: shape.share_cores,
    command_stats: shape.command_stats,
  })
  .partial()
  .describe('For the systems of this file that do not say it themselves, nor does the library for them.');

const use = z.string().describe('Entry of the library that this one is made of: see `bypassbench systems`.');
const systemKeys = {
  ...shape,
  start: words.describe(shape.start.description as string),
  version: words.describe(shape.version.description as string),
  floor: names.describe(shape.floor.description as string),
  client: client.partial(),
  ready: readyParts,
};
const floorKeys = { ...floor.shape, command: words.describe(floor.shape.command.description as string) };

/** In an experiment: the rest are changes to what `use` names, and parameters where it is a template. */
const systemEntry = z.object(systemKeys).partial().extend({ use: use.optional() }).catchall(z.unknown());
const floorEntry = z.object(floorKeys).partial().extend({ use: use.optional() }).catchall(z.unknown());

const { workload } = configSchema.shape;
const openLoop = workload.shape.open_loop.unwrap();

export const authoredSchema = configSchema.extend({
  // What a sweep varies stands there alone, and weights of a mix are operations enough.
  workload: workload
    .extend({
      open_loop: openLoop.extend({ arrivals }).partial({ rate_ops: true }).optional(),
      shape: z
        .enum(shapes)
        .optional()
        .describe("Lengths of keys and values as in a pool of Facebook's (SIGMETRICS 2012)."),
      sizes: z
        .string()
        .min(1)
        .optional()
        .describe(
          "In the place of value_sizes a file with a size a line and, behind it, its weight. Its path is from the experiment's folder.",
        ),
    })
    .partial({ operations: true, keys: true, value_bytes: true, duration_s: true })
    .describe(workload.description as string),
  defaults: defaults.optional(),
  hosts: authoredHosts.optional().describe(configSchema.shape.hosts.description as string),
  systems: z
    .array(z.union([z.string().describe('Name in the library: see `bypassbench systems`.'), systemEntry]))
    .min(1)
    .describe(configSchema.shape.systems.description as string),
  floors: z
    .array(z.union([z.string(), floorEntry]))
    .optional()
    .describe('Floors of this experiment, beside those of the library; a system names them as its `floor`.'),
});

/** In a template a value of any type may be a text with parameters in it. */
const withParameters = z.string().regex(/\{[a-z_]+\}/);
function fillable<Shape extends Record<string, z.ZodType>>(keys: Shape): Record<keyof Shape, z.ZodType> {
  const entries = Object.entries(keys).map(([key, type]) => [key, z.union([type, withParameters])]);
  return Object.fromEntries(entries);
}

const libraryKeys = {
  about: text.optional().describe('One line for `bypassbench systems`.'),
  replaces: name
    .optional()
    .describe("The entry's own name, where it takes the place of one that is there already."),
};
const parameter = (body: z.ZodType): z.ZodObject =>
  z.strictObject({
    about: text.optional().describe('What it is, in a few words.'),
    default: z.unknown().optional().describe('Its value where none is given; without it one must be.'),
    choices: z
      .record(z.string(), body)
      .optional()
      .describe('The values that it may have, each with what it adds to the template.'),
  });
const parametersOf = (body: z.ZodType): z.ZodType =>
  z
    .record(z.string().regex(/^[a-z][a-z_]*$/), parameter(body))
    .optional()
    .describe(
      'Makes a template of the entry: {name} in its texts is the value that is given where it is used.',
    );

const librarySystem = z
  .object({ ...fillable(systemKeys), client: z.strictObject(fillable(client.shape)).partial() })
  .partial()
  .extend({ use: use.optional() })
  .catchall(z.unknown());
const libraryFloor = z
  .object(fillable(floorKeys))
  .partial()
  .extend({ use: use.optional() })
  .catchall(z.unknown());

export const librarySchema = z.strictObject({
  defaults: defaults.optional(),
  systems: z
    .record(name, librarySystem.extend({ ...libraryKeys, parameters: parametersOf(librarySystem) }))
    .optional()
    .describe('Systems and templates of them, by name.'),
  floors: z
    .record(name, libraryFloor.extend({ ...libraryKeys, parameters: parametersOf(libraryFloor) }))
    .optional()
    .describe('Floors and templates of them, by name.'),
});

/** The keys that are known at each place, parameters of templates apart. */
export const keysOf: Record<'systems' | 'floors' | 'defaults' | 'parameter', Keys> = {
  systems: ['use', ...Object.keys(shape)],
  floors: ['use', ...Object.keys(floor.shape)],
  defaults: Object.keys(defaults.shape),
  parameter: ['about', 'default', 'choices'],
};

let madeConfigSchema: Readonly<z.core.JSONSchema.JSONSchema> | null = null;

/**
 * JSON Schema (draft 2020-12) of an experiment as its author writes it: what has a default may be left out. It is made
 * once: a sweep asks it for the keys of the workload, and `bypassbench list` reads all experiments several times.
 */
export function configJsonSchema(): Readonly<z.core.JSONSchema.JSONSchema> {
  madeConfigSchema ??= z.toJSONSchema(authoredSchema, { io: 'input' });
  return madeConfigSchema;
}

/** JSON Schema of a file of the library, and of `systems.yaml`. */
export function libraryJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(librarySchema, { io: 'input' });
}
