/**
 * The one error class of the libOS. `code` is the contract: it is stable, whatever the message says.
 * Synchronous calls throw it; operations that fail later carry the code in their completion.
 */

export const errorCodes = {
  BAD_QUEUE: 'no open queue has this descriptor',
  BAD_TOKEN:
    'no pending or completed operation has this token; a token is consumed when its completion is handed out',
  INVALID_ARGUMENT: 'an argument is out of range',
  INVALID_STATE: 'the queue is not in a state that allows this call',
  NOT_SUPPORTED: 'the backend does not offer this',
  BACKEND_UNAVAILABLE: 'the backend cannot run on this machine',
  PERMISSION_DENIED: 'the operating system does not permit this',
  ADDRESS_IN_USE:
    'another socket is bound to this address and port; of a connect: every port of this end has a connection there',
  ADDRESS_NOT_AVAILABLE: 'no interface of this machine has this address',
  CONNECTION_REFUSED: 'nobody listens at this address and port',
  CONNECTION_RESET: 'the peer reset the connection, or it was written to after the peer had closed it',
  HOST_UNREACHABLE: 'there is no route to this address, or it does not answer',
  LINK_DOWN: 'the device has no link: no peer is there, or its process has ended',
  PROTOCOL_ERROR:
    'the peer does not speak the protocol of this backend (another program, provider or version), or broke its rules',
  TIMED_OUT: 'the peer did not answer in time',
  MESSAGE_TOO_LONG: 'the datagram is longer than the backend can send',
  CANCELLED: 'the queue was closed, or its sending half shut down, while the operation was pending',
  TOO_MANY_OPEN_FILES: 'the limit of open file descriptors is reached; raise it with ulimit -n',
  NO_BUFFERS:
    'there are no more buffers; free some, wait for pushes, or have more: the limit of the pool, over RDMA ' +
    'receive_memory_mb or a smaller buffer_bytes (each connection takes two receives)',
  NOT_OWNED: 'the buffers do not belong to the application at this moment: they were pushed or freed',
  DOUBLE_FREE: 'the buffers were freed before',
  USE_AFTER_PUSH: 'the buffers were changed between a push and its completion',
  USE_AFTER_FREE: 'a buffer was written to after it was freed',
  LEAK: 'buffers were never freed',
  SHUT_DOWN: 'the libOS was shut down',
  SYSTEM_ERROR: 'the operating system reported an error that the libOS has no code for',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export class LibosError extends Error {
  readonly code: ErrorCode;
  /** The queue descriptor that the call was about, or -1. */
  readonly qd: number;
  /** The call that failed: 'bind', 'push', ... */
  readonly operation: string;

  /**
   * @param detail what exactly is wrong, and the remedy; without it the code's general text stands.
   */
  constructor(code: ErrorCode, operation: string, qd = -1, detail: string = errorCodes[code]) {
    super(`${operation}${qd >= 0 ? ` on queue ${qd}` : ''}: ${detail} (${code})`);
    this.name = 'LibosError';
    this.code = code;
    this.qd = qd;
    this.operation = operation;
  }
}
