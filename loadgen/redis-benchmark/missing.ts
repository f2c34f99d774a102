/** What redis-benchmark 7 has and `bypassbench redis-benchmark` has not. */
import type { MissingFlag } from '../missing-flags.ts';

const tls = [
  'tls',
  'sni',
  'cacert',
  'cacertdir',
  'insecure',
  'cert',
  'key',
  'tls-ciphers',
  'tls-ciphersuites',
];

export const missingFlags: readonly MissingFlag[] = [
  {
    flags: '-s',
    because: 'the libOS reaches servers over IPv4, and not over sockets of the file system',
    instead: 'give -h and -p, and the server a port (redis.conf: port)',
  },
  ...tls.map((name) => ({
    flags: `--${name}`,
    because: 'the streams of the libOS are not encrypted',
    instead: "give the server's plain port (redis.conf: port), or measure with redis-benchmark",
  })),
  {
    flags: '-u',
    because: 'its parts have flags of their own',
    instead: 'give -h, -p, --user, -a and --dbnum',
  },
  {
    flags: '--cluster',
    because: 'requests go to one server',
    instead: 'run it against each node with keys of its own, or use redis-benchmark',
  },
  {
    flags: '--enable-tracking',
    because: 'what the server pushes between replies would be taken for replies',
    instead: 'use redis-benchmark',
  },
];
