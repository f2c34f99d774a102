/**
 * The seam between the engine, which does no I/O, and a front end, which moves bytes for it: the front end
 * calls connect, receive, disconnect and tick of the engine; the engine calls these.
 */
import type { Client } from './client.ts';
import type { ReplyWriter } from './resp/reply.ts';

export interface FrontEnd {
  /**
   * The writer has no room: take the block just filled, `writer.bytes[writer.start..writer.pos)`, for sending
   * to the client (when it is not empty), and give the writer a new one of BLOCK_BYTES_MIN or more by setting
   * bytes, start, pos and end. Adds what was taken to `client.outputBytes` until it is sent.
   */
  nextBlock(writer: ReplyWriter, client: Client): void;
  /**
   * Take the last, partly filled block for sending. The writer has no block afterwards
   * (start = pos = end = 0). Called at most once at the end of a batch of requests, and before a client
   * whose output exceeds its limit is closed.
   */
  flush(writer: ReplyWriter, client: Client): void;
  /** Close the client's connection: after its flushed output was sent, or at once, dropping it. */
  close(client: Client, atOnce: boolean): void;
}
