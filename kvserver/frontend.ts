/**
 * The seam between the engine, which does no I/O, and a front end, which moves bytes for it: the front end
 * calls connect, receive, disconnect and tick of the engine; the engine calls these.
 */
import type { Client } from './client.ts';
import type { ReplyWriter } from './resp/reply.ts';

export interface FrontEnd {
  /**
   * The writer has no room: take the block just filled, of which `writer.written` bytes count, for sending to
   * the client (unless that is 0), and open a new one of BLOCK_BYTES_MIN or more. Adds what was taken to
   * `client.outputBytes` until it is sent.
   */
  nextBlock(writer: ReplyWriter, client: Client): void;
  /**
   * Take the last, partly filled block for sending; the engine closes the writer. Called at most once at the
   * end of a batch of requests, and before a client whose output exceeds its limit is closed.
   */
  flush(writer: ReplyWriter, client: Client): void;
  /** Close the client's connection: after its flushed output was sent, or at once, dropping it. */
  close(client: Client, atOnce: boolean): void;
}
