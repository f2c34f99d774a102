/** Scripts of segments as text: what is written is read again, and what cannot be read is told with its line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABSENCES,
  CALLS,
  FLAG_ORDER,
  ICMP_MESSAGES,
  OWN_OPTIONS,
  PLAIN_SEGMENT,
  printScript,
  type ScriptLine,
  type SegmentLine,
  type SegmentScript,
  type Statement,
  VALUES,
  type ValueName,
} from './test-script.ts';
import { parseScript, STATES } from './test-script-parser.ts';
import { ScriptSyntaxError } from './test-script-words.ts';

const number = fc.integer({ min: 0, max: 100_000 });
const count = fc.integer({ min: 1, max: 100_000 });
const seq = fc.integer({ min: -100_000, max: 0x7fff_ffff });
const time = fc.oneof(
  fc.integer({ min: 0, max: 10_000_000 }),
  fc.nat(5000).map((ms) => ms * 1000),
);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { freq: 2 });
const flags = fc.subarray([...FLAG_ORDER]).map((letters) => letters.join(''));
const word = fc.stringMatching(/^[a-z][a-z-]{0,9}[a-z]$/);
const text = fc
  .stringMatching(/^[a-zA-Z0-9,:.()# -]{1,40}$/)
  .map((one) => one.trim())
  .filter((one) => one !== '');

const offers = {
  win: optional(number),
  mss: optional(number),
  wscale: optional(number),
  sackok: fc.boolean(),
  ts: optional(
    fc.record({ value: optional(seq), echo: fc.oneof(fc.constant('none' as const), optional(seq)) }),
  ),
};
const block = fc.tuple(seq, count).map(([start, length]) => [start, start + length] as [number, number]);
const segment = (fields: object, finish: (one: SegmentLine) => SegmentLine): fc.Arbitrary<SegmentLine> =>
  fc
    .record({
      ...offers,
      flags,
      seq: optional(seq),
      bytes: fc.oneof(fc.constant(0), count),
      ack: optional(fc.record({ number: count, relative: fc.boolean() })),
      sack: fc.array(block, { maxLength: 4 }),
      from: optional(number),
      to: optional(number),
      ...fields,
    })
    .map((one) => finish({ ...PLAIN_SEGMENT, ...one }));
const sent = segment(
  {
    absent: fc.uniqueArray(fc.constantFrom(...ABSENCES)),
    raw: fc.array(fc.nat(255), { maxLength: 8 }),
    offset: optional(number),
    urgent: optional(number),
    badChecksum: fc.boolean(),
  },
  // A line has an acknowledgement number, or says that it has none.
  (one) => {
    const absent = one.absent.filter((name) => name !== 'ack');
    return { ...one, absent: one.ack === null && !/[SR]/.test(one.flags) ? ['ack', ...absent] : absent };
  },
);
const expected = segment(
  {
    absent: fc.uniqueArray(fc.constantFrom(...ABSENCES.filter((name) => name !== 'ack'))),
    by: optional(count),
  },
  (one) => ({ ...one, by: one.bytes > 0 ? one.by : null }),
);
const askedOf = (name: ValueName): fc.Arbitrary<number | string | null> => {
  if (VALUES[name] === 'word') return fc.constantFrom('open', 'fast', 'timeout');
  return optional(VALUES[name] === 'time' ? time : number);
};
const value = fc
  .constantFrom(...(Object.keys(VALUES) as ValueName[]))
  .chain((name) => askedOf(name).map((asked): Statement => ({ kind: 'value', name, value: asked })));

const statement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({ kind: fc.constant('sends' as const), together: fc.boolean(), segment: sent }),
  fc.record({ kind: fc.constant('comes' as const), segment: expected }),
  fc.record({
    kind: fc.constant('icmp' as const),
    message: fc.constantFrom(...ICMP_MESSAGES),
    mtu: optional(number),
    quoting: seq,
  }),
  fc.record({
    kind: fc.constant('established' as const),
    syn: fc.record(offers).map((one) => ({ ...PLAIN_SEGMENT, ...one })),
    rttUs: optional(time),
  }),
  fc.record({ kind: fc.constant('listen' as const), backlog: optional(count) }),
  fc.record({ kind: fc.constant('push' as const), bytes: count, by: optional(count) }),
  fc
    .record({ kind: fc.constant('pop' as const), bytes: optional(number), of: optional(number) })
    .map((one) => ({ ...one, of: one.bytes === null ? null : one.of })),
  fc.constant({ kind: 'pop-end' as const }),
  fc.record({ kind: fc.constant('call' as const), name: fc.constantFrom(...CALLS) }),
  fc.record({ kind: fc.constant('set' as const), option: fc.constantFrom(...OWN_OPTIONS), us: time }),
  fc.record({ kind: fc.constant('link' as const), up: fc.boolean() }),
  fc.record({ kind: fc.constant('arp' as const), answers: fc.boolean() }),
  fc.record({ kind: fc.constant('state' as const), state: fc.constantFrom(...STATES) }),
  fc.record({ kind: fc.constant('error' as const), error: optional(fc.constant('TIMED_OUT')) }),
  fc.record({ kind: fc.constant('counter' as const), name: word, value: number }),
  fc.record({
    kind: fc.constant('passes' as const),
    what: fc.constantFrom('nothing' as const, 'anything' as const),
    since: fc.constantFrom('before' as const, 'start' as const),
    us: time,
  }),
  value,
);
const when = fc
  .record({ since: fc.constantFrom('before' as const, 'start' as const), us: time, for: optional(time) })
  .map(({ since, us, for: more }) => ({ since, us, untilUs: more === null ? null : us + more }));
const line: fc.Arbitrary<ScriptLine> = fc
  .record({ when: optional(when), statement })
  .map(({ when: said, statement: of }) => {
    if (said === null || of.kind === 'passes') return { number: 0, when: null, statement: of };
    return {
      number: 0,
      when: { ...said, untilUs: of.kind === 'comes' ? said.untilUs : null },
      statement: of,
    };
  });
const repeated = fc.record({ times: count, lines: fc.array(line, { minLength: 1, maxLength: 4 }) }).map(
  ({ times, lines }): ScriptLine => ({
    number: 0,
    when: null,
    statement: { kind: 'repeat', times, lines },
  }),
);
const script: fc.Arbitrary<SegmentScript> = fc.record({
  rule: text,
  source: text,
  options: fc.array(fc.record({ name: word, value: optional(word) }), { maxLength: 3 }),
  optionsNumber: fc.constant(0),
  lines: fc.array(fc.oneof({ weight: 5, arbitrary: line }, repeated), { minLength: 1, maxLength: 12 }),
});

/** Without the numbers of lines, which are those of a text. */
function unnumbered(of: SegmentScript): SegmentScript {
  const plain = (lines: readonly ScriptLine[]): ScriptLine[] =>
    lines.map((one) => ({
      ...one,
      number: 0,
      statement:
        one.statement.kind === 'repeat'
          ? { ...one.statement, lines: plain(one.statement.lines) }
          : one.statement,
    }));
  return { ...of, optionsNumber: 0, lines: plain(of.lines) };
}

const HEADING = 'rule: what must be\nsource: RFC 9293\n';

function faultOf(body: string, heading = HEADING): string {
  try {
    parseScript(`${heading}${body}`);
  } catch (error) {
    if (error instanceof ScriptSyntaxError) return `${error.line}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a script of segments', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(script, (one) => {
        const printed = printScript(one);
        const read = parseScript(printed);
        expect(unnumbered(read)).toEqual(one);
        // And written as it was read.
        expect(printScript(read)).toBe(printed);
      }),
    );
  });

  it('is read with comments, blank lines and any spaces between words', () => {
    fc.assert(
      fc.property(script, (one) => {
        const lines = printScript(one).split('\n');
        const spaced = lines.map((text_, index) =>
          index < 2 ? text_ : `\t${text_.replaceAll(' ', '   ')}  # said so`,
        );
        expect(unnumbered(parseScript(`# first\n\n${spaced.join('\n\n')}`))).toEqual(one);
      }),
    );
  });

  it('that is none is refused with its line, whatever it says', () => {
    const words = [
      ...[
        '<',
        '<<',
        '>',
        '1:1001',
        'ack',
        '1',
        'win',
        'S.',
        'ts',
        'val',
        'sack',
        '+10ms',
        'repeat',
        'end',
        'no',
      ],
      ...[
        'push',
        'pop',
        'state',
        'TIME-WAIT',
        '!',
        'cwnd',
        'nothing',
        'until',
        '@1s..2s',
        '#',
        'icmp',
        'mtu',
      ],
    ];
    const lines = fc.array(fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((of) => of.join(' ')));
    fc.assert(
      fc.property(lines, (of) => {
        const fault = faultOf(of.join('\n'));
        expect(fault).toMatch(/^none$|^\d+: /);
        if (fault !== 'none') expect(Number.parseInt(fault, 10)).toBeLessThanOrEqual(of.length + 2);
      }),
    );
  });

  it('has times in any unit', () => {
    const [, second] = parseScript(`${HEADING}listen\n+1.5s < S\n`).lines;
    expect(second.when).toEqual({ since: 'before', us: 1_500_000, untilUs: null });
    const [wide] = parseScript(`${HEADING}@1min..24d > S\n`).lines;
    expect(wide.when).toEqual({ since: 'start', us: 60e6, untilUs: 24 * 86_400e6 });
  });

  it.each([
    ['begins with no word of ours', 'send 1:2', '3: "send" begins no line'],
    ['has a field that is none', '> 1:2 wni 5', '3: "wni" is none of win, mss'],
    ['says a field twice', '< ack 1 ack 2', '3: "ack" twice'],
    ['sends without an acknowledgement', '\n< 1:2', '4: "ack" is missing'],
    ['says both', '< 1 ack 1 no ack', '3: "ack" and "no ack"'],
    ['has an ACK without its number', '< S.', '3: "." is an ACK, whose number "ack" says'],
    ['has a range that is none', '< 5:5 ack 1', '3: 5:5 is no range'],
    ['has a time without a unit', '+10 < ack 1', '3: "10" is no time'],
    ['has a range of times that ends before it begins', '+10ms..9ms > ack 1', '3: the range of times ends'],
    [
      'has a range of times before what is sent',
      '+1ms..2ms < ack 1',
      '3: a range of times stands before ">" only',
    ],
    ['says twice how long nothing comes', '+1ms nothing for 2ms', '3: "nothing" says itself how long'],
    ['has a state that is none', 'state OPEN', '3: "OPEN": a state is CLOSED, SYN-SENT'],
    ['ends too early', 'push', '3: the line ends before a number of bytes'],
    ['goes on too long', 'accept now', '3: "now" is too much'],
    ['repeats without an end', 'listen\nrepeat 2\n< ack 1', '4: "repeat" without an "end"'],
    ['ends what it does not repeat', 'listen\nend', '4: "end" without a "repeat"'],
    ['repeats nothing', 'repeat 2\nend', '4: there is nothing to repeat'],
    [
      'names an ICMP message that is none',
      '< icmp bad quoting 1',
      '3: "bad": an ICMP message is net-unreachable',
    ],
    ['has timestamps at no clock', '< ack 1 ts val now', '3: "now" is no number'],
    ['has SACK without blocks', '< ack 1 sack', '3: "sack" is followed by blocks'],
    ['has no lines', '', '1: the script has no lines'],
  ])('that %s is refused by its line', (_, body, fault) => {
    expect(faultOf(body)).toContain(fault);
  });

  it.each([
    ['no rule', 'source: RFC 9293\n', '1: the heading has no "rule:"'],
    ['no source', 'rule: a\n', '1: the heading has no "source:"'],
    ['two rules', 'rule: a\nrule: b\nsource: c\n', '2: there is a second "rule:"'],
    ['an empty rule', 'rule:\nsource: c\n', '1: "rule:" says nothing'],
  ])('with %s in its heading is refused', (_, heading, fault) => {
    expect(faultOf('listen', heading)).toContain(fault);
  });

  it('with a heading behind its first line is refused', () => {
    expect(faultOf('listen\noptions: nagle')).toContain('4: "options:" stands before the first line');
  });
});
