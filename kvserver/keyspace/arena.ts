/**
 * The memory of keys and string values: blocks of bytes, handed out by size class from chunks of 1 MiB.
 *
 * A chunk serves one size class at a time. Its freed blocks form a list threaded through the blocks
 * themselves; chunks of a class that have room form a list too, the one freed into last at its head. A chunk
 * whose last block is freed can serve any other class. A block too large to share a chunk gets a chunk of
 * its own, as long as the block.
 *
 * Size classes step by 8 bytes up to 128 and by an eighth of a power of two from there on, so that at most
 * a ninth of a block is lost to its class.
 */

const CHUNK_BYTES = 1 << 20;
const SHARED_BLOCK_BYTES_MAX = 64 * 1024;
const EMPTY_CHUNKS_KEPT = 4;
const NONE = -1;
/** Class of a chunk that holds a single large block. */
const LARGE = -2;

const classBytes: number[] = [];
for (let bytes = 16; bytes <= SHARED_BLOCK_BYTES_MAX; bytes += stepAbove(bytes)) classBytes.push(bytes);

/** Class by size in units of 8 bytes, for all blocks that share a chunk. */
const classOfUnits = new Uint8Array(SHARED_BLOCK_BYTES_MAX / 8 + 1);
for (let units = 0, sizeClass = 0; units < classOfUnits.length; units++) {
  if (units * 8 > classBytes[sizeClass]) sizeClass++;
  classOfUnits[units] = sizeClass;
}

function stepAbove(bytes: number): number {
  return bytes < 128 ? 8 : 2 ** Math.floor(Math.log2(bytes)) / 8;
}

class Chunk {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  sizeClass = NONE;
  blocksUsed = 0;
  /** First block never handed out, in bytes. */
  fresh = 0;
  /** First block of the free list, in bytes; NONE ends it. */
  free = NONE;
  /** Neighbours in the list of chunks of the class that have room. */
  previous = NONE;
  next = NONE;
  listed = false;

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.words = new Int32Array(this.bytes.buffer);
  }
}

/** Stands in the holes that freed chunks leave. */
const NO_CHUNK = new Chunk(0);

/** Asked for memory before it is taken: throws an error where there is none. */
export interface MemorySource {
  take(bytes: number): void;
}

export const endlessMemory: MemorySource = { take() {} };

export class Arena {
  /** Memory by chunk; a block is `bytes[chunk]` from its offset on. A freed chunk leaves a hole. */
  readonly bytes: Uint8Array[] = [];
  /** The same memory in words of 32 bits: offsets are multiples of 8. */
  readonly words: Int32Array[] = [];

  /** Where allocate put the block: chunk, and offset in bytes. */
  chunk = 0;
  offset = 0;

  /** Bytes of all blocks in use, each counted by its size class. */
  usedBytes = 0;
  /** Bytes of all chunks. */
  reservedBytes = 0;

  readonly #chunks: Chunk[] = [];
  readonly #holes: number[] = [];
  readonly #empty: number[] = [];
  readonly #withRoom = new Int32Array(classBytes.length).fill(NONE);
  readonly #source: MemorySource;

  constructor(source: MemorySource) {
    this.#source = source;
  }

  /** An empty one with the same source. */
  renewed(): Arena {
    return new Arena(this.#source);
  }

  /**
   * A block for at least `bytes` bytes, of any content; its place is in `chunk` and `offset`. Throws what the source of
   * memory throws, with nothing changed.
   */
  allocate(bytes: number): void {
    if (bytes > SHARED_BLOCK_BYTES_MAX) {
      const size = roundUp(bytes);
      this.#source.take(size);
      const large = new Chunk(size);
      large.sizeClass = LARGE;
      this.chunk = this.#add(large);
      this.offset = 0;
      this.usedBytes += size;
      return;
    }
    const sizeClass = classOfUnits[(bytes + 7) >>> 3];
    const size = classBytes[sizeClass];
    let index = this.#withRoom[sizeClass];
    if (index === NONE) index = this.#assign(sizeClass);
    const chunk = this.#chunks[index];
    let offset = chunk.free;
    if (offset !== NONE) {
      chunk.free = chunk.words[offset >> 2];
    } else {
      offset = chunk.fresh;
      chunk.fresh = offset + size;
    }
    chunk.blocksUsed++;
    if (chunk.free === NONE && chunk.fresh + size > CHUNK_BYTES) this.#unlist(index, chunk);
    this.usedBytes += size;
    this.chunk = index;
    this.offset = offset;
  }

  free(index: number, offset: number): void {
    const chunk = this.#chunks[index];
    if (chunk.sizeClass === LARGE) {
      this.usedBytes -= chunk.bytes.length;
      this.#remove(index, chunk);
      return;
    }
    this.usedBytes -= classBytes[chunk.sizeClass];
    chunk.words[offset >> 2] = chunk.free;
    chunk.free = offset;
    chunk.blocksUsed--;
    if (chunk.blocksUsed === 0) this.#release(index, chunk);
    else if (!chunk.listed) this.#list(index, chunk);
  }

  /** Bytes that the block at this place can hold. */
  capacity(index: number): number {
    const chunk = this.#chunks[index];
    return chunk.sizeClass === LARGE ? chunk.bytes.length : classBytes[chunk.sizeClass];
  }

  /** Whether the block at this place can hold so many bytes and, unless it may waste more, is half full then. */
  fits(index: number, bytes: number, mayWaste: boolean): boolean {
    const capacity = this.capacity(index);
    return bytes <= capacity && (mayWaste || 2 * bytes >= capacity);
  }

  #assign(sizeClass: number): number {
    if (this.#empty.length === 0) this.#source.take(CHUNK_BYTES);
    const index = this.#empty.pop() ?? this.#add(new Chunk(CHUNK_BYTES));
    const chunk = this.#chunks[index];
    chunk.sizeClass = sizeClass;
    chunk.fresh = 0;
    chunk.free = NONE;
    this.#list(index, chunk);
    return index;
  }

  #release(index: number, chunk: Chunk): void {
    if (chunk.listed) this.#unlist(index, chunk);
    chunk.sizeClass = NONE;
    if (this.#empty.length < EMPTY_CHUNKS_KEPT) this.#empty.push(index);
    else this.#remove(index, chunk);
  }

  #add(chunk: Chunk): number {
    const index = this.#holes.pop() ?? this.#chunks.length;
    this.#chunks[index] = chunk;
    this.bytes[index] = chunk.bytes;
    this.words[index] = chunk.words;
    this.reservedBytes += chunk.bytes.length;
    return index;
  }

  #remove(index: number, chunk: Chunk): void {
    this.reservedBytes -= chunk.bytes.length;
    this.#chunks[index] = NO_CHUNK;
    this.bytes[index] = NO_CHUNK.bytes;
    this.words[index] = NO_CHUNK.words;
    this.#holes.push(index);
  }

  #list(index: number, chunk: Chunk): void {
    const head = this.#withRoom[chunk.sizeClass];
    chunk.previous = NONE;
    chunk.next = head;
    chunk.listed = true;
    if (head !== NONE) this.#chunks[head].previous = index;
    this.#withRoom[chunk.sizeClass] = index;
  }

  #unlist(index: number, chunk: Chunk): void {
    if (chunk.previous !== NONE) this.#chunks[chunk.previous].next = chunk.next;
    if (chunk.next !== NONE) this.#chunks[chunk.next].previous = chunk.previous;
    if (this.#withRoom[chunk.sizeClass] === index) this.#withRoom[chunk.sizeClass] = chunk.next;
    chunk.listed = false;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
