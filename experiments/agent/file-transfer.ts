/** Files between here and a host, over its connection: in chunks, a few of them under way, whatever their size. */
import { open, rm } from 'node:fs/promises';
import type { ExperimentError } from '../errors.ts';
import type { HostConnection } from './connection.ts';
import { CHUNK_BYTES } from './protocol.ts';

/** Chunks under way: enough to fill a link, and all that stands in memory. */
const WINDOW = 4;

/** Copies a file of ours there; what cannot be copied whole is removed there. */
export async function putFile(connection: HostConnection, ours: string, theirs: string): Promise<void> {
  const file = await open(ours, 'r');
  let isTheirsOurs = false;
  try {
    const { size } = await file.stat();
    const put = async (offset: number): Promise<void> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
      const data = buffer.toString('base64', 0, bytesRead);
      await connection.ask('write', { file: theirs, offset, data, fresh: offset === 0 });
    };
    await put(0);
    isTheirsOurs = true;
    await eachChunk(size, put);
  } catch (error) {
    const isCut = isTheirsOurs || (error as ExperimentError).code === 'HOST_NO_SPACE';
    if (isCut) await connection.ask('remove_file', { file: theirs }).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** Copies a file from there, as long as it is when this begins; what cannot be copied whole is removed here. */
export async function getFile(connection: HostConnection, theirs: string, ours: string): Promise<void> {
  const file = await open(ours, 'w');
  try {
    const get = async (offset: number): Promise<number> => {
      const { data, size } = await connection.ask('read', { file: theirs, offset, bytes: CHUNK_BYTES });
      await file.write(Buffer.from(data, 'base64'), 0, null, offset);
      return size;
    };
    const size = await get(0);
    await eachChunk(size, get);
  } catch (error) {
    if ((await file.stat()).isFile()) await rm(ours, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** The first bytes of a text there, a chunk at most. */
export async function readText(connection: HostConnection, theirs: string): Promise<string> {
  const { data } = await connection.ask('read', { file: theirs, offset: 0, bytes: CHUNK_BYTES });
  return Buffer.from(data, 'base64').toString('utf8');
}

/** Moves all chunks of a file but the first; rejects with the first failure, and begins no further one then. */
async function eachChunk(size: number, move: (offset: number) => Promise<unknown>): Promise<void> {
  let next = CHUNK_BYTES;
  const mover = async (): Promise<void> => {
    while (next < size) {
      const offset = next;
      next += CHUNK_BYTES;
      try {
        await move(offset);
      } catch (error) {
        next = size;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, mover));
}
