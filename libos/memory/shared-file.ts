/**
 * A file mapped into memory for as long as this process lives: what is written there is at once in the file,
 * and in every process that maps it too.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { LibosError } from '../errors.ts';
import { errno, errnoName } from '../native/libc.ts';
import { MAP_FAILED, mmap, PROT_READ_WRITE } from './anonymous.ts';

const MAP_SHARED_POPULATE = 0x8001;

export interface MappedFile {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/**
 * Maps the first `bytes` bytes of `file`, which is made or made as long as that. Throws INVALID_ARGUMENT
 * where it cannot be opened, NO_BUFFERS where the system refuses to map it.
 */
export function mapFile(file: string, bytes: number): MappedFile {
  let fd: number;
  try {
    fd = openSync(file, 'a+');
    ftruncateSync(fd, bytes);
  } catch (error) {
    throw new LibosError('INVALID_ARGUMENT', 'map', -1, `${file}: ${(error as Error).message}`);
  }
  const pointer: bigint | null = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, 0);
  const failure = errno();
  closeSync(fd);
  if (pointer === null || BigInt.asUintN(64, pointer) === MAP_FAILED) {
    throw new LibosError('NO_BUFFERS', 'map', -1, `mmap of ${file} failed (${errnoName(failure)})`);
  }
  const address = Number(pointer);
  return { bytes: new Uint8Array(koffi.view(BigInt(address), bytes)), address };
}
