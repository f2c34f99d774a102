/** The unit of an axis of a sweep, which its key's name says. */
const UNITS_BY_SUFFIX: Record<string, string> = {
  bytes: 'bytes',
  s: 's',
  ms: 'ms',
  us: 'µs',
  ns: 'ns',
  ops: 'requests/s',
};

/** `value_bytes`: bytes; null for what counts things. */
export function unitOf(name: string): string | null {
  const [, suffix = ''] = /_([a-z]+)$/.exec(name) ?? [];
  return Object.hasOwn(UNITS_BY_SUFFIX, suffix) ? UNITS_BY_SUFFIX[suffix] : null;
}
