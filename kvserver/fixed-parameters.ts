/**
 * The parameters of CONFIG that have one value here, since the server has not what they are about. The set-up scripts
 * of clients and benchmarks set many of them to that very value, and go on: it is taken. Any other one is refused.
 */
import { parseMemory } from './options.ts';
import type { ConfigParameter } from './parameter.ts';

/** Reads a value in any of its spellings; null when it is none of this kind. */
interface Kind {
  canonical(value: string): string | null;
  /** What is said of a value that is none of this kind, as Redis says it. */
  problem: string;
}

const YES_OR_NO: Kind = {
  canonical: (value) => (/^(yes|no)$/i.test(value) ? value.toLowerCase() : null),
  problem: "argument must be 'yes' or 'no'",
};
const WHOLE: Kind = {
  canonical: (value) => (/^(0|-?[1-9]\d{0,18})$/.test(value) ? value : null),
  problem: "argument couldn't be parsed into an integer",
};
const MEMORY: Kind = {
  canonical: (value) => parseMemory(value)?.toString() ?? null,
  problem: 'argument must be a memory value',
};
const WORD: Kind = { canonical: (value) => value.toLowerCase(), problem: '' };

const FIXED: [name: string, value: string, kind: Kind][] = [
  // No persistence.
  ['appendonly', 'no', YES_OR_NO],
  ['save', '', WORD],
  ['stop-writes-on-bgsave-error', 'no', YES_OR_NO],
  // No limit of memory, and nothing that it would evict.
  ['maxmemory', '0', MEMORY],
  ['maxmemory-clients', '0', MEMORY],
  ['maxmemory-policy', 'noeviction', WORD],
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
      if (given === null) return kind.problem;
      return given === only ? null : `this server has no other value than '${only}'`;
    },
  };
}
