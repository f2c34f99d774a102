/**
 * The parameters of CONFIG that have one value here, since the server has not what they are about. The set-up scripts
 * of clients and benchmarks set many of them to that very value, and go on: it is taken. Any other one is refused.
 */
import { parseMemory } from './options.ts';
import { type ConfigParameter, NO_INTEGER } from './parameter.ts';

/** Reads a value in any of its spellings; null when it is none of this kind. */
interface Kind {
  canonical(value: string): string | null;
  /** What is said of a value that is none of this kind, as Redis says it. */
  problem(value: string): string;
}

const YES_OR_NO: Kind = {
  canonical: (value) => (/^(yes|no)$/i.test(value) ? value.toLowerCase() : null),
  problem: () => "argument must be 'yes' or 'no'",
};
const WHOLE: Kind = {
  canonical: (value) => (/^(0|-?[1-9]\d{0,18})$/.test(value) ? value : null),
  problem: () => NO_INTEGER,
};
/** Bytes, or a share of another size. */
const MEMORY_OR_SHARE: Kind = {
  canonical: (value) => {
    const percent = /^(\d{1,3})%$/.exec(value);
    if (percent !== null) return Number(percent[1]) <= 100 ? `${Number(percent[1])}%` : null;
    return parseMemory(value)?.toString() ?? null;
  },
  problem: (value) =>
    /^\d+%$/.test(value)
      ? 'percentage argument must be less or equal to 100'
      : 'argument must be a memory or percent value',
};
const WORD: Kind = { canonical: (value) => value.toLowerCase(), problem: () => '' };

const FIXED: [name: string, value: string, kind: Kind][] = [
  // No persistence.
  ['appendonly', 'no', YES_OR_NO],
  ['save', '', WORD],
  ['stop-writes-on-bgsave-error', 'no', YES_OR_NO],
  // No client is closed to free memory; keys are, for half a millisecond at a time.
  ['maxmemory-clients', '0', MEMORY_OR_SHARE],
  ['maxmemory-eviction-tenacity', '10', WHOLE],
  // What is freed is freed at once.
  ['activedefrag', 'no', YES_OR_NO],
  ['lazyfree-lazy-eviction', 'no', YES_OR_NO],
  ['lazyfree-lazy-expire', 'no', YES_OR_NO],
  ['lazyfree-lazy-server-del', 'no', YES_OR_NO],
  ['lazyfree-lazy-user-del', 'no', YES_OR_NO],
  ['lazyfree-lazy-user-flush', 'no', YES_OR_NO],
  // No replicas.
  ['min-replicas-to-write', '0', WHOLE],
  ['min-slaves-to-write', '0', WHOLE],
  // An idle client stays, any host is served, and commands are not timed.
  ['timeout', '0', WHOLE],
  ['protected-mode', 'no', YES_OR_NO],
  ['latency-monitor-threshold', '0', WHOLE],
  ['latency-tracking', 'no', YES_OR_NO],
  ['slowlog-log-slower-than', '-1', WHOLE],
  // Regular work is done ten times a second, and tables move on meanwhile.
  ['hz', '10', WHOLE],
  ['activerehashing', 'yes', YES_OR_NO],
  ['loglevel', 'notice', WORD],
];

export function fixedParameters(): [string, ConfigParameter][] {
  return FIXED.map(([name, value, kind]) => [name, fixed(value, kind)]);
}

function fixed(only: string, kind: Kind): ConfigParameter {
  return {
    get: () => only,
    set: (value) => {
      const given = kind.canonical(value);
      if (given === null) return kind.problem(value);
      return given === only ? null : `this server has no other value than '${only}'`;
    },
  };
}
