import { beforeEach, describe, expect, it } from 'vitest';
import { quoted } from './monitors.ts';
import { type TestClient, TestServer } from './test-clients.ts';

let server: TestServer;
let client: TestClient;
let monitor: TestClient;

beforeEach(() => {
  server = new TestServer();
  client = server.connect();
  monitor = server.connect();
  expect(monitor.ask('MONITOR')).toBe('+OK\r\n');
});

/** The arguments of each command that was shown since the last call. */
function shown(): string[] {
  const lines = monitor.take().split('\r\n').slice(0, -1);
  return lines.map((line) => line.replace(/^\+1700000000\.000000 \[\d+ 10\.0\.0\.2:\d+\] /, ''));
}

it('shows commands with the time, the database and the client', () => {
  server.nowMs += 1007;
  server.engine.clock.update();
  client.ask('SELECT', '3');
  client.ask('SET', 'key', 'value');
  expect(monitor.take()).toBe(
    '+1700000001.007000 [3 10.0.0.2:1000] "SELECT" "3"\r\n' +
      '+1700000001.007000 [3 10.0.0.2:1000] "SET" "key" "value"\r\n',
  );
});

describe('a text in quotes', () => {
  it.each([
    ['', '""'],
    ['a "quoted" \\ one', '"a \\"quoted\\" \\\\ one"'],
    ['\n\r\t\x07\b\0\x1f\x7f\xff~ ', '"\\n\\r\\t\\a\\b\\x00\\x1f\\x7f\\xff~ "'],
  ])('%j', (text, wanted) => {
    expect(quoted(text)).toBe(wanted);
  });
});

it('shows no password, no command that administers the server, and nothing that is not run', () => {
  client.ask('AUTH', 'secret');
  client.ask('AUTH', 'somebody', 'secret');
  client.ask('HELLO', '3', 'AUTH', 'somebody', 'secret');
  client.ask('HELLO', '3', 'SETNAME', 'auth', 'AUTH', 'somebody', 'secret');
  client.ask('CONFIG', 'SET', 'requirepass', '');
  client.ask('CLIENT', 'LIST');
  client.ask('GET');
  client.ask('NOTHING');
  expect(shown()).toEqual([
    '"AUTH" "(redacted)"',
    '"AUTH" "(redacted)" "(redacted)"',
    '"HELLO" "3" "AUTH" "(redacted)" "(redacted)"',
    '"HELLO" "3" "SETNAME" "auth" "AUTH" "(redacted)" "(redacted)"',
  ]);
});

it('shows a transaction when it is run, and its end also where it fails', () => {
  client.ask('MULTI');
  client.ask('SET', 'key', '1');
  client.ask('EXEC');
  client.ask('MULTI');
  client.ask('NOTHING');
  client.ask('EXEC');
  expect(shown()).toEqual(['"MULTI"', '"SET" "key" "1"', '"EXEC"', '"MULTI"', '"EXEC"']);
});

it('shows of a very long command what there is room for', () => {
  client.ask('SET', 'key', 'x'.repeat(17 * 1024 ** 2));
  expect(shown()).toEqual(['"SET" "key" ...']);
});

it('closes a monitor that takes nothing, when its output exceeds the limit', () => {
  client.ask('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0');
  monitor.slow = true;
  for (let i = 0; i < 12 && !monitor.closed; i++) client.ask('SET', 'key', 'x'.repeat(100_000));
  expect(monitor.closed).toBe(true);
  expect(client.ask('PING')).toBe('+PONG\r\n');
});

it('shows the monitor its own commands behind their replies, and lets it use no keys', () => {
  expect(monitor.ask('PING')).toMatch(/^\+PONG\r\n\+.* "PING"\r\n$/);
  expect(monitor.ask('GET', 'key')).toBe("-ERR Replica can't interact with the keyspace\r\n");
  expect(monitor.ask('PUBLISH', 'key', 'x')).toContain("can't interact");
  // As in Redis.
  expect(monitor.ask('MONITOR')).toBe('');
});

it('is refused in a transaction', () => {
  client.ask('MULTI');
  client.ask('MONITOR');
  expect(client.ask('EXEC')).toBe("*1\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
});

it.each(['RESET', 'QUIT', 'disconnect'])('ends with %s', (how) => {
  expect(client.ask('CLIENT', 'LIST')).toContain('flags=O');
  if (how === 'disconnect') monitor.disconnect();
  else monitor.ask(how);
  client.ask('PING');
  expect(monitor.take()).toBe('');
  expect(server.engine.monitors.count).toBe(0);
});
