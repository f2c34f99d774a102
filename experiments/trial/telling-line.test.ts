import { expect, test } from 'vitest';
import { tellingLine } from './telling-line.ts';

const told = (log: string) => tellingLine(log.split('\n'))?.line ?? null;

const inUse = `node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: listen EADDRINUSE: address already in use 127.0.0.1:6379
    at Server.setupListenHandle [as _listen2] (node:net:1940:16)
    at process.processTicksAndRejections (node:internal/process/task_queues:90:21) {
  code: 'EADDRINUSE',
  port: 6379
}

Node.js v20.20.2
`;
const thrownText = `/srv/server.js:1
throw 'no data here'
^
no data here
(Use \`node --trace-uncaught ...\` to show where the exception was thrown)

Node.js v24.1.0`;
const printedStack = `starting
TypeError: cannot read its data
    at load (/srv/server.js:4:9)
    at main (/srv/server.js:9:3) {
  [cause]: Error: ENOENT: no such file
      at open (/srv/file.js:1:1)
}`;
const heap = `
<--- Last few GCs --->
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb76dc1 node::OOMErrorHandler [node]
`;
const python = `Traceback (most recent call last):
  File "/srv/server.py", line 3, in <module>
    import redis
ModuleNotFoundError: No module named 'redis'
`;
const chained = `Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'port'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 4, in <module>
app.Unconfigured: no port
is it in the file?`;
const handled = `Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'port'
${'retrying\n'.repeat(6)}giving up: no peer`;
const redis = `31821:C 30 Nov 2026 12:08:39.310 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
31821:C 30 Nov 2026 12:08:39.310 # Configuration loaded
31821:M 30 Nov 2026 12:08:39.311 # Warning: Could not create server TCP listening socket 127.0.0.1:1: bind: Permission denied
31821:M 30 Nov 2026 12:08:39.311 # Failed listening on port 1 (tcp), aborting.
`;
const redisCrash = `31821:M 30 Nov 2026 12:08:39.311 * Ready to accept connections
31821:M 30 Nov 2026 12:08:40.000 # Redis 7.0.15 crashed by signal: 11, si_code: 1
31821:M 30 Nov 2026 12:08:40.001 # Crashed running the instruction at: 0x1
------ INFO OUTPUT ------
redis_version:7.0.15
=== REDIS BUG REPORT END. Make sure to include from START to END. ===`;
const quietRedis = `31821:C 30 Nov 2026 12:08:39.310 # Configuration loaded
31821:M 30 Nov 2026 12:08:39.314 * Ready to accept connections`;
const go = `panic: runtime error: index out of range [3] with length 2

goroutine 1 [running]:
main.main()
	/srv/main.go:7 +0x1d
exit status 2`;
const rust = `thread 'main' panicked at src/main.rs:2:5:
no port was given
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`;

test.each([
  ['of Node', inUse, 'Error: listen EADDRINUSE: address already in use 127.0.0.1:6379'],
  ['of a thrown text', thrownText, 'no data here'],
  ['of a stack that was printed', printedStack, 'TypeError: cannot read its data'],
  [
    'of a full heap',
    heap,
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ],
  ['of Python', python, "ModuleNotFoundError: No module named 'redis'"],
  ['of an error behind another one', chained, 'app.Unconfigured: no port'],
  ['of Redis', redis, 'Failed listening on port 1 (tcp), aborting.'],
  ['of a crash of Redis', redisCrash, 'Redis 7.0.15 crashed by signal: 11, si_code: 1'],
  ['of Go', go, 'panic: runtime error: index out of range [3] with length 2'],
  ['of Rust', rust, 'no port was given'],
])('the line that tells is that %s', (_name, log, line) => {
  expect(told(log)).toBe(line);
  expect(tellingLine(log.split('\n'))?.certain).toBe(true);
});

test.each([
  ['an error that was dealt with', handled, 'giving up: no peer'],
  ['nothing known', 'loading\n\nError: retrying\ncannot load its data\n\n', 'cannot load its data'],
  ['Redis without a complaint', quietRedis, '31821:M 30 Nov 2026 12:08:39.314 * Ready to accept connections'],
])('else it is the last one: %s', (_name, log, line) => {
  expect(tellingLine(log.split('\n'))).toEqual({ line, certain: false });
});

test('an empty log tells nothing', () => expect(told('\n \n')).toBeNull());
