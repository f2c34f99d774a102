/**
 * Anonymous memory of this process, mapped once and seen by JavaScript as bytes and by foreign calls as an
 * address.
 */
import koffi from 'koffi';
import { LibosError } from '../errors.ts';
import { errno, errnoName, libc } from '../native/libc.ts';
import type { Slab } from './sga.ts';

export const mmap = libc.func('mmap', 'void *', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
const munmap = libc.func('munmap', 'int', ['uintptr_t', 'size_t']);
const madvise = libc.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']);

export const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
export const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const MADV_DONTNEED = 4;
const MADV_DONTFORK = 10;
const MADV_HUGEPAGE = 14;

/** What one entry of the page table can cover; slabs of this size make the best use of it. */
export const HUGE_PAGE_BYTES = 2 * 1024 * 1024;

/**
 * Maps `bytes` zeroed bytes, in huge pages where they nearly fill them and the system has them to give: a
 * kernel that copies from or to them looks up fewer pages, and so does the processor. Throws NO_BUFFERS when
 * the system refuses. A child does not have it: no page is copied since a server forked to save its data, and what
 * a device was told to write to stays where it is.
 */
export function mapAnonymous(bytes: number): Slab {
  const huge = bytes > HUGE_PAGE_BYTES / 2;
  const mapped = huge ? Math.ceil(bytes / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES : bytes;
  const address = huge ? mapAligned(mapped) : map(mapped);
  madvise(address, mapped, MADV_DONTFORK);
  if (huge) madvise(address, mapped, MADV_HUGEPAGE);
  return {
    bytes: new Uint8Array(koffi.view(BigInt(address), bytes)),
    address,
    discard() {
      madvise(address, mapped, MADV_DONTNEED);
    },
    unmap() {
      munmap(address, mapped);
    },
  };
}

function map(bytes: number): number {
  const pointer: bigint | null = mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (pointer === null || BigInt.asUintN(64, pointer) === MAP_FAILED) {
    throw new LibosError('NO_BUFFERS', 'alloc', -1, `mmap of ${bytes} bytes failed (${errnoName(errno())})`);
  }
  return Number(pointer);
}

/** At a multiple of a huge page: one more is mapped, and what lies before and behind is given back. */
function mapAligned(bytes: number): number {
  const start = map(bytes + HUGE_PAGE_BYTES);
  const address = Math.ceil(start / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
  if (address > start) munmap(start, address - start);
  const rest = start + HUGE_PAGE_BYTES - address;
  if (rest > 0) munmap(address + bytes, rest);
  return address;
}
