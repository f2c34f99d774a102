/** The parameters of a running server that CONFIG GET shows and, some of them, CONFIG SET changes. */
import { encodingParameters } from './encoding-parameters.ts';
import { fixedParameters } from './fixed-parameters.ts';
import { defaultEncodingLimits } from './keyspace/types/encoding-limits.ts';
import { DATABASES, type EngineSetup, parseMemory } from './options.ts';
import { OutputLimits } from './output-limits.ts';
import type { ConfigParameter } from './parameter.ts';
import type { RequestLimits } from './resp/request.ts';

const MEBIBYTE = 1024 ** 2;
/** The defaults of Redis, and the most that this server keeps: places in a value and in a request have 31 bits. */
const BULK_BYTES_MAX = 512 * MEBIBYTE;
const QUERY_BYTES_MAX = 1024 * MEBIBYTE;

export class Configuration {
  readonly frontend: string;
  readonly backend: string;
  /** Port listened on; set by the front end once it is known. */
  port: number;
  maxClients: number;
  requirepass: string;
  readonly outputLimits: OutputLimits;
  readonly encodingLimits = defaultEncodingLimits();
  /** Keys expire also when nobody asks for them: DEBUG SET-ACTIVE-EXPIRE. */
  activeExpiry = true;
  /** What the server does by itself is done: DEBUG PAUSE-CRON. */
  regularWork = true;
  readonly requestLimits: RequestLimits = { bulkBytesMax: BULK_BYTES_MAX, queryBytesMax: QUERY_BYTES_MAX };
  /** By name. */
  readonly #parameters: Map<string, ConfigParameter>;

  constructor(options: EngineSetup) {
    this.frontend = options.frontend;
    this.backend = options.backend;
    this.port = options.port ?? 0;
    this.maxClients = options.maxClients;
    this.requirepass = options.requirepass;
    this.outputLimits = new OutputLimits(options.outputBufferLimit);
    this.#parameters = new Map<string, ConfigParameter>([
      ['bind', { get: () => options.bind }],
      ['daemonize', { get: () => 'no' }],
      [
        'client-output-buffer-limit',
        { get: () => this.outputLimits.format(), set: (value) => this.outputLimits.set(value) },
      ],
      [
        'client-query-buffer-limit',
        {
          get: () => String(this.requestLimits.queryBytesMax),
          set: (value) => this.#setMemory(value, QUERY_BYTES_MAX, 'queryBytesMax'),
        },
      ],
      ['databases', { get: () => String(DATABASES) }],
      ['maxclients', { get: () => String(this.maxClients), set: (value) => this.#setMaxClients(value) }],
      ['port', { get: () => String(this.port) }],
      [
        'proto-max-bulk-len',
        {
          get: () => String(this.requestLimits.bulkBytesMax),
          set: (value) => this.#setMemory(value, BULK_BYTES_MAX, 'bulkBytesMax'),
        },
      ],
      [
        'requirepass',
        {
          get: () => this.requirepass,
          set: (value) => {
            this.requirepass = value;
            return null;
          },
        },
      ],
      ...fixedParameters(),
      ...encodingParameters(this.encodingLimits),
    ]);
  }

  /** Parameters by name, for CONFIG. */
  get parameters(): ReadonlyMap<string, ConfigParameter> {
    return this.#parameters;
  }

  /** A parameter that is kept elsewhere. */
  add(name: string, parameter: ConfigParameter): void {
    this.#parameters.set(name, parameter);
  }

  #setMemory(value: string, max: number, limit: keyof RequestLimits): string | null {
    const bytes = parseMemory(value);
    if (bytes === null) return 'argument must be a memory value';
    if (bytes < MEBIBYTE || bytes > max) return `argument must be between ${MEBIBYTE} and ${max} inclusive`;
    this.requestLimits[limit] = bytes;
    return null;
  }

  #setMaxClients(value: string): string | null {
    if (!/^\d{1,9}$/.test(value)) return "argument couldn't be parsed into an integer";
    if (Number(value) < 1) return `argument must be between 1 and ${2 ** 32 - 1} inclusive`;
    this.maxClients = Number(value);
    return null;
  }
}
