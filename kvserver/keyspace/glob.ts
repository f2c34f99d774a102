/**
 * Glob patterns over bytes as KEYS, SCAN and CONFIG GET have them: * ? [abc] [^a] [a-c] and \ to escape
 * (util.c, stringmatchlen, whose leniency towards unclosed brackets is kept).
 */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** A pattern with more of them, not counting those at its end, matches nothing in Redis. */
const STARS_MAX = 1000;

/**
 * Whether all of `text[from..to)` matches all of `pattern[at..end)`. An empty text matches an empty pattern and a
 * single star only.
 */
export function globMatches(
  pattern: Uint8Array,
  at: number,
  end: number,
  text: Uint8Array,
  from: number,
  to: number,
): boolean {
  if (from >= to) return at >= end || (at + 1 === end && pattern[at] === STAR);
  // Where to go on when the text after the last star does not match: one byte further.
  let starAt = -1;
  let starFrom = 0;
  let stars = 0;
  for (;;) {
    if (at < end && pattern[at] === STAR) {
      while (at < end && pattern[at] === STAR) at++;
      if (at === end) return true;
      if (++stars > STARS_MAX) return false;
      starAt = at;
      starFrom = from;
      continue;
    }
    if (at >= end && from >= to) return true;
    const next = at < end && from < to ? matchOne(pattern, at, end, text[from]) : -1;
    if (next >= 0) {
      at = next;
      from++;
      continue;
    }
    if (starAt < 0 || starFrom >= to) return false;
    at = starAt;
    from = ++starFrom;
  }
}

/** Where the pattern goes on if its next element matches the byte, else -1. */
function matchOne(pattern: Uint8Array, at: number, end: number, byte: number): number {
  const element = pattern[at];
  if (element === QUESTION) return at + 1;
  if (element === OPEN) return matchBracket(pattern, at + 1, end, byte);
  if (element === BACKSLASH && at + 1 < end) at++;
  return pattern[at] === byte ? at + 1 : -1;
}

function matchBracket(pattern: Uint8Array, at: number, end: number, byte: number): number {
  const negated = at < end && pattern[at] === CARET;
  if (negated) at++;
  let found = false;
  while (at < end && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < end) {
      at++;
      if (pattern[at] === byte) found = true;
    } else if (at + 2 < end && pattern[at + 1] === DASH) {
      const low = Math.min(pattern[at], pattern[at + 2]);
      const high = Math.max(pattern[at], pattern[at + 2]);
      if (byte >= low && byte <= high) found = true;
      at += 2;
    } else if (pattern[at] === byte) {
      found = true;
    }
    at++;
  }
  const next = at < end ? at + 1 : end;
  return found !== negated ? next : -1;
}
