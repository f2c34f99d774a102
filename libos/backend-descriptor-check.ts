/** Whether the default export of a module is a descriptor of a backend, and what its `create` makes a transport. */
import { isIPv4 } from 'node:net';
import { BACKEND_API_VERSION, type BackendDescriptor } from './backend-descriptor.ts';
import { LibosError } from './errors.ts';
import type { Transport } from './transport.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const acknowledgers: readonly string[] = ['libos', 'host', 'device'];
const capabilities = ['datagrams', 'moments', 'wakes', 'threads', 'connectionsAreFiles'];

/** A check of each field, and what it must be. */
const fields: Record<string, [isRight: (value: unknown) => boolean, wanted: string]> = {
  name: [
    (value) => /^[a-z][a-z0-9-]*$/.test(String(value)),
    'small letters, digits and -, with a letter first',
  ],
  title: [isText, 'what captions call it'],
  create: [isFunction, 'a function of the host and the set-up that makes a Transport'],
  load: [
    (value) => value === undefined || isFunction(value),
    'a function that loads what create needs, or left out',
  ],
  capabilities: [
    (value) => isRecord(value) && capabilities.every((one) => typeof value[one] === 'boolean'),
    `an object that says true or false of each: ${capabilities.join(', ')}`,
  ],
  defaultBind: [(value) => isIPv4(String(value)), 'an IPv4 address, such as 127.0.0.1'],
  acknowledges: [
    (value) => value === undefined || acknowledgers.includes(String(value)),
    `${acknowledgers.join(', ')}, or left out`,
  ],
  socketOptions: [
    (value) => value === undefined || typeof value === 'boolean',
    'true where streams take setOptions, else false or left out',
  ],
  options: [
    (value) => isRecord(value) && Object.entries(value).every(isOption),
    'an object with { help, default } for each option by its name; default a text or null, perhaps unit a text',
  ],
  pairing: [
    (value) =>
      value === null ||
      (isRecord(value) &&
        isText(value.about) &&
        isFunction(value.ends) &&
        (value.apart === undefined || isFunction(value.apart))),
    'null, or { about, ends } with a text and a function, perhaps apart with a function',
  ],
  needs: [isFunction, 'a function of options'],
  examine: [isFunction, 'a function that gives what the doctor finds'],
  versions: [(value) => value === undefined || isFunction(value), 'a function, or left out'],
  floor: [
    (value) =>
      value === undefined ||
      (isRecord(value) &&
        isText(value.target) &&
        ['program', 'server', 'client'].every((one) => isFunction(value[one]))),
    '{ target, program, server, client } with a text and three functions, or left out',
  ],
  files: [
    (value) =>
      value === undefined ||
      (Array.isArray(value) && value.every((one) => one instanceof URL && one.protocol === 'file:')),
    'an array of URLs of files, or left out',
  ],
};

function isOption([name, option]: [string, unknown]): boolean {
  return (
    /^[a-z][a-z0-9_]*$/.test(name) &&
    isRecord(option) &&
    isText(option.help) &&
    (option.default === null || typeof option.default === 'string') &&
    (option.unit === undefined || isText(option.unit))
  );
}

/** Throws what `refusal` makes of what is wrong and how to mend it. */
export function refuseDescriptor(
  descriptor: unknown,
  refusal: (why: string) => Error,
): asserts descriptor is BackendDescriptor {
  if (!isRecord(descriptor)) {
    throw refusal(
      'its default export is no descriptor: export default { name, apiVersion, title, create, ... }, a BackendDescriptor ' +
        'of bypassbench/backend-api',
    );
  }
  const { apiVersion } = descriptor;
  if (apiVersion !== BACKEND_API_VERSION) {
    throw refusal(
      `its descriptor is of version ${String(apiVersion)} of bypassbench/backend-api, and this bypassbench has version ` +
        `${BACKEND_API_VERSION}: take releases of the two that fit, or have its apiVersion say for which one it was written`,
    );
  }
  const wrong = Object.entries(fields)
    .filter(([name, [isRight]]) => !isRight(descriptor[name]))
    .map(([name, [, wanted]]) => `${name} must be ${wanted}`);
  if (wrong.length > 0) throw refusal(`its descriptor is not whole: ${wrong.join('; ')}`);
}

/** Of Transport, each asked for by the core at some time. */
const methods = [
  ...['open', 'bind', 'listen', 'connect', 'shutdownWrite', 'close', 'reset', 'accept', 'push', 'pop'],
  ...['poll', 'counters', 'sleep', 'linger', 'shutdown'],
] as const satisfies (keyof Transport)[];

/** The transport that `create` of a backend has made. Throws INVALID_ARGUMENT where that is none. */
export function checkedTransport(backend: string, made: Transport): Transport {
  const has = (made ?? {}) as Partial<Record<keyof Transport, unknown>>;
  const missing = [
    ...methods.filter((name) => !isFunction(has[name])),
    ...(isRecord(has.pool) ? [] : ['pool']),
  ];
  if (missing.length === 0) return made;
  const detail = `what create of the backend ${backend} makes is no Transport of bypassbench/backend-api: it lacks ${missing.join(', ')}`;
  throw new LibosError('INVALID_ARGUMENT', 'createLibos', -1, detail);
}
