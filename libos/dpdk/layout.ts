/**
 * The area that a port of the glue shares with us: struct area of libos/native/port.h, whose assertions hold these
 * offsets. 32-bit words are counted in words, doubles in doubles, bytes in bytes.
 */
import { MAX_BURST, MAX_PIECES } from '../inet/device.ts';

/** Frames that may be queued for one exchange. */
export const MAX_QUEUED = 256;
/** Room in front of an empty frame: DPDK's RTE_PKTMBUF_HEADROOM. */
export const HEADROOM_BYTES = 128;

// Doubles.
export const NOW_US = 0;
export const COUNTERS = 1;
export const POOL_ADDRESS = 272 / 8;
export const POOL_BYTES = 280 / 8;

// Bytes.
export const MAC = 288;
export const RX_CHECKSUM = 1088;

// Words.
export const LINK_UP = 256 / 4;
export const PENDING = LINK_UP + 1;
export const MTU = LINK_UP + 2;
export const BUFFERS = LINK_UP + 3;
export const BUFFER_BYTES = 296 / 4;
export const HELD_BY_DEVICE = BUFFER_BYTES + 1;
export const QUEUED = 304 / 4;
export const FREE_COUNT = QUEUED + 1;
export const RX_BUFFER = 320 / 4;
export const RX_OFFSET = RX_BUFFER + MAX_BURST;
export const RX_LENGTH = RX_OFFSET + MAX_BURST;
/** Of each queued frame: buffer, offset, length, and where its pieces end. */
export const TX = 1152 / 4;
export const TX_WORDS = 4;
/** Of each piece: a double, its address, and a word, its length. */
export const PIECES = TX + MAX_QUEUED * TX_WORDS;
export const PIECE_WORDS = 4;
/** Of each buffer where it begins in the pool's memory; behind that the stack of free buffers. */
export const BASE_OF = PIECES + MAX_QUEUED * MAX_PIECES * PIECE_WORDS;
