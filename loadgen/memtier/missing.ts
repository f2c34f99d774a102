/** What memtier_benchmark 2 has and `bypassbench memtier` has not. */
import type { MissingFlag } from '../missing-flags.ts';

const USE_MEMTIER = 'use memtier_benchmark';

/** Several flags for one reason. */
function all(flags: readonly string[], because: string, instead: string): MissingFlag[] {
  return flags.map((one) => ({ flags: one, because, instead }));
}

export const missingFlags: readonly MissingFlag[] = [
  ...all(
    ['-S, --unix-socket'],
    'the libOS reaches servers over IPv4, and not over sockets of the file system',
    'give --server and --port, and the server a port (redis.conf: port)',
  ),
  ...all(
    ['-u, --uri'],
    'its parts have flags of their own',
    'give --server, --port, --authenticate and --select-db',
  ),
  ...all(['-6, --ipv6'], 'the libOS speaks IPv4', "give the server's name or IPv4 address"),
  ...all(
    ['--tls', '--cert', '--key', '--cacert', '--tls-skip-verify', '--tls-protocols', '--sni'],
    'the streams of the libOS are not encrypted',
    `give the server's plain port (redis.conf: port), or ${USE_MEMTIER}`,
  ),
  ...all(['--cluster-mode'], 'requests go to one server', `run it against each node, or ${USE_MEMTIER}`),
  ...all(
    [
      '--command',
      '--command-ratio',
      '--command-key-pattern',
      '--monitor-input',
      '--scan-incremental-iteration',
    ],
    'it sends SETs and GETs',
    "any command goes with 'bypassbench load --command'",
  ),
  ...all(
    ['--multi-key-get'],
    'a GET has one key',
    'MGET goes with \'bypassbench load --command "mget=MGET {keys:10} -> values"\'',
  ),
  ...all(
    ['--data-size-range', '--data-size-list', '--data-size-pattern', '--data-offset'],
    'all values have one length',
    "lengths that differ go with 'bypassbench load --value-sizes uniform:1-1024' (or list:64=9,1024=1)",
  ),
  ...all(
    ['--data-verify', '--verify-only', '--data-import', '--generate-keys', '--no-expiry'],
    'values are not looked at',
    "'bypassbench load' checks the value in every reply",
  ),
  ...all(
    ['--expiry-range'],
    'a SET has no time to live',
    'it goes with \'bypassbench load --command "setex=SETEX {key} 60 {value} -> ok"\'',
  ),
  ...all(['--wait-ratio', '--num-slaves', '--wait-timeout'], 'no WAIT is sent', USE_MEMTIER),
  ...all(
    [
      '--reconnect-interval',
      '--reconnect-on-error',
      '--max-reconnect-attempts',
      '--reconnect-backoff-factor',
    ],
    'connections are kept for as long as is measured, and a lost one is an error',
    USE_MEMTIER,
  ),
  ...all(
    ['-x, --run-count', '--print-all-runs'],
    'it runs once',
    "repeat it in the shell; 'bypassbench run' has trials, and intervals over them",
  ),
  ...all(['-o, --out-file'], 'the table goes to standard output', 'redirect that: > FILE'),
  ...all(
    ['--client-stats'],
    'clients are counted together',
    'see --json-out-file and --hdr-file-prefix for what is written',
  ),
  ...all(
    ['--show-config', '-D, --debug'],
    'nothing is printed before the results',
    'see --json-out-file: configuration',
  ),
  ...all(
    ['--connection-timeout'],
    'a request is given up after 10 s',
    "'bypassbench load' has --reply-timeout-s",
  ),
  ...all(
    ['--clients-start', '--clients-step', '--step-duration'],
    'all clients are there from the start',
    "numbers of clients go with a sweep of 'bypassbench run'",
  ),
  ...all(
    ['--statsd-host', '--statsd-port', '--statsd-prefix'],
    'nothing is sent elsewhere meanwhile',
    USE_MEMTIER,
  ),
  ...all(['--taskset', '--cpu-split'], 'cores have another flag', 'give --core, or start it under taskset'),
];
