/**
 * What stands in front of the payload of each message, six 32-bit words in the byte order of the machine:
 *
 *     0  connection   the receiver's number of it
 *     1  key          drawn by the receiver for this connection, so that what comes late belongs to nobody
 *     2  sequence     how many messages of both kinds the sender has sent on this connection before it
 *     3  limit        how many data messages the receiver of this one may send on this connection in all: cumulative,
 *                     so that a later one says all that an earlier one said
 *     4  kind, length kind in the upper 8 bits, bytes of payload in the lower 24
 *     5  credits      how many credit messages the sender has received on this connection
 *
 * Counts wrap around at 2^32 and are compared by their difference, as TCP compares sequence numbers (RFC
 * 9293, 3.4).
 */

export const HEADER_WORDS = 6;
export const HEADER_BYTES = HEADER_WORDS * 4;

export const CONNECTION = 0;
export const KEY = 1;
export const SEQUENCE = 2;
export const LIMIT = 3;
export const KIND_AND_LENGTH = 4;
export const CREDITS_RECEIVED = 5;

export const Kind = {
  Data: 1,
  /** Has no payload: it brings a new limit when no data message would. */
  Credit: 2,
} as const;

export const LENGTH_MASK = 0xff_ffff;
export const KIND_SHIFT = 24;
/** What the length field can say. */
export const MAX_PAYLOAD_BYTES = LENGTH_MASK;
