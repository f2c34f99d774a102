/**
 * The area that an endpoint of the glue shares with us: struct area of libos/native/fabric.h, whose
 * assertions hold these offsets. 32-bit words are counted in words, doubles in doubles, bytes in bytes.
 */
import { HEADER_WORDS } from './message.ts';

/** Messages that one exchange receives at most. */
export const MAX_BURST = 64;
/** Messages that may be queued for one exchange. */
export const MAX_QUEUED = 1024;
/** Sends that may be unfinished at a time. */
export const MAX_SENDS = 4096;

/** Flags of a queued message. */
export const SendFlag = {
  /** Finished when the peer has it, not when it has left. */
  Delivered: 1,
  /** Not to be sent any more. */
  Dropped: 2,
} as const;

// Doubles.
export const NOW_US = 0;
export const COUNTERS = 1;

// Words.
export const POSTED = 128 / 4;
export const FINISHED = POSTED + 1;
export const RX_LIMIT = POSTED + 2;
export const TX_LIMIT = POSTED + 3;
export const REGISTERS = POSTED + 5;
export const ADDRESS_LENGTH = POSTED + 6;
export const MAX_MESSAGE_BYTES = POSTED + 7;
export const QUEUED = 160 / 4;
export const TO_POST = QUEUED + 1;
export const MAX_PIECES = QUEUED + 2;
export const LOST = QUEUED + 3;
export const WAKES = QUEUED + 4;
export const RX_BUFFER = 192 / 4;
export const RX_LENGTH = RX_BUFFER + MAX_BURST;
export const RX_HEADER = RX_LENGTH + MAX_BURST;
export const FINISHED_SEND = RX_HEADER + MAX_BURST * HEADER_WORDS;
export const FINISHED_ERROR = FINISHED_SEND + MAX_SENDS;
/** Of each queued message: its pieces, their number, peer, send, flags; then its header. */
export const TX = FINISHED_ERROR + MAX_SENDS;
export const TX_WORDS = 24;
/** Of each piece: a double, its address; then length and slab. */
export const PIECE_WORDS = 4;
export const TX_PIECE_COUNT = 3 * PIECE_WORDS;
export const TX_PEER = TX_PIECE_COUNT + 1;
export const TX_SEND = TX_PIECE_COUNT + 2;
export const TX_FLAGS = TX_PIECE_COUNT + 3;
export const TX_HEADER = TX_PIECE_COUNT + 4;
const ADDRESS_WORD = TX + MAX_QUEUED * TX_WORDS;
export const ADDRESS_BYTES = 256;
export const POST = ADDRESS_WORD + ADDRESS_BYTES / 4;

// Bytes.
export const ADDRESS = ADDRESS_WORD * 4;
