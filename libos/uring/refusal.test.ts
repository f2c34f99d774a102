/** Why there is no ring: what each answer of the kernel means, and a process in which a filter forbids it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseUringOptions } from './options.ts';
import { refusal } from './refusal.ts';

const options = parseUringOptions({});
const facts = { release: '5.10.0', disabled: null };

describe('a ring that the kernel does not give', () => {
  it.each([
    [38, facts, 'has no io_uring (ENOSYS): it takes Linux 6.1, this is 5.10.0'],
    [1, { ...facts, disabled: 2 }, 'sysctl -w kernel.io_uring_disabled=0'],
    [1, { ...facts, disabled: 1 }, 'be of the group kernel.io_uring_group'],
    [1, { ...facts, disabled: 0 }, 'seccomp=unconfined, or a profile that allows io_uring_setup'],
    [1, facts, 'a filter of system calls (seccomp) forbids io_uring'],
    [22, facts, 'DEFER_TASKRUN and SINGLE_ISSUER (EINVAL): it takes Linux 6.1'],
    [0, facts, "this kernel's io_uring lacks what the backend needs"],
    [12, facts, 'raise the limit of locked memory, ulimit -l'],
    [5, facts, 'io_uring_setup failed (EIO)'],
  ])('answering %d with %j has its reason and remedy', (number, given, message) => {
    const refused = refusal(number, options, given);
    expect(refused.code).toBe('BACKEND_UNAVAILABLE');
    expect(refused.message).toContain(message);
    expect(refused.message).toContain('--backend kernel goes over the same sockets');
  });

  it('names the core that the thread of the kernel is to have, and the limit of open files', () => {
    const onCore = parseUringOptions({ sqpoll: 'yes', sqpoll_core: '4000' });
    expect(refusal(22, onCore, facts).message).toContain('is 4000 a core that is on line?');
    expect(refusal(24, options, facts)).toMatchObject({ code: 'TOO_MANY_OPEN_FILES' });
  });

  it('is refused where a filter of system calls forbids it', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'test-forbidden.ts')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('a filter of system calls (seccomp) forbids io_uring'),
    });
  });
});
