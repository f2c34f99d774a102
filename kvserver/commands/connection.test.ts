import { expect, it } from 'vitest';
import { TestServer } from '../test-clients.ts';

const UNAUTHENTICATED =
  '-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option ' +
  'can be used to authenticate the client and select the RESP protocol version at the same time\r\n';

it('takes each option of HELLO at once, also before one that fails', () => {
  const client = new TestServer({ requirepass: 'secret' }).connect();
  expect(client.ask('HELLO', '3', 'SETNAME', 'first')).toBe(UNAUTHENTICATED);
  expect(client.ask('PING')).toBe('-NOAUTH Authentication required.\r\n');
  expect(client.ask('HELLO', '3', 'AUTH', 'default', 'wrong', 'SETNAME', 'second')).toMatch(/^-WRONGPASS /);
  expect(client.ask('HELLO', '3', 'AUTH', 'default', 'secret', 'NOTHING')).toMatch(
    /^-ERR Syntax error in HELLO/,
  );
  expect(client.ask('CLIENT', 'GETNAME')).toBe('$5\r\nfirst\r\n');
  expect(client.ask('HELLO', '3')).toMatch(/^%7\r\n/);
});

it('refuses what needs a password inside a transaction, which is aborted by it', () => {
  const client = new TestServer({ requirepass: 'secret' }).connect();
  expect(client.ask('MULTI')).toBe('-NOAUTH Authentication required.\r\n');
  expect(client.ask('EXEC')).toBe(
    '-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n',
  );
  expect(client.ask('AUTH', 'secret')).toBe('+OK\r\n');
  expect(client.ask('MULTI')).toBe('+OK\r\n');
  expect(client.ask('EXEC')).toBe('*0\r\n');
});
