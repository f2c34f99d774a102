/**
 * Forbids io_uring_setup to itself, as a container does (seccomp(2)), asks for a libOS over it and prints the error
 * that it gets.
 */
import { LibosError, openLibos } from '../index.ts';
import { mapAnonymous } from '../memory/anonymous.ts';
import { libc } from '../native/libc.ts';

const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const IO_URING_SETUP = 425;
const ALLOW = 0x7fff_0000;
/** With EPERM. */
const REFUSE = 0x0005_0001;

/** struct sock_filter: code, jumps if true and if false, constant. */
const filter: [code: number, whenTrue: number, whenFalse: number, constant: number][] = [
  // The number of the system call; is it that one?
  [0x20, 0, 0, 0],
  [0x15, 0, 1, IO_URING_SETUP],
  [0x06, 0, 0, REFUSE],
  [0x06, 0, 0, ALLOW],
];

const memory = mapAnonymous(4096);
const view = new DataView(memory.bytes.buffer);
for (const [index, [code, whenTrue, whenFalse, constant]] of filter.entries()) {
  const at = 64 + index * 8;
  view.setUint16(at, code, true);
  view.setUint8(at + 2, whenTrue);
  view.setUint8(at + 3, whenFalse);
  view.setUint32(at + 4, constant, true);
}
// struct sock_fprog: length, and where the filter is.
view.setUint16(0, filter.length, true);
view.setBigUint64(8, BigInt(memory.address + 64), true);

const prctl = libc.func('prctl', 'int', ['int', 'uintptr_t', 'uintptr_t', 'uintptr_t', 'uintptr_t']);
if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new Error('prctl: no new privileges');
if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, memory.address, 0, 0) !== 0) throw new Error('prctl: filter');
try {
  (await openLibos({ backend: 'uring' })).shutdown();
  console.log('null');
} catch (error) {
  if (!(error instanceof LibosError)) throw error;
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
