/** Words on the command line of memtier_benchmark that are more than a number. */
import { InvalidArgumentError } from 'commander';
import { numberIn, wholeNumberIn } from '../../libos/index.ts';
import { LoadError } from '../errors.ts';
import { type KeyPattern, keyPatterns, type MemtierWorkload } from '../workload/memtier-requests.ts';

const RATIO_MAX = 1_000_000;
const REQUESTS_MAX = 1e12;

/** "1:10": SETs and GETs, of which one must be more than 0. */
export function parseRatio(text: string): MemtierWorkload['ratio'] {
  const [sets, gets, ...rest] = text.split(':').map((part) => wholeNumberIn(part, 0, RATIO_MAX));
  if (typeof sets === 'number' && typeof gets === 'number' && rest.length === 0 && sets + gets > 0) {
    return { sets, gets };
  }
  throw new InvalidArgumentError('It must be SETs to GETs, such as 1:10, and not 0:0.');
}

/** "R:S": how keys of SETs and of GETs are drawn. */
export function parseKeyPattern(text: string): MemtierWorkload['patterns'] {
  const [set, get, ...rest] = text.split(':');
  if (!isPattern(set) || !isPattern(get) || rest.length > 0) {
    throw new InvalidArgumentError(`It must be two of ${keyPatterns.join(', ')}, such as R:R.`);
  }
  if ((set === 'P') !== (get === 'P')) {
    throw new InvalidArgumentError('P goes for SETs and GETs together: P:P.');
  }
  return { set, get };
}

function isPattern(text: string | undefined): text is KeyPattern {
  return keyPatterns.some((pattern) => pattern === text);
}

/** Requests of each client: a number, or 'allkeys'. */
export function parseRequests(text: string): number | 'allkeys' {
  if (text === 'allkeys') return text;
  const requests = wholeNumberIn(text, 1, REQUESTS_MAX);
  if (requests !== null) return requests;
  throw new InvalidArgumentError("It must be a whole number from 1, or 'allkeys'.");
}

/** "50,99,99.9" */
export function parsePercentiles(text: string): number[] {
  return text.split(',').map((word) => {
    const percentile = numberIn(word, 0, 100);
    if (percentile !== null && percentile > 0) return percentile;
    throw new InvalidArgumentError('They must be numbers above 0 and up to 100, such as 50,99,99.9.');
  });
}

/** The version of RESP. Throws INVALID_OPTION for another protocol. */
export function parseProtocol(text: string): 2 | 3 {
  if (text === 'redis' || text === 'resp2') return 2;
  if (text === 'resp3') return 3;
  if (!text.startsWith('memcache')) throw new InvalidArgumentError('It must be redis, resp2 or resp3.');
  throw new LoadError(
    'INVALID_OPTION',
    `memtier_benchmark's --protocol ${text}: not here, because all servers are Redis-compatible ones; use memtier_benchmark`,
  );
}

/** "password", or "user:password". */
export function parseCredentials(text: string): { user?: string; password: string } {
  const colon = text.indexOf(':');
  return colon < 0 ? { password: text } : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** How many requests each client sends for all keys: in a parallel pattern its own share. */
export function requestsForAllKeys(
  { keyMinimum, keyMaximum, patterns }: Pick<MemtierWorkload, 'keyMinimum' | 'keyMaximum' | 'patterns'>,
  clients: number,
): number {
  const keys = keyMaximum - keyMinimum;
  return patterns.set === 'P' ? Math.floor(keys / clients) + 1 : keys;
}
