/**
 * Both parsers of RESP, the server's of requests and the load generator's of replies: whole, byte by byte and cut
 * anywhere they find the same, well-formed or not; and where it is well-formed, what ioredis' parser finds, which
 * nobody here wrote.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Decoder, RESP_TYPES } from 'ioredis/built/resp/decoder.js';
import { latin1, latin1Bytes } from '../../kvserver/resp/bytes.ts';
import { BROKEN, NEED_MORE, Request, type RequestLimits, TOO_LARGE } from '../../kvserver/resp/request.ts';
import { Found, RespScanner } from '../../loadgen/connections/resp-scanner.ts';
import type { Target } from './target.ts';
import { type Edit, edited, edits, pieces } from './text-edits.ts';

interface RespCase {
  of: 'requests' | 'replies';
  version: 2 | 3;
  /** One character a byte. */
  text: string;
  edits: Edit[];
  cuts: number[];
}

const LIMITS: RequestLimits = { bulkBytesMax: 1 << 20, queryBytesMax: 1 << 16 };
/** A parser may hold what has come twice, and what it begins with. */
const HELD_BYTES_FREE = 1024;

const bytes = fc.string({ unit: fc.constantFrom(...'ab01$*:+-\r\n\x00\xff'), maxLength: 20 });
const line = fc.string({ unit: fc.constantFrom(...'ab01$*:+- '), maxLength: 10 });
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const requests = fc.array(
  fc
    .array(bytes, { minLength: 1, maxLength: 5 })
    .map((words) => `*${words.length}\r\n${words.map(bulk).join('')}`),
  { maxLength: 6 },
);

function repliesOf(version: 2 | 3): fc.Arbitrary<string> {
  const { reply } = fc.letrec<{ reply: string }>((tie) => {
    const several = fc.array(tie('reply'), { maxLength: 4 });
    return {
      reply: fc.oneof(
        { depthSize: 'small' },
        line.map((text) => `+${text}\r\n`),
        line.map((text) => `-${text}\r\n`),
        fc.integer().map((number) => `:${number}\r\n`),
        bytes.map(bulk),
        fc.constantFrom('$-1\r\n', '*-1\r\n', '*0\r\n'),
        several.map((all) => `*${all.length}\r\n${all.join('')}`),
        ...(version === 2
          ? []
          : [
              fc.constantFrom('_\r\n', '#t\r\n', '#f\r\n'),
              several.map((all) => `~${all.length}\r\n${all.join('')}`),
              fc
                .array(fc.tuple(bytes.map(bulk), tie('reply')), { maxLength: 3 })
                .map((all) => `%${all.length}\r\n${all.flat().join('')}`),
            ]),
      ),
    };
  });
  return reply;
}

const words = [
  '\r\n',
  '*',
  '$',
  '*1\r\n$',
  '-1',
  '999999999999',
  '*-1\r\n',
  '"',
  "'",
  '\\x',
  '\r',
  '\n',
  '%',
  '_\r\n',
];
const rest = {
  edits: fc.oneof(fc.constant<Edit[]>([]), edits(words, 4)),
  cuts: fc.array(fc.nat(), { maxLength: 10 }),
};
const cases: fc.Arbitrary<RespCase> = fc.oneof(
  fc.record({
    of: fc.constant('requests' as const),
    version: fc.constant(2 as const),
    text: requests.map((all) => all.join('')),
    ...rest,
  }),
  ...([2, 3] as const).map((version) =>
    fc.record({
      of: fc.constant('replies' as const),
      version: fc.constant(version),
      text: fc.array(repliesOf(version), { maxLength: 6 }).map((all) => all.join('')),
      ...rest,
    }),
  ),
);

export const resp: Target<RespCase> = {
  holds: 'RESP parsers: whole, byte by byte and cut anywhere alike, and as ioredis where it is well-formed',
  cases,
  play,
};

function play({ of, version, text, edits: all, cuts }: RespCase): void {
  const input = latin1Bytes(edited(text, all));
  const parse = of === 'requests' ? parseRequests : (cut: Uint8Array[]) => parseReplies(cut, version);
  const whole = parse([input]);
  requireSame('byte by byte', parse([...input.keys()].map((at) => input.subarray(at, at + 1))), whole);
  requireSame('cut', parse(pieces(input, cuts)), whole);
  if (all.length > 0) return;
  if (whole.error !== null) throw new Error(`what is well-formed is refused: ${whole.error}`);
  const expected = outsideParsed(input);
  requireSame('beside ioredis', { found: whole.found, error: null }, { found: expected, error: null });
}

interface Outcome {
  found: unknown[];
  error: string | null;
}

function requireSame(how: string, one: Outcome, other: Outcome): void {
  if (isDeepStrictEqual(one, other)) return;
  throw new Error(`${how}: ${JSON.stringify(one)} and not ${JSON.stringify(other)}`);
}

/** As a front end feeds them: the memory of each piece is overwritten once it was kept. */
function parseRequests(cut: readonly Uint8Array[]): Outcome {
  const request = new Request({ ...LIMITS });
  const found: unknown[] = [];
  let given = 0;
  for (const piece of cut) {
    const memory = new Uint8Array(piece.length + 7);
    memory.set(piece, 7);
    given += piece.length;
    request.give(memory, 7, piece.length);
    for (;;) {
      const status = request.next();
      if (status === NEED_MORE) break;
      if (status === BROKEN) return { found, error: request.error };
      if (status === TOO_LARGE) return { found, error: 'too large' };
      const { bytes: source, start, length, argc } = request;
      if (argc > 0) found.push(Array.from({ length: argc }, (_, i) => latin1(source, start[i], length[i])));
    }
    request.keep();
    memory.fill(0xee);
    if (request.pendingCapacity > 2 * given + HELD_BYTES_FREE) {
      throw new Error(`${request.pendingCapacity} bytes are set aside for the ${given} that have come`);
    }
  }
  return { found, error: null };
}

type Value = string | number | boolean | null | { error: string } | Value[];

/** Values of whole replies; those of aggregates in one list, of maps keys and values in turn. */
function parseReplies(cut: readonly Uint8Array[], version: 2 | 3): Outcome {
  const scanner = new RespScanner(version);
  const found: Value[] = [];
  const open: { into: Value[]; left: number }[] = [{ into: found, left: Infinity }];
  let body = '';
  const add = (value: Value): void => {
    open[open.length - 1].into.push(value);
    while (open.length > 1 && --open[open.length - 1].left === 0) open.pop();
  };
  try {
    for (const piece of cut) {
      for (let at = 0; at < piece.length; at = scanner.end) {
        const what = scanner.next(piece, at, piece.length);
        if (scanner.end <= at) throw new Error('the scanner takes nothing');
        if (what === Found.Body) {
          body += latin1(piece, at, scanner.pieceEnd - at);
          if (!scanner.isLastPiece) continue;
          add(body);
          body = '';
        } else if (what === Found.Head) {
          const type = String.fromCharCode(scanner.type);
          const isAggregate = '*~%'.includes(type);
          if (isAggregate && !scanner.isNull && scanner.length > 0) {
            const into: Value[] = [];
            open[open.length - 1].into.push(into);
            open.push({ into, left: scanner.length });
          } else if (isAggregate && !scanner.isNull) add([]);
          else if (scanner.isNull || (type !== '$' && type !== '=')) add(scalar(type, scanner));
        }
      }
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'NOT_RESP') throw error;
    // Which byte it was is another when the line was not whole.
    return { found: whole(found, open.length > 1), error: 'NOT_RESP' };
  }
  return { found: whole(found, open.length > 1), error: null };
}

function scalar(type: string, { isNull, text }: RespScanner): Value {
  if (isNull) return null;
  if (type === '-') return { error: text };
  if (type === ':') return Number(text);
  return type === '#' ? text === 't' : text;
}

/** An aggregate that is cut short is no reply. */
function whole(found: Value[], isCut: boolean): Value[] {
  return isCut ? found.slice(0, -1) : found;
}

function outsideParsed(input: Uint8Array): Value[] {
  const found: Value[] = [];
  const take = (reply: unknown): number => found.push(plain(reply));
  const typeMapping = {
    [RESP_TYPES.BLOB_STRING]: Buffer,
    [RESP_TYPES.SIMPLE_STRING]: Buffer,
    [RESP_TYPES.MAP]: Array,
    [RESP_TYPES.SET]: Array,
  };
  const decoder = new Decoder({
    onReply: take,
    onErrorReply: take,
    onPush: take,
    getTypeMapping: () => typeMapping,
  });
  decoder.write(Buffer.from(input));
  return found;
}

function plain(reply: unknown): Value {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (reply instanceof Error) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(plain);
  return reply as Value;
}
