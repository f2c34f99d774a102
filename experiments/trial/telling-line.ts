/** Which line of a log says why a program ended: often not the last one. */

/** What a runtime prints when an error ends it, by how the end of a log looks. */
const finders: ((lines: readonly string[]) => string | null)[] = [ofNode, ofPython, ofRedis, ofOthers];

/**
 * The line that tells, of the last lines of a log; `certain` where it is known to be an error and not merely the last
 * one. Null where the log is empty.
 */
export function tellingLine(log: readonly string[]): { line: string; certain: boolean } | null {
  const lines = log.filter((line) => line.trim() !== '');
  for (const find of finders) {
    const line = find(lines);
    if (line !== null) return { line: line.trim(), certain: true };
  }
  const last = lines.at(-1);
  return last === undefined ? null : { line: last.trim(), certain: false };
}

const stackLine = /^\s+at /;
const error = /^\S.*?(?:Error|Exception)\b/;
/** Behind the stack of an error stand its fields, and the version of Node. */
const behindStack = /^\s|^[}\]]|^Node\.js v|^\(Use `node/;

/** The error of a stack that ends the log, or what stands behind the mark under the line that threw. */
function ofNode(lines: readonly string[]): string | null {
  if (lines.at(-1)?.startsWith('Node.js v')) {
    const mark = lines.findLastIndex((line) => /^\s*\^+$/.test(line));
    const thrown = mark < 0 ? undefined : lines[mark + 1];
    if (thrown !== undefined) return thrown;
  }
  const end = lines.findLastIndex((line) => stackLine.test(line));
  if (end < 0 || !lines.slice(end + 1).every((line) => behindStack.test(line))) return null;
  // The nearest one at the left edge: a cause stands indented below it.
  return lines.slice(0, end).findLast((line) => error.test(line)) ?? null;
}

/** So many lines may follow the error of a traceback: its own further lines. */
const MOST_BEHIND_TRACEBACK = 5;

function ofPython(lines: readonly string[]): string | null {
  const start = lines.findLastIndex((line) => line.startsWith('Traceback (most recent call last):'));
  if (start < 0) return null;
  const found = lines.findIndex((line, index) => index > start && /^\S/.test(line));
  return found < 0 || lines.length - 1 - found > MOST_BEHIND_TRACEBACK ? null : (lines[found] ?? null);
}

/** `4242:M 12 Nov 2026 12:00:00.000 # Failed listening on port 6379 (tcp), aborting.` */
const redisWarning = /^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ # (.*)$/;
const redisCrash = /crashed by signal|^==> |^Guru Meditation/;
const redisChatter =
  /^oO0|^Redis version=|^Configuration loaded|^Server initialized|^WARNING|^Warning: no config/;

function ofRedis(lines: readonly string[]): string | null {
  const said = lines
    .flatMap((line) => redisWarning.exec(line)?.[1] ?? [])
    .filter((text) => !redisChatter.test(text));
  return said.findLast((text) => redisCrash.test(text)) ?? said.at(-1) ?? null;
}

/** A runtime's own words for the end of a program. */
const ends = [
  // V8, whose native stack follows
  /^FATAL ERROR: /,
  // Go, whose goroutines follow
  /^(?:panic|fatal error): /,
  // sanitizers of C
  /^==\d+==ERROR: /,
];

function ofOthers(lines: readonly string[]): string | null {
  const rust = lines.findLastIndex((line) => /^thread .* panicked at /.test(line));
  // Its message stands on the next line, before a note on how to see the stack.
  if (rust >= 0) return lines[rust + 1] ?? lines[rust] ?? null;
  return lines.findLast((line) => ends.some((pattern) => pattern.test(line))) ?? null;
}
