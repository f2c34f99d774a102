/** Reads scripts of segments (docs/segments.md): pure, from text to data, with errors that name the line. */

import {
  CALLS,
  type CallName,
  ICMP_MESSAGES,
  type IcmpMessage,
  OWN_OPTIONS,
  type OwnOption,
  type ScriptLine,
  type ScriptOption,
  type SegmentScript,
  type Statement,
  VALUES,
  type ValueName,
  type When,
} from './test-script.ts';
import { SegmentReader } from './test-script-segment.ts';
import { ScriptSyntaxError, Words } from './test-script-words.ts';

/** In every state of a connection (states.ts), and where there is none. */
export const STATES = [
  ...['CLOSED', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2'],
  ...['CLOSE-WAIT', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'],
];
const RECOVERIES = ['open', 'fast', 'timeout'];
const OTHERS = [
  ...[
    'established',
    'listen',
    'push',
    'pop',
    'set',
    'link',
    'arp',
    'state',
    '!',
    'counter',
    'nothing',
    'anything',
  ],
  'repeat',
];
export const FIRST_WORDS = ['<', '<<', '>', ...CALLS, ...Object.keys(VALUES), ...OTHERS];
const HEADING = /^(rule|source|options):\s*(.*)$/;

/** @throws ScriptSyntaxError */
export function parseScript(text: string): SegmentScript {
  const heading: Partial<Record<string, string>> = {};
  let optionsNumber = 0;
  const body = new Body();
  text.split('\n').forEach((whole, index) => {
    const number = index + 1;
    const line = whole.trim();
    const [, key, said] = HEADING.exec(line) ?? [];
    if (key !== undefined) {
      if (heading[key] !== undefined) throw new ScriptSyntaxError(number, `there is a second "${key}:"`);
      if (body.hasBegun) throw new ScriptSyntaxError(number, `"${key}:" stands before the first line`);
      if (said === '') throw new ScriptSyntaxError(number, `"${key}:" says nothing`);
      heading[key] = said;
      if (key === 'options') optionsNumber = number;
      return;
    }
    const words = new Words(line.replace(/(^|\s)#.*$/, ''), number);
    if (!words.isAtEnd) body.add(words);
  });
  const { rule, source, options } = heading;
  if (rule === undefined) throw new ScriptSyntaxError(1, 'the heading has no "rule:", what must be');
  if (source === undefined) throw new ScriptSyntaxError(1, 'the heading has no "source:", such as an RFC');
  const lines = body.end();
  return { rule, source, options: parseOptions(options, optionsNumber), optionsNumber, lines };
}

function parseOptions(text: string | undefined, number: number): ScriptOption[] {
  if (text === undefined) return [];
  return text
    .replace(/\s#.*$/, '')
    .split(',')
    .map((part) => {
      const words = new Words(part, number);
      const name = words.word('the name of an option, such as min-rto');
      const value = words.isAtEnd ? null : words.word('a value');
      words.end();
      return { name, value };
    });
}

/** The lines, and the repetitions that they stand in. */
class Body {
  readonly #lines: ScriptLine[] = [];
  readonly #open: { number: number; times: number; lines: ScriptLine[] }[] = [];

  get hasBegun(): boolean {
    return this.#lines.length + this.#open.length > 0;
  }

  add(words: Words): void {
    const { number } = words;
    if (words.takeIf('end')) {
      words.end();
      const repeat = this.#open.pop();
      if (repeat === undefined) words.fail('"end" without a "repeat"');
      if (repeat.lines.length === 0) words.fail('there is nothing to repeat');
      const statement: Statement = { kind: 'repeat', times: repeat.times, lines: repeat.lines };
      this.#innermost.push({ number: repeat.number, when: null, statement });
    } else if (words.takeIf('repeat')) {
      const times = words.count('how often');
      words.end();
      this.#open.push({ number, times, lines: [] });
    } else this.#innermost.push(parseLine(words));
  }

  end(): ScriptLine[] {
    const open = this.#open.at(-1);
    if (open !== undefined) throw new ScriptSyntaxError(open.number, '"repeat" without an "end"');
    if (this.#lines.length === 0) throw new ScriptSyntaxError(1, 'the script has no lines');
    return this.#lines;
  }

  get #innermost(): ScriptLine[] {
    return this.#open.at(-1)?.lines ?? this.#lines;
  }
}

function parseLine(words: Words): ScriptLine {
  const when = parseWhen(words);
  const statement = parseStatement(words);
  words.end();
  if (when !== null && statement.kind === 'passes') words.fail(`"${statement.what}" says itself how long`);
  if (when !== null && when.untilUs !== null && statement.kind !== 'comes')
    words.fail('a range of times stands before ">" only');
  return { number: words.number, when, statement };
}

function parseWhen(words: Words): When | null {
  const sign = words.peek()?.[0];
  if (sign !== '+' && sign !== '@') return null;
  const [from, until, more] = words.word('a time').slice(1).split('..');
  if (more !== undefined) words.fail('a range of times has two ends, such as +10ms..12ms');
  const us = words.timeOf(from);
  const untilUs = until === undefined ? null : words.timeOf(until);
  if (untilUs !== null && untilUs < us) words.fail('the range of times ends before it begins');
  return { since: sign === '+' ? 'before' : 'start', us, untilUs };
}

function parseStatement(words: Words): Statement {
  const first = words.word('what is sent, comes or is done');
  if (CALLS.includes(first as CallName)) return { kind: 'call', name: first as CallName };
  if (first in VALUES) return parseValue(words, first as ValueName);
  switch (first) {
    case '<':
      if (words.takeIf('icmp')) return parseIcmp(words);
      return { kind: 'sends', together: false, segment: new SegmentReader(words).sent() };
    case '<<':
      return { kind: 'sends', together: true, segment: new SegmentReader(words).sent() };
    case '>':
      return { kind: 'comes', segment: new SegmentReader(words).expected() };
    case 'established':
      return { kind: 'established', ...new SegmentReader(words).opening() };
    case 'listen':
      return { kind: 'listen', backlog: words.takeIf('backlog') ? words.count('of connections') : null };
    case 'push': {
      const bytes = words.count('of bytes');
      return { kind: 'push', bytes, by: words.takeIf('by') ? words.count('of bytes in each piece') : null };
    }
    case 'pop':
      return parsePop(words);
    case 'set':
      return parseSetting(words);
    case 'link':
      return { kind: 'link', up: words.oneOf(['up', 'down'], 'a link is') === 'up' };
    case 'arp':
      return { kind: 'arp', answers: words.oneOf(['answers', 'silent'], 'ARP is') === 'answers' };
    case 'state':
      return { kind: 'state', state: words.oneOf(STATES, 'a state is') };
    case '!': {
      const error = words.word('an error, such as TIMED_OUT, or none');
      return { kind: 'error', error: error === 'none' ? null : error };
    }
    case 'counter': {
      const name = words.word('the name of a counter, such as retransmitted');
      return { kind: 'counter', name, value: words.number0('the count') };
    }
    case 'nothing':
    case 'anything':
      return parsePassing(words, first);
    default:
      return words.fail(`"${first}" begins no line; one begins with ${FIRST_WORDS.join(', ')}`);
  }
}

function parseIcmp(words: Words): Statement {
  const message = words.oneOf(ICMP_MESSAGES, 'an ICMP message is') as IcmpMessage;
  const mtu = words.takeIf('mtu') ? words.number0('the MTU') : null;
  if (!words.takeIf('quoting'))
    words.fail('"quoting" and the number of the segment that is quoted come here');
  return { kind: 'icmp', message, mtu, quoting: words.integer('the number of the segment') };
}

function parsePop(words: Words): Statement {
  if (words.isAtEnd) return { kind: 'pop', bytes: null, of: null };
  if (words.takeIf('end')) return { kind: 'pop-end' };
  const bytes = words.number0('of bytes');
  return { kind: 'pop', bytes, of: words.takeIf('of') ? words.number0('of bytes that have come') : null };
}

function parseSetting(words: Words): Statement {
  const option = words.oneOf(OWN_OPTIONS, 'what a connection has of its own is') as OwnOption;
  return { kind: 'set', option, us: words.takeIf('off') ? 0 : words.timeOf(words.word('a time, or off')) };
}

function parseValue(words: Words, name: ValueName): Statement {
  if (words.takeIf('none')) return { kind: 'value', name, value: null };
  switch (VALUES[name]) {
    case 'number':
      return { kind: 'value', name, value: words.number0(name) };
    case 'time':
      return { kind: 'value', name, value: words.timeOf(words.word(`a time, such as 50ms`)) };
    case 'word':
      return { kind: 'value', name, value: words.oneOf(RECOVERIES, `${name} is`) };
  }
}

function parsePassing(words: Words, what: 'nothing' | 'anything'): Statement {
  if (what === 'anything' && words.isAtEnd) return { kind: 'passes', what, since: 'before', us: 0 };
  const how = words.oneOf(['for', 'until'], `"${what}" is`);
  const us = words.timeOf(words.word('a time, such as 200ms'));
  return { kind: 'passes', what, since: how === 'for' ? 'before' : 'start', us };
}
