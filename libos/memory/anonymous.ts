/** Anonymous memory of this process, mapped once and seen by JavaScript as bytes and by foreign calls as an address. */
import koffi from 'koffi';
import { LibosError } from '../errors.ts';
import { errno, errnoName, libc } from '../native/libc.ts';
import type { Slab } from './sga.ts';

const mmap = libc.func('mmap', 'void *', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
const munmap = libc.func('munmap', 'int', ['uintptr_t', 'size_t']);
const madvise = libc.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']);

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const MADV_DONTNEED = 4;

/** Maps `bytes` zeroed bytes. Throws NO_BUFFERS when the system refuses. */
export function mapAnonymous(bytes: number): Slab {
  const pointer: bigint | null = mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (pointer === null || BigInt.asUintN(64, pointer) === MAP_FAILED) {
    throw new LibosError('NO_BUFFERS', 'alloc', -1, `mmap of ${bytes} bytes failed (${errnoName(errno())})`);
  }
  const address = Number(pointer);
  return {
    bytes: new Uint8Array(koffi.view(pointer, bytes)),
    address,
    discard() {
      madvise(address, bytes, MADV_DONTNEED);
    },
    unmap() {
      munmap(address, bytes);
    },
  };
}
