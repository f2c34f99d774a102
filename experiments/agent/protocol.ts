/**
 * What the two ends of a connection to a host say to each other: JSON lines. The near end asks (`Request`, with an id),
 * the agent answers each (`Reply`, in any order), and tells unasked what happens (`Event`). Both ends check what they
 * read, since the other one may be of another version.
 *
 *     <- {"event":"greeting","protocol":2}
 *     -> {"id":1,"ask":"start","with":{"argv":["sleep","9"], ...}}
 *     <- {"to":1,"answer":{"process":1,"pid":4711}}
 *     <- {"event":"ended","process":1,"end":"was ended by SIGTERM"}
 *     -> {"id":2,"ask":"flty","with":{}}
 *     <- {"to":2,"refused":{"code":"REQUEST_UNKNOWN","message":"..."}}
 */
import { z } from 'zod';
import { nic } from '../../results/formats/index.ts';
import { products } from '../machine/built.ts';

/** Of this protocol. Another number is spoken by another version, which `bypassbench lab setup` replaces. */
export const PROTOCOL = 2;

/** A file travels in chunks of so many bytes; as base64 in JSON one fits into a line. */
export const CHUNK_BYTES = 256 * 1024;

const count = z.int().min(0);
const none = z.object({});
/** A whole number of nanoseconds of a clock: more digits than a double has. */
const nanoseconds = z.string().regex(/^\d+$/);
const clocks = z.object({ realtime_ns: nanoseconds, monotonic_ns: nanoseconds });
const settings = z.record(z.string(), z.string());
const signal = z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL', 'SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2']);

const knob = z.object({ name: z.string(), value: z.string().nullable(), absent: z.string().nullable() });

const hostFacts = z.object({
  cpu: z.string(),
  governor: z.string().nullable(),
  kernel: z.string(),
  os: z.string(),
  hypervisor: z.string().nullable(),
  virtual: z.boolean(),
  memory_bytes: count,
  load_average_1m: z.number(),
  /** Of the whole machine, whoever may use them. */
  core_count: count,
  /** Those that the agent may use. */
  cores: z.array(count),
  knobs: z.array(knob),
  /** Of those asked for. */
  nics: z.array(nic),
  versions: z.record(z.string(), z.string()),
  /** What the kernel reads time from. */
  clock_source: z.string().nullable(),
  /** By name, IPv4 and IPv6, as `10.0.0.1/24`. */
  interfaces: z.record(z.string(), z.array(z.string())),
  /** By size in kB. */
  hugepages: z.array(z.object({ size_kb: count, count, free: count })),
  /** Of those asked for: programs that can be started, and what set-up has not built, with the reason. */
  programs: z.array(z.string()),
  unbuilt: z.array(z.object({ product: z.enum(products), why: z.string() })),
});

/** Each request: what is asked with, and what is answered. */
export const requests = {
  /** Who is there. */
  hello: {
    ask: none,
    answer: z.object({
      version: z.string(),
      /** Null where it is no clone. */
      commit: z.string().nullable(),
      /** Whether files differ from the commit. */
      dirty: z.boolean(),
      node: z.string(),
      platform: z.string(),
      pid: count,
    }),
  },
  /** That the other end lives, both ways. */
  beat: { ask: none, answer: none },
  /** The clocks, as the request came and as the answer goes. */
  clock: { ask: none, answer: z.object({ received: clocks, sent: clocks }) },
  /** What the machine is. */
  examine: {
    ask: z.object({
      programs: z.array(z.string()),
      products: z.array(z.enum(products)),
      /** What these stand on there is told with the versions. */
      backends: z.array(z.string()).optional(),
      /** Those that there are of these are told (machine/nics.ts). */
      nics: z
        .object({
          addresses: z.array(z.string()),
          interfaces: z.array(z.string()),
          pci: z.array(z.string()),
          rdma_devices: z.array(z.string()),
        })
        .optional(),
    }),
    answer: hostFacts,
  },
  /** A process whose output goes to files. Without `cores` it may use all; `bypassbench` is the agent's own. */
  start: {
    ask: z.object({
      argv: z.array(z.string()).min(1),
      cores: z.array(count),
      cwd: z.string(),
      env: settings,
      /** Whether it is told something on its standard input. */
      takes_input: z.boolean(),
      stdout_file: z.string(),
      stderr_file: z.string(),
    }),
    answer: z.object({ process: count, pid: count }),
  },
  /** Writes a line to the standard input of one that takes input. */
  tell: { ask: z.object({ process: count, line: z.string() }), answer: none },
  /** Answered once a process has said that line on its standard output, or has ended without. */
  until_said: {
    ask: z.object({ process: count, line: z.string() }),
    answer: z.object({ said: z.boolean() }),
  },
  /** To its whole process group. */
  signal: { ask: z.object({ process: count, signal }), answer: none },
  /** SIGTERM, and SIGKILL after `grace_ms`; whether it ended without that. */
  stop: { ask: z.object({ process: count, grace_ms: count }), answer: z.object({ by_itself: z.boolean() }) },
  /** Ends what processes have left running in sessions of their own; in words what that was. */
  end_orphans: { ask: none, answer: z.object({ ended: z.array(z.string()) }) },
  /** A fresh folder, on disk or in memory that processes share; it goes with the agent. */
  folder: { ask: z.object({ shared: z.boolean() }), answer: z.object({ folder: z.string() }) },
  /** Removes a folder with all in it; none is no error. */
  remove_folder: { ask: z.object({ folder: z.string() }), answer: none },
  /** Removes a regular file; what is none stays. */
  remove_file: { ask: z.object({ file: z.string() }), answer: none },
  /** Bytes of a file from `offset` on; the file's size now. */
  read: {
    ask: z.object({ file: z.string(), offset: count, bytes: count.max(CHUNK_BYTES) }),
    answer: z.object({ data: z.base64(), size: count }),
  },
  /** The regular files of a folder and of those in it, by their paths from there. */
  list: { ask: z.object({ folder: z.string() }), answer: z.object({ files: z.array(z.string()) }) },
  /** Puts bytes to `offset` of a file; `fresh` makes it, or empties it, first. */
  write: {
    ask: z.object({ file: z.string(), offset: count, data: z.base64(), fresh: z.boolean() }),
    answer: none,
  },
  /** A TCP port of an address on which nothing listens. */
  port: { ask: z.object({ address: z.string() }), answer: z.object({ port: count }) },
  /** The first line of what a server answers over TCP, or why there is none (machine/converse.ts). */
  converse: {
    ask: z.object({ host: z.string(), port: z.int().min(1).max(65_535), request: z.string().nullable() }),
    answer: z.object({ line: z.string() }),
  },
  /** What a server answers to INFO of a section. */
  redis_info: {
    ask: z.object({ host: z.string(), port: z.int().min(1).max(65_535), section: z.string() }),
    answer: z.object({ info: z.string() }),
  },
  /** Stamps of a server whose load generator is elsewhere (machine/server-stamps.ts). */
  start_stamps: { ask: z.object({ file: z.string() }), answer: none },
  keep_stamps: { ask: z.object({ file: z.string(), kept: z.string() }), answer: none },
  /** What took time from cores, and from a process (machine/interference.ts). */
  counts: {
    ask: z.object({ cores: z.array(count), pid: count.nullable() }),
    answer: z.object({
      steal_s: z.record(z.string(), z.number()),
      throttled_s: z.number().nullable(),
      involuntary_switches: count.nullable(),
    }),
  },
  /** Parameters of the kernel, until restore_sysctls or the end of the agent. */
  set_sysctls: { ask: z.object({ values: settings }), answer: none },
  restore_sysctls: { ask: none, answer: none },
};

export type RequestName = keyof typeof requests;
export type Ask<Name extends RequestName> = z.infer<(typeof requests)[Name]['ask']>;
export type Answer<Name extends RequestName> = z.infer<(typeof requests)[Name]['answer']>;
export type HostFacts = z.infer<typeof hostFacts>;
export type HostClocks = z.infer<typeof clocks>;
export type HostSignal = z.infer<typeof signal>;

const envelope = z.object({ id: count, ask: z.string(), with: z.unknown() });

/** `code` is stable: of an error of ours its own, of the system's its name (ENOSPC), and those below. */
const refusal = z.object({ code: z.string(), message: z.string() });
export type RefusedRequest = z.infer<typeof refusal>;

const event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('greeting'), protocol: count }),
  z.object({ event: z.literal('ended'), process: count, end: z.string() }),
]);
export type AgentEvent = z.infer<typeof event>;

const reply = z.union([
  z.object({ to: count, answer: z.unknown() }),
  /** `to` is null where the request could not be read so far that it had an id. */
  z.object({ to: count.nullable(), refused: refusal }),
]);
export type Reply = z.infer<typeof reply>;

/** A request that can be done; `asked` is of the type that `ask` says. */
export type ReadRequest = { [Name in RequestName]: { id: number; ask: Name; asked: Ask<Name> } }[RequestName];

export type ReadLine<Message> = { message: Message } | { to: number | null; refused: RefusedRequest };

const refuse = (to: number | null, code: string, message: string) => ({ to, refused: { code, message } });

/** Which of the agent's lines is meant, for what is said of one that cannot be read. */
const SHOWN_CHARACTERS = 60;
const shown = (line: string): string =>
  line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}...` : line;

function parsed(line: string): { json: unknown } | { fault: string } {
  try {
    return { json: JSON.parse(line) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function faultOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'message'}: ${issue?.message}`;
}

/** A line that came to the agent. */
export function readRequest(line: string): ReadLine<ReadRequest> {
  const content = parsed(line);
  if ('fault' in content)
    return refuse(null, 'LINE_NOT_JSON', `'${shown(line)}' is no JSON: ${content.fault}`);
  const found = envelope.safeParse(content.json);
  if (!found.success) {
    const id = (content.json as { id?: unknown } | null)?.id;
    return refuse(Number.isInteger(id) ? (id as number) : null, 'REQUEST_INVALID', faultOf(found.error));
  }
  const { id, ask, with: given } = found.data;
  if (!Object.hasOwn(requests, ask)) {
    return refuse(id, 'REQUEST_UNKNOWN', `there is no request '${ask}' in protocol ${PROTOCOL}`);
  }
  const asked = requests[ask as RequestName].ask.safeParse(given);
  if (!asked.success) return refuse(id, 'REQUEST_INVALID', `${ask}: ${faultOf(asked.error)}`);
  return { message: { id, ask, asked: asked.data } as ReadRequest };
}

/** A line that came from the agent. */
export function readFromAgent(line: string): ReadLine<AgentEvent | Reply> {
  const content = parsed(line);
  if ('fault' in content)
    return refuse(null, 'LINE_NOT_JSON', `'${shown(line)}' is no JSON: ${content.fault}`);
  const isEvent = typeof content.json === 'object' && content.json !== null && 'event' in content.json;
  const found = (isEvent ? event : reply).safeParse(content.json);
  if (!found.success) return refuse(null, 'REPLY_INVALID', `'${shown(line)}': ${faultOf(found.error)}`);
  return { message: found.data };
}

/** What stands in a reply to such a request. */
export function readAnswer<Name extends RequestName>(ask: Name, answer: unknown): ReadLine<Answer<Name>> {
  const found = requests[ask].answer.safeParse(answer);
  if (!found.success) return refuse(null, 'REPLY_INVALID', `the answer to ${ask}: ${faultOf(found.error)}`);
  return { message: found.data as Answer<Name> };
}

export const lineOf = (message: object): string => `${JSON.stringify(message)}\n`;
