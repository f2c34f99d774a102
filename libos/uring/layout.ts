/**
 * The memory that io_uring shares with its owner, in 32-bit words (linux/io_uring.h; the assertions of
 * libos/native/uring.c hold these numbers), and what the transport keeps in the 64 bits that come back with a
 * completion.
 */

/** Of a submission. */
export const SQE_WORDS = 16;
export const SQE_FD = 1;
/** Two words, as the address. */
export const SQE_OFFSET = 2;
export const SQE_ADDRESS = 4;
export const SQE_LENGTH = 6;
export const SQE_FLAGS = 7;
export const SQE_USER_DATA = 8;
export const SQE_BUFFER_GROUP = 10;

/** Of a completion: two words of user data, the result, flags. */
export const CQE_WORDS = 4;
export const CQE_RESULT = 2;
export const CQE_FLAGS = 3;

export const Opcode = {
  SendMessage: 9,
  ReceiveMessage: 10,
  Accept: 13,
  Cancel: 14,
  Connect: 16,
  Send: 26,
  Receive: 27,
  SendZeroCopy: 47,
  SendMessageZeroCopy: 48,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** IOSQE_BUFFER_SELECT: the kernel takes a buffer of the group. */
export const SELECT_BUFFER = 1 << 5;
export const ACCEPT_MULTISHOT = 1;
export const RECEIVE_MULTISHOT = 2;
/** The notification says whether the data was copied after all; Linux 6.2. */
export const REPORT_USAGE = 8;
/** All requests of a file. */
export const CANCEL_ALL_OF_FILE = 3;

/** What came lies in a buffer, whose number is in the upper 16 bits. */
export const HAS_BUFFER = 1;
/** The request goes on. */
export const GOES_ON = 2;
/** It tells that nobody reads the buffers of a send any more. */
export const IS_NOTIFICATION = 8;
export const BUFFER_SHIFT = 16;
/** Result of a notification: the data was copied. */
export const WAS_COPIED = 1 << 31;

/** IORING_SQ_CQ_OVERFLOW and IORING_SQ_TASKRUN. */
export const TURN_WANTED = 2 | 4;

/** struct io_uring_buf: address (two words), length, number and, in that of place 0, the tail of the ring. */
export const BUFFER_WORDS = 4;
export const BUFFER_BYTES = 16;
export const TAIL_HALFWORD = 7;

/** What uring_describe writes, in this order. */
export const Described = {
  Shared: 0,
  SharedBytes: 1,
  Sqes: 2,
  SqEntries: 3,
  SqHead: 4,
  SqFlags: 5,
  CqEntries: 6,
  CqHead: 7,
  CqTail: 8,
  Cqes: 9,
  Features: 10,
  Count: 11,
} as const;

/** struct io_uring_recvmsg_out, and the sockaddr_in behind it, stand in front of a datagram in its buffer. */
export const DATAGRAM_LEAD_BYTES = 16 + 16;
/** Of the sender's port in network order; its address is two bytes further on. */
export const SENDER_PORT = 16 + 2;

/** What a request is; with the number of its queue it is the first word of its user data. */
export const RequestKind = {
  Receive: 1,
  Accept: 2,
  Connect: 3,
  Send: 4,
  SendZeroCopy: 5,
  SendDatagram: 6,
  /** After an error about an earlier one. */
  SendDatagramAgain: 7,
  Cancel: 8,
} as const;
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

export const KIND_SHIFT = 24;
export const INDEX_MASK = (1 << KIND_SHIFT) - 1;
