/**
 * The seam between the engine of messages and what moves them: an endpoint of libfabric (fabric-device.ts),
 * or a simulated one in virtual time. Messages arrive whole, once, and only where a receive has been posted;
 * between two endpoints they are matched with receives in the order in which they were sent, but may be
 * reported in another one.
 */
import type { SegmentHome, SgaSegment } from '../memory/sga.ts';

export interface MessageDevice extends SegmentHome {
  /** Bytes that name this endpoint to others, in the form that its provider gives them. */
  readonly address: Uint8Array;
  /** Payload that fits into one of its receive buffers. */
  readonly bufferBytes: number;
  /** Receives that can be posted at a time. */
  readonly receiveLimit: number;
  /** Monotonic, in microseconds, as of the last exchange. */
  readonly nowUs: number;

  /**
   * The messages of the last exchange: their payload, as far as it fitted. They are the caller's until given
   * back.
   */
  readonly received: readonly SgaSegment[];
  /** Of each of them the header, HEADER_WORDS words, and the bytes of the whole message. */
  readonly headers: Int32Array;
  readonly messageBytes: Int32Array;
  /** Numbers of the sends that have ended since they were last taken, and 0 or an error number of each. */
  readonly finishedSends: Int32Array;
  readonly finishedErrors: Int32Array;
  /** Tells how many those are, and forgets them. */
  takeFinished(): number;

  /** Receives that are posted, or are before anything that is queued now is sent. */
  readonly posted: number;
  /** Posts up to `count` receives into buffers that nobody has. Returns how many. */
  post(count: number): number;
  /** Whether post could do more than nothing. */
  readonly canPost: boolean;

  /** Makes a peer known by its address. Returns its number, or -1 if the address means nothing here. */
  addPeer(address: Uint8Array): number;
  /** False where it is known that the process at the address has ended. */
  lives(address: Uint8Array): boolean;
  removePeer(peer: number): void;
  /**
   * Whether a peer can be removed before the device is closed: of whom nothing will come, and to whom no send
   * is unfinished.
   */
  readonly forgetsPeers: boolean;

  /** Messages that can still be queued, and those that are. */
  readonly room: number;
  readonly queued: number;
  /**
   * Queues a message and returns where its HEADER_WORDS words are to be written into `queuedHeaders`. `send`
   * names it among those that have not finished; it is finished when its payload is not needed any more, or,
   * if `delivered`, when the peer's endpoint has it.
   */
  queue(
    peer: number,
    send: number,
    delivered: boolean,
    payload: SgaSegment | null,
    offset: number,
    length: number,
  ): number;
  /**
   * Appends a part of another segment to the message that was queued last; there are at most maxPieces, with
   * the first.
   */
  addPiece(segment: SgaSegment, offset: number, length: number): void;
  readonly maxPieces: number;
  readonly queuedHeaders: Int32Array;
  /**
   * Messages to this connection of the peer's that wait to be sent are not sent any more: they finish with an
   * error. Returns how many of them had a payload, and notes in `droppedCredits` how many had none.
   */
  drop(peer: number, connection: number): number;
  readonly droppedCredits: number;

  /** Posts and sends what is queued. */
  flush(): void;
  /** The same, and receives. Returns the number of messages received. */
  exchange(): number;

  /** What comes ends `wait`. */
  readonly wakes: boolean;
  /**
   * Sleeps until something has come, of a device that `wakes`, or the file of this descriptor is readable (-1: none),
   * for `timeoutMs` at most. Returns whether the file is readable.
   */
  wait(file: number, timeoutMs: number): boolean;

  /**
   * Nothing will come or go any more, since its provider did not return from a call, or lost a message; that it did,
   * as a sentence, or ''. It is to be closed.
   */
  readonly isLost: boolean;
  readonly loss: string;

  /** Looks, every so often, what memory has not been needed for a while, and gives some of it back. */
  giveBackIdle(): void;
  /** Everything that was counted, by name. */
  counters(): Record<string, number>;
  /** Buffers that somebody has are given back as before. What is called of it afterwards does nothing. */
  close(): void;
}
