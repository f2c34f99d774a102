/** Inline requests with quotes in them: arguments with spaces, escapes and bytes in hexadecimal. */

const CR = 0x0d;
const LF = 0x0a;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const BACKSLASH = 0x5c;

/**
 * Splits bytes[from, to) as Redis's sdssplitargs does; a zero byte ends the line. `add` is given where each argument
 * lies in `decoded`, which is as long as the line. False: a quote is not closed, or text follows one.
 */
export function splitQuotedLine(
  source: Uint8Array,
  from: number,
  to: number,
  decoded: Uint8Array,
  add: (start: number, length: number) => void,
): boolean {
  const zero = source.indexOf(0, from);
  const end = zero >= 0 && zero < to ? zero : to;
  let used = 0;
  let i = from;
  for (;;) {
    while (i < end && isSpace(source[i])) i++;
    if (i >= end) break;
    const start = used;
    let quote = 0;
    while (i < end || quote !== 0) {
      if (i >= end) return false;
      const byte = source[i];
      if (quote === 0) {
        if (isSpace(byte)) break;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte;
        else decoded[used++] = byte;
        i++;
      } else if (byte === BACKSLASH && quote === DOUBLE_QUOTE && i + 1 < end) {
        const code = hexPair(source, i + 2, end);
        const hex = source[i + 1] === 0x78 && code >= 0;
        decoded[used++] = hex ? code : unescaped(source[i + 1]);
        i += hex ? 4 : 2;
      } else if (byte === BACKSLASH && i + 1 < end && source[i + 1] === SINGLE_QUOTE) {
        decoded[used++] = SINGLE_QUOTE;
        i += 2;
      } else if (byte === quote) {
        // A closing quote must end the argument.
        if (i + 1 < end && !isSpace(source[i + 1])) return false;
        quote = 0;
        i++;
        break;
      } else {
        decoded[used++] = byte;
        i++;
      }
    }
    add(start, used - start);
  }
  return true;
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Whether a byte makes its line one for splitQuotedLine. */
export function isQuoting(byte: number): boolean {
  return byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE || byte === 0;
}

function unescaped(byte: number): number {
  if (byte === 0x6e) return LF;
  if (byte === 0x72) return CR;
  if (byte === 0x74) return 0x09;
  if (byte === 0x62) return 0x08;
  if (byte === 0x61) return 0x07;
  return byte;
}

function hexPair(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1;
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
