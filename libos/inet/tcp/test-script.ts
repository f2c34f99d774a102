/**
 * Scripts of segments: what stands in a file `*.segments`, as data, and how it is written. docs/segments.md says what
 * each line means; test-script-parser.ts reads it, test-script-run.ts does it.
 *
 * Times are microseconds. Sequence and acknowledgement numbers count from each side's SYN.
 */

/** In the order in which they are written; ACK is said by the acknowledgement number. */
export const FLAG_ORDER = 'SFRPU';

export const ICMP_MESSAGES = [
  'net-unreachable',
  'host-unreachable',
  'protocol-unreachable',
  'port-unreachable',
  'fragmentation-needed',
  'source-route-failed',
] as const;
export type IcmpMessage = (typeof ICMP_MESSAGES)[number];

/** What `no` can say of a segment. */
export const ABSENCES = ['ack', 'mss', 'wscale', 'sackok', 'ts'] as const;
export type Absence = (typeof ABSENCES)[number];

/** What can be asked of a connection, a listener or the stack, and what the answer is. */
export const VALUES = {
  cwnd: 'number',
  ssthresh: 'number',
  mss: 'number',
  window: 'number',
  acked: 'number',
  unread: 'number',
  'half-open': 'number',
  complete: 'number',
  rto: 'time',
  srtt: 'time',
  recovery: 'word',
} as const;
export type ValueName = keyof typeof VALUES;

/** `relative`: from the number of this side that was acknowledged last. */
export interface Acknowledgement {
  number: number;
  relative: boolean;
}

export interface Timestamps {
  /** Milliseconds since the script has begun, of the sender's clock; null: what the clock says, or any. */
  value: number | null;
  /** The same of the other side's clock; 'none': 0 on the wire, as in a first SYN. */
  echo: number | 'none' | null;
}

/** A segment that is sent, or is to come; null: not said. */
export interface SegmentLine {
  /** Of FLAG_ORDER. */
  flags: string;
  seq: number | null;
  bytes: number;
  ack: Acknowledgement | null;
  /** As in the header, not scaled. */
  win: number | null;
  mss: number | null;
  wscale: number | null;
  sackok: boolean;
  ts: Timestamps | null;
  sack: readonly (readonly [number, number])[];
  absent: readonly Absence[];
  /** Further options, byte by byte. */
  raw: readonly number[];
  /** The header's length in words, if it is to be wrong. */
  offset: number | null;
  urgent: number | null;
  badChecksum: boolean;
  from: number | null;
  to: number | null;
  /** Payload of each segment but the last of those that are to come. */
  by: number | null;
}

/** When: after the line before, or since the script has begun. */
export interface When {
  since: 'before' | 'start';
  us: number;
  /** It may come until then. */
  untilUs: number | null;
}

export type Statement =
  | { kind: 'sends'; together: boolean; segment: SegmentLine }
  | { kind: 'icmp'; message: IcmpMessage; mtu: number | null; quoting: number }
  | { kind: 'comes'; segment: SegmentLine }
  | { kind: 'established'; syn: SegmentLine; rttUs: number | null }
  | { kind: 'listen'; backlog: number | null }
  | { kind: 'push'; bytes: number; by: number | null }
  | { kind: 'pop'; bytes: number | null; of: number | null }
  | { kind: 'pop-end' }
  | { kind: 'call'; name: CallName }
  | { kind: 'set'; option: OwnOption; us: number }
  | { kind: 'link'; up: boolean }
  | { kind: 'arp'; answers: boolean }
  | { kind: 'state'; state: string }
  | { kind: 'error'; error: string | null }
  | { kind: 'value'; name: ValueName; value: number | string | null }
  | { kind: 'counter'; name: string; value: number }
  | { kind: 'passes'; what: 'nothing' | 'anything'; since: When['since']; us: number }
  | { kind: 'repeat'; times: number; lines: readonly ScriptLine[] };

/** What a connection has of its own, beside the options of the stack. */
export const OWN_OPTIONS = ['keep-alive', 'user-timeout'] as const;
export type OwnOption = (typeof OWN_OPTIONS)[number];

export const CALLS = ['connect', 'accept', 'shutdown', 'close', 'stop-listening'] as const;
export type CallName = (typeof CALLS)[number];

export interface ScriptLine {
  /** In the file, from 1 on. */
  number: number;
  when: When | null;
  statement: Statement;
}

export interface ScriptOption {
  name: string;
  /** null: the option is on. */
  value: string | null;
}

export interface SegmentScript {
  /** What must be, in a sentence: the name of the test. */
  rule: string;
  /** The RFC's section, or whatever else says so. */
  source: string;
  options: readonly ScriptOption[];
  /** Line of the options, 0 without. */
  optionsNumber: number;
  lines: readonly ScriptLine[];
}

export const PLAIN_SEGMENT: SegmentLine = {
  flags: '',
  seq: null,
  bytes: 0,
  ack: null,
  win: null,
  mss: null,
  wscale: null,
  sackok: false,
  ts: null,
  sack: [],
  absent: [],
  raw: [],
  offset: null,
  urgent: null,
  badChecksum: false,
  from: null,
  to: null,
  by: null,
};

/** From the longest on. */
export const UNITS_US = {
  d: 86_400_000_000,
  h: 3_600_000_000,
  min: 60_000_000,
  s: 1_000_000,
  ms: 1000,
  us: 1,
} as const;

/** In the longest unit of which it is a whole number. */
export function printTime(us: number): string {
  if (us === 0) return '0ms';
  const [unit, size] = Object.entries(UNITS_US).find(([, units]) => us % units === 0) ?? ['us', 1];
  return `${us / size}${unit}`;
}

export function printScript(script: SegmentScript): string {
  const options = script.options.map(({ name, value }) => (value === null ? name : `${name} ${value}`));
  const heading = [`rule: ${script.rule}`, `source: ${script.source}`];
  if (options.length > 0) heading.push(`options: ${options.join(', ')}`);
  return [...heading, '', ...printLines(script.lines, ''), ''].join('\n');
}

function printLines(lines: readonly ScriptLine[], indent: string): string[] {
  return lines.flatMap(({ when, statement }) => {
    const text = `${indent}${when === null ? '' : `${printWhen(when)} `}${printStatement(statement)}`;
    if (statement.kind !== 'repeat') return [text];
    return [text, ...printLines(statement.lines, `${indent}  `), `${indent}end`];
  });
}

function printWhen({ since, us, untilUs }: When): string {
  const until = untilUs === null ? '' : `..${printTime(untilUs)}`;
  return `${since === 'before' ? '+' : '@'}${printTime(us)}${until}`;
}

export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'sends':
      return `${statement.together ? '<<' : '<'} ${printSegment(statement.segment)}`.trimEnd();
    case 'comes':
      return `> ${printSegment(statement.segment)}`.trimEnd();
    case 'icmp':
      return printIcmp(statement);
    case 'established': {
      const { syn, rttUs } = statement;
      return `established ${printSegment(syn)}${rttUs === null ? '' : ` rtt ${printTime(rttUs)}`}`.trimEnd();
    }
    case 'listen':
      return statement.backlog === null ? 'listen' : `listen backlog ${statement.backlog}`;
    case 'push':
      return `push ${statement.bytes}${statement.by === null ? '' : ` by ${statement.by}`}`;
    case 'pop':
      if (statement.bytes === null) return 'pop';
      return `pop ${statement.bytes}${statement.of === null ? '' : ` of ${statement.of}`}`;
    case 'pop-end':
      return 'pop end';
    case 'call':
      return statement.name;
    case 'set':
      return `set ${statement.option} ${statement.us === 0 ? 'off' : printTime(statement.us)}`;
    case 'link':
      return statement.up ? 'link up' : 'link down';
    case 'arp':
      return statement.answers ? 'arp answers' : 'arp silent';
    case 'state':
      return `state ${statement.state}`;
    case 'error':
      return `! ${statement.error ?? 'none'}`;
    case 'value':
      return `${statement.name} ${printValue(statement.name, statement.value)}`;
    case 'counter':
      return `counter ${statement.name} ${statement.value}`;
    case 'passes':
      return `${statement.what} ${statement.since === 'before' ? 'for' : 'until'} ${printTime(statement.us)}`;
    case 'repeat':
      return `repeat ${statement.times}`;
  }
}

export function printValue(name: ValueName, value: number | string | null): string {
  if (value === null) return 'none';
  return VALUES[name] === 'time' ? printTime(Number(value)) : String(value);
}

function printIcmp({ message, mtu, quoting }: Extract<Statement, { kind: 'icmp' }>): string {
  return `< icmp ${message}${mtu === null ? '' : ` mtu ${mtu}`} quoting ${quoting}`;
}

export function printSegment(segment: SegmentLine): string {
  const { flags, seq, bytes, ack, ts, sack, raw } = segment;
  const words: string[] = [];
  if (flags !== '') words.push(ack === null ? flags : `${flags}.`);
  if (seq !== null) words.push(bytes > 0 ? `${seq}:${seq + bytes}` : String(seq));
  else if (bytes > 0) words.push(`+${bytes}`);
  if (ack !== null) words.push(`ack ${ack.relative ? '+' : ''}${ack.number}`);
  for (const name of ['win', 'mss', 'wscale'] as const) {
    if (segment[name] !== null) words.push(`${name} ${segment[name]}`);
  }
  if (segment.sackok) words.push('sackok');
  if (ts !== null) words.push('ts');
  if (ts !== null && ts.value !== null) words.push(`val ${ts.value}`);
  if (ts !== null && ts.echo !== null) words.push(`ecr ${ts.echo}`);
  if (sack.length > 0) words.push(`sack ${sack.map(([start, end]) => `${start}:${end}`).join(' ')}`);
  for (const name of segment.absent) words.push(`no ${name}`);
  if (raw.length > 0) words.push(`opt ${raw.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`);
  for (const name of ['offset', 'urgent'] as const) {
    if (segment[name] !== null) words.push(`${name} ${segment[name]}`);
  }
  if (segment.badChecksum) words.push('badsum');
  for (const name of ['from', 'to', 'by'] as const) {
    if (segment[name] !== null) words.push(`${name} ${segment[name]}`);
  }
  return words.join(' ');
}
