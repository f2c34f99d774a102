import { describe, expect, it } from 'vitest';
import type { HostAccess } from './launch.ts';
import { whyLost, whyNotReached } from './unreachable.ts';

const access: HostAccess = {
  ...{ name: 'server0', launcher: 'ssh', node: null, folder: '~/b', env: {} },
  ssh: { host: 'node0', user: null, port: 2222, identity: null, jump: null },
};
const failed = (said: string) => whyNotReached(access, { exitCode: 255, said });

describe('why a host is not reached', () => {
  // As OpenSSH 9.2 says it.
  it.each([
    ['HOST_NAME_UNKNOWN', 'ssh: Could not resolve hostname node0: Name or service not known\r\n', 'node0'],
    [
      'HOST_NAME_UNKNOWN',
      'ssh: Could not resolve hostname node0: Temporary failure in name resolution\r\n',
      'HostName',
    ],
    ['HOST_REFUSED', 'ssh: connect to host node0 port 2222: Connection refused\r\n', 'port 2222'],
    ['HOST_DOWN', 'ssh: connect to host node0 port 2222: Connection timed out\r\n', 'firewall'],
    ['HOST_DOWN', 'ssh: connect to host node0 port 2222: No route to host\r\n', 'firewall'],
    ['HOST_LOGIN_REFUSED', 'me@node0: Permission denied (publickey,password).\r\n', 'ssh.identity'],
    ['HOST_KEY_UNKNOWN', 'Host key verification failed.\r\n', "'ssh node0'"],
    [
      'HOST_KEY_CHANGED',
      '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n',
      'ssh-keygen -R node0',
    ],
    ['HOST_CONNECTION_FAILED', '/root/.ssh/config: line 3: Bad configuration option: hots\r\n', 'line 3'],
  ])('%s: %s', (code, said, remedy) => {
    expect(failed(said)).toMatchObject({ code, message: expect.stringMatching(/^host server0: /) });
    expect(failed(said).message).toContain(remedy);
    // What ssh said itself is the last line.
    expect(said).toContain(failed(said).message.split('\n').at(-1)!.trim());
  });

  it.each([
    [90, 'there is no folder ~/b'],
    [91, '~/b is no checkout'],
    [1, 'does not start there (exit code 1)'],
  ])('what is lacking there is brought by set-up: exit code %i', (exitCode, why) => {
    const error = whyNotReached(access, { exitCode, said: '' });
    expect(error.code).toBe('HOST_NOT_SET_UP');
    expect(error.message).toContain(why);
    expect(error.message).toContain('bypassbench lab setup server0');
  });
});

describe('why a host was lost', () => {
  it.each([
    [{ exitCode: 137, said: 'Killed' }, 'killed (SIGKILL)'],
    [{ exitCode: 255, said: 'Timeout, server node0 not responding.\r\n' }, 'the connection was cut'],
    [{ exitCode: 1, said: 'bypassbench agent: ended, since it got SIGTERM' }, 'it got SIGTERM'],
    [{ signal: 'SIGKILL', said: '' }, 'ended by SIGKILL'],
  ])('%o', (end, why) => {
    expect(whyLost(access, end)).toMatchObject({ code: 'HOST_LOST', message: expect.stringContaining(why) });
  });
});
