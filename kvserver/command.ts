/** `bypassbench serve`: starts the key-value server and says on one line when it is ready. */
import { Command } from 'commander';
import { chooseBackend, SOCKETS_BACKEND, withBackendFlags } from '../libos/index.ts';
import { serve } from './frontends/serve.ts';
import { DEFAULT_OUTPUT_BUFFER_LIMIT, ENGINES, FRONTENDS, IDLE_MODES, parseServeOptions } from './options.ts';

export function command(): Command {
  return withBackendFlags(new Command('serve'), 'backend of the library OS')
    .description(
      `Serves keys and values over the Redis protocol until SIGTERM or SIGINT.

When the server is ready, it prints one line of JSON:
{"ready":true,"address":"127.0.0.1","port":43211,"pid":123,"frontend":"libos","backend":"${SOCKETS_BACKEND}"}

With --engine redis, Redis itself answers, built from the source of the installed redis-server. Its own
options follow behind --, as on the command line of redis-server, or stand in a redis.conf (--config):
  bypassbench serve --frontend libos --engine redis -- --appendonly yes --dir /var/lib/mine`,
    )
    .argument('[redis-options...]', 'with --engine redis: options of redis-server, behind --')
    .requiredOption(
      '--frontend <name>',
      `the server's input and output: ${FRONTENDS.join(' or ')} (the library OS with its --backend, or node:net)`,
    )
    .option('--engine <name>', `who runs the requests: ${ENGINES.join(' or ')}`, 'typescript')
    .option('--config <file>', 'with --engine redis: its redis.conf')
    .option(
      '--bind <address>',
      'IPv4 address to listen on (default: 127.0.0.1; 0.0.0.0 for a backend with a network of its own)',
    )
    .option(
      '--port <number>',
      "port to listen on; 0 takes any free one (default: 6379, or what Redis' own configuration says)",
    )
    .option(
      '--idle <how>',
      `what --frontend libos does while nothing happens: ${IDLE_MODES.join(' or ')}, which spins on its core or ` +
        'sleeps in the kernel, as an ordinary event loop does (default: poll)',
    )
    .option('--core <number>', 'pin the data path of --frontend libos to this CPU')
    .option('--max-clients <number>', 'connections served at the same time (default: 10000)')
    .option('--requirepass <password>', 'password that clients must give with AUTH (default: none)')
    .option(
      '--client-output-buffer-limit <limit>',
      'unsent replies of one client, as "HARD SOFT SECONDS": it is disconnected above HARD at once, ' +
        `above SOFT after SECONDS; 0 is no limit (default: "${DEFAULT_OUTPUT_BUFFER_LIMIT}")`,
    )
    .option(
      '--stamps <file>',
      'file for stamps of when requests and replies pass the libOS and its device, best in /dev/shm; ' +
        'a load generator on this machine turns stamping on (load --server-stamps), and reads there how long the ' +
        'server had something to do (load --server-busy-time)',
    )
    .option(
      '--stamps-every <n>',
      'stamp every n-th window of time from the start (1: all, 0: wait for the load generator)',
      '0',
    )
    .option(
      '--pauses <file>',
      'JSON file, written at the end: garbage collections and, with --frontend libos, ' +
        'gaps in which its data path did not run',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (redisArguments, given) => {
      const { backend } = await chooseBackend(given);
      process.exitCode = await serve(parseServeOptions({ ...given, backend, redisArguments }));
    });
}

const EXAMPLES = `
Examples:
  bypassbench serve --frontend libos --core 0                   # for redis-cli and bypassbench load, over the kernel
  bypassbench serve --frontend libos --backend rdma --core 0    # for bypassbench load --backend rdma
  bypassbench serve --frontend libos --idle sleep               # leaves its core to others while nothing happens
  bypassbench serve --frontend sockets --port 0                 # on Node's own event loop, at any free port`;
