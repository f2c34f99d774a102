/**
 * Why there is no ring: what each answer of the kernel means, and a process in which a filter forbids it. And that
 * doctor, by which tests are left out, finds no ring only where the kernel gives none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapAnonymous } from '../memory/anonymous.ts';
import { libc } from '../native/libc.ts';
import { parseUringOptions } from './options.ts';
import { kernelFacts, refusal } from './refusal.ts';
import { hasRing } from './test-traits.ts';

const options = parseUringOptions({});
const IO_URING_SETUP = 425;
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
    const known = kernelFacts();
    const { code, message } = refusal(1, options, known);
    expect(JSON.parse(stdout)).toEqual({ code, message });
    // A kernel that has it switched off says the same by itself, and that is what there is to do something about.
    const switchedOff = known.disabled === 1 || known.disabled === 2;
    expect(message.includes('a filter of system calls (seccomp) forbids io_uring')).toBe(!switchedOff);
  });
});

/** Whether the kernel gives a ring without anything: the structure of io_uring_setup(2) is all zero. */
function givesPlainRing(): boolean {
  const parameters = mapAnonymous(4096);
  const setup = libc.func('syscall', 'long', ['long', 'uint32_t', 'uintptr_t']);
  const fd = setup(IO_URING_SETUP, 8, parameters.address) as number;
  if (fd >= 0) libc.func('int close(int)')(fd);
  parameters.unmap();
  return fd >= 0;
}

describe('what is left out on this machine', () => {
  const [major = 0, minor = 0] = kernelFacts()
    .release.split('.')
    .map((part) => Number.parseInt(part, 10));
  const isSince = (wantedMajor: number, wantedMinor: number) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const plain = givesPlainRing();

  it.each([
    ['io_uring', plain && isSince(6, 1)],
    ['io_uring sqpoll', plain && isSince(6, 1)],
    // CONFIG_NET_RX_BUSY_POLL has this switch.
    ['io_uring napi', plain && isSince(6, 9) && existsSync('/proc/sys/net/core/busy_poll')],
  ] as const)('is %s only where the kernel is too old for it or forbids it', (kind, isThere) => {
    expect(hasRing(kind)).toBe(isThere);
  });
});
